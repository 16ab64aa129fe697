"""The section `web`: the pages, and who gets in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from calsync.config.model import MicrosoftSignIn, SelfService, Web
from calsync.config.schema import WEB
from calsync.options import suggestion

if TYPE_CHECKING:
    from collections.abc import Collection

    from calsync.config.checker import Checker


def web_of(checker: Checker) -> Web | None:
    """Return the section; None where there is none, and after telling what is wrong with it."""
    value = checker.document.values.get("web")
    if not isinstance(value, Mapping):
        return None  # of another shape it was told with the whole
    checked = checker.check(WEB, value, ("web",))
    if checked is None:
        return None
    sign_in, self_service = checked.pop("sign_in", None), checked.pop("self_service", None)
    return Web(
        sign_in=None if sign_in is None else MicrosoftSignIn(**sign_in),
        self_service=None if self_service is None else _self_service(checker, self_service),
        **checked,
    )


def _self_service(checker: Checker, checked: Mapping[str, Any]) -> SelfService:
    known = checker.document.values.get("connections")
    names = list(known) if isinstance(known, Mapping) else []
    for side in ("left", "right"):
        _expect_known(checker, side, checked[side]["connection"], names)
    return SelfService(left=checked["left"]["connection"], right=checked["right"]["connection"])


def _expect_known(checker: Checker, side: str, name: str, names: Collection[str]) -> None:
    if name not in names:
        known = ", ".join(sorted(names)) or "none"
        text = f"there is no connection {name!r}{suggestion(name, names)}; connections are: {known}"
        checker.tell(("web", "self_service", side, "connection"), text)
