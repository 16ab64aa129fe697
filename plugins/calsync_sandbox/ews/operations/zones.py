"""GetServerTimeZones: which Windows zones the server knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tzlocal.windows_tz import win_tz

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.names import Element, m, parts, t

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call


def get_server_time_zones(call: Call) -> Element:
    """Answer those of the named zones that are known, or all. Their rules are those of standard time only."""
    asked = [one.text or "" for one in parts(call.operation, "Ids")]
    full = call.operation.get("ReturnFullTimeZoneData") in {"true", "1"}

    def known(_: Element) -> list[Element]:
        names = [name for name in (asked or win_tz) if name in win_tz and name not in call.switches.unknown_zones]
        return [m("TimeZoneDefinitions", *(_definition(name, full=full) for name in names))]

    return each(call, [call.operation], known)


def _definition(name: str, *, full: bool) -> Element:
    definition = t("TimeZoneDefinition", Id=name, Name=name)
    if full:
        period = t("Period", Id="trule:Standard", Name="Standard", Bias="-PT1H")
        to_group = t("To", text="0", Kind="Group")
        to_period = t("To", text="trule:Standard", Kind="Period")
        definition.append(t("Periods", period))
        definition.append(t("TransitionsGroups", t("TransitionsGroup", t("Transition", to_period), Id="0")))
        definition.append(t("Transitions", t("Transition", to_group)))
    return definition
