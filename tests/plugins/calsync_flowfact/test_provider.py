from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError, ConfigError, LoginError, Retry, TokenLost
from calsync.ports import CalendarRequest, ReadOnly
from calsync.testing.contract.case import listen
from calsync.values import replace
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_flowfact.conftest import BERLIN, MAPPED, WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Calendar, Provider

MAPPED_FIELDS = {key: {"field": name} for key, name in MAPPED.items()}


async def test_login_sends_six_requests_and_writes_nothing(loopback: Any) -> None:
    await loopback.provider.login()
    assert [(one.method, one.path) for one in loopback.server.requests] == [
        ("GET", "/admin-token-service/public/adminUser/authenticate"),
        ("GET", "/user-service/users/currentUser"),
        ("GET", "/schema-service/v2/schemas/appointments"),
        ("GET", "/user-service/users"),
        ("POST", "/search-service/schemas/appointments"),
        ("GET", "/nylas-service/config"),
    ]
    loopback.server.clear()
    await loopback.calendar()
    assert loopback.server.requests == []


async def test_people_are_all_users_but_those_of_machines(loopback: Any) -> None:
    add = loopback.server.add_user
    add("export@example.de", first="Ex", last="Port", kind="EXPORTER")
    ina = add("ina@example.de", first="Ina", last="Ehemalig", active=False)
    names = {"business": "Kai@Example.de", "alias": "kai@example.de"}
    kai = add("kai.login@example.de", first="Kai", last="Kollege", **names)
    await loopback.provider.login()
    people = {one.id: one for one in await loopback.provider.people()}
    assert {one["id"] for one in (ina, kai)} <= people.keys()
    assert (people[ina["id"]].active, people[kai["id"]].active) == (False, True)
    assert people[kai["id"]].addresses == ("Kai@Example.de", "kai.login@example.de", "kai@example.de")
    assert not any(
        "api@" in address or "export@" in address for one in people.values() for address in one.addresses
    )


async def test_a_wrong_token_is_a_login_error_without_the_token(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    with pytest.raises(LoginError, match=r"connection flowfact: .*API-Zugänge") as caught:
        await providers(api_token="falsch-4711").login()
    assert "4711" not in str(caught.value)


async def test_an_unreachable_server_is_a_retry(loopback: Any, providers: Callable[..., Provider]) -> None:
    await loopback.server.stop()
    with pytest.raises(Retry, match="flowfact: cannot reach"):
        await providers().login()


async def test_every_field_that_does_not_fit_is_named_at_once(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    fields = {
        "summary": {"field": "subjekt"},
        "all_day": {"field": "start_date"},
        "start": {"field": "zzz"},
        "owner": {"field": "isFullDayAppointment"},
        "marker": {"field": "calsync_marker"},
    }
    with pytest.raises(ConfigError) as caught:
        await providers(fields=fields).login()
    place, wrong = "connection flowfact: fields.{}: the schema appointments ", "has a field {!r} of type {}, which"
    assert caught.value.problems == (
        place.format("summary") + "has no field 'subjekt'; did you mean 'subject'?",
        place.format("start") + "has no field 'zzz'",
        place.format("all_day")
        + wrong.format("start_date", "DATE")
        + " the codec bool does not fit (it is for CHECKBOX)",
        place.format("owner")
        + wrong.format("isFullDayAppointment", "CHECKBOX")
        + " the codec user_id does not fit (it is for LIST, SCHEMA, TEXT, USER)",
    )


@pytest.mark.parametrize("options", [{"schema": "nichts"}, {"schema": "appointment_schemas"}])
async def test_a_schema_that_does_not_exist(
    loopback: Any, providers: Callable[..., Provider], options: dict[str, str]
) -> None:
    with pytest.raises(ConfigError, match=f"no schema '{options['schema']}'"):
        await providers(**options).login()


async def test_properties_of_unknown_shape_do_not_fit(loopback: Any) -> None:
    loopback.server.schemas["appointments"]["properties"]["subject"] = None
    with pytest.raises(ConfigError, match=r"fields\.summary"):
        await loopback.provider.login()


@pytest.mark.parametrize("address", ["anna@example.de", "ANNA@EXAMPLE.DE", "A.Muster@example.de"])
async def test_users_are_found_by_any_address_in_any_case(loopback: Any, address: str) -> None:
    await loopback.provider.login()
    assert (await loopback.calendar(user=address)).key == loopback.anna["id"]


async def test_users_that_cannot_be_an_account(loopback: Any) -> None:
    loopback.server.add_user("alt@example.de", first="Alt", last="Weg", active=False)
    loopback.server.add_user("carl@example.de", first="Carl", last="C", alias="team@example.de")
    loopback.server.add_user("dora@example.de", first="Dora", last="D", alias="team@example.de")
    await loopback.provider.login()
    for side, words in (
        ({"user": "niemand@example.de"}, "account anna: FLOWFACT has no user"),
        ({"user_id": "u-0"}, "account anna: FLOWFACT has no user"),
        ({"user": "alt@example.de"}, "not active"),
        ({"user": "team@example.de"}, "several FLOWFACT users"),
        ({"other": "x"}, "`user` .* or `user_id`"),
    ):
        with pytest.raises(AccountError, match=words) as caught:
            await loopback.calendar(**side)
        assert "@" not in str(caught.value)


def stored(loopback: Any, count: int, *, by_us: bool = False) -> None:
    """Let appointments of Anna's be there."""
    start = round(loopback.clock.now().timestamp() * 1000)
    for number in range(count):
        times = {"start_date": start, "end_date": start + 3_600_000}
        fields = {"subject": f"Termin {number}", "assignee": [loopback.anna["id"]], **times}
        user = loopback.server.api_user if by_us else loopback.anna
        loopback.server.create("appointments", fields, user=user)


async def test_a_tenant_without_appointments_proves_no_mapping(loopback: Any) -> None:
    await loopback.provider.login()
    (warning,) = [one.message for one in await loopback.provider.check() if one.severity == "warning"]
    assert "no appointment that the mapping could be held against" in warning


async def test_check(loopback: Any, providers: Callable[..., Provider]) -> None:
    stored(loopback, 1)
    await loopback.provider.login()
    findings = await loopback.provider.check()
    assert [finding.severity for finding in findings] == ["ok", "ok", "ok"]
    assert "not probed yet" in findings[2].message
    assert "Musterhaus Immobilien GmbH with a user of type API" in findings[0].message
    assert "summary = subject (text)" in findings[1].message
    bare = providers(fields={"marker": {"field": None}})
    await bare.login()
    loopback.server.faults.add(Fault(path="company", status=403, times=None))
    findings = await bare.check()
    assert [finding.severity for finding in findings] == ["ok", "ok", "ok", *["warning"] * 4]
    assert "no field is mapped to marker: a create whose answer is lost" in findings[3].message


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"sorts": "ignore"}, "does not put what was created or modified last in front"),
        ({"missing_first": True}, "does not put what was created or modified last in front"),
        ({"missing_first": True, "last_modified_on_create": True}, None),
        ({"ignores_offset": True}, "does not begin where it is asked to"),
        ({"metadata_filter": "400"}, None),
    ],
)
@pytest.mark.parametrize("count", [3, 60])
async def test_a_check_tells_where_the_search_does_not_do_what_reading_relies_on(
    loopback: Any, switches: dict[str, Any], words: str | None, count: int
) -> None:
    for name, value in switches.items():
        setattr(loopback.server.switches, name, value)
    stored(loopback, count)
    first, *_ = loopback.server.entities
    loopback.server.patch(first, {"subject": "Verlegt"}, user=loopback.anna)
    await loopback.provider.login()
    errors = [one.message for one in await loopback.provider.check() if one.severity == "error"]
    assert len(errors) == (0 if words is None else 1)
    assert all(words in one for one in errors if words)


async def test_a_tenant_that_does_not_sort_is_read_in_full_from_the_start(loopback: Any) -> None:
    loopback.server.switches.sorts = "ignore"
    stored(loopback, 3)
    await loopback.provider.login()
    calendar = await loopback.calendar()
    token = [page.token async for page in calendar.changes(None, WINDOW)][-1]
    with pytest.raises(TokenLost):
        [page async for page in calendar.changes(token, WINDOW)]


@pytest.mark.parametrize("status", [403, 404, 400])
async def test_a_trash_that_may_not_be_seen_is_told(loopback: Any, status: int) -> None:
    loopback.server.faults.add(Fault(path="/recovery/", status=status, times=None))
    stored(loopback, 1)
    await loopback.provider.login()
    (warning,) = [one.message for one in await loopback.provider.check() if one.severity == "warning"]
    assert warning.startswith("connection flowfact: FLOWFACT's trash may not be seen by the API user; ")
    assert "when two runs have looked for it in vain" in warning


async def checked(loopback: Any, appointments: int, *, by_us: bool = False) -> list[tuple[str, str]]:
    """Return severity and message of what a check finds about Anna's calendar, without the first finding."""
    stored(loopback, appointments, by_us=by_us)
    await loopback.provider.login()
    calendar: Calendar = await loopback.calendar()
    loopback.server.clear()
    first, *others = await loopback.provider.check_calendar(calendar)
    assert (first.severity, f": the user has {appointments} appointments" in first.message) == ("ok", True)
    reads = ("/search-service/", "/hasaccess/", "/authenticate")
    assert all(any(part in one.path for part in reads) for one in loopback.server.requests)
    return [(one.severity, one.message.removeprefix("connection flowfact: ")) for one in others]


UNTOLD = "FLOWFACT does not tell whether the API user may {} appointments of this user; check its rights, "


async def test_what_the_api_user_may_do(loopback: Any) -> None:
    granted, untold = await checked(loopback, 5)
    assert granted == ("ok", "the API user may change and delete the user's appointments")
    assert untold[0] == "warning"
    assert untold[1].startswith(UNTOLD.format("create"))
    assert len(loopback.server.requests) == 3


async def test_who_has_created_appointments_may_create_them(loopback: Any) -> None:
    assert [severity for severity, _ in await checked(loopback, 1, by_us=True)] == ["ok"]


async def test_an_api_user_who_can_only_read_is_an_obstacle(loopback: Any) -> None:
    loopback.server.switches.rights = frozenset({"trash"})
    change, delete = await checked(loopback, 5)
    assert (change[0], delete[0]) == ("error", "warning")
    assert change[1].startswith(
        "the API user may change none of 5 appointments of this user that were asked about; "
    )
    assert delete[1].startswith("the API user may delete none of 5 appointments")


async def test_two_appointments_that_may_not_be_changed_may_be_exceptions(loopback: Any) -> None:
    loopback.server.switches.rights = frozenset({"create", "DELETE"})
    (severity, message), *_ = await checked(loopback, 2)
    assert (severity, "none of 2" in message) == ("warning", True)


async def test_some_appointments_may_be_protected(loopback: Any) -> None:
    answer = b'[{"hasAccess": true}, {"hasAccess": false}, {"hasAccess": true}]'
    loopback.server.faults.add(Fault(path="/hasaccess/UPDATE", status=200, body=answer))
    (severity, message), *_ = await checked(loopback, 3)
    assert (severity, "only 2 of 3 appointments" in message) == ("warning", True)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'[{"hasAccess": "no"}, 5]', None])
async def test_rights_that_are_not_told_are_a_warning(loopback: Any, body: bytes | None) -> None:
    answer: dict[str, Any] = {"status": 403} if body is None else {"status": 200, "body": body}
    loopback.server.faults.add(Fault(path="/hasaccess/", times=None, **answer))
    ((severity, message),) = await checked(loopback, 5)
    assert severity == "warning"
    assert message.startswith(UNTOLD.format("change or delete or create"))


async def test_without_appointments_nothing_can_be_asked(loopback: Any) -> None:
    ((severity, message),) = await checked(loopback, 0)
    assert (severity, message.startswith(UNTOLD.format("change or delete or create"))) == ("warning", True)
    assert len(loopback.server.requests) == 1


async def test_appointments_of_a_user_that_cannot_be_read_are_told(loopback: Any) -> None:
    stored(loopback, 4)
    loopback.server.create("appointments", {"assignee": [loopback.anna["id"]]}, user=loopback.anna)
    await loopback.provider.login()
    warnings = [
        one.message
        for one in await loopback.provider.check_calendar(await loopback.calendar())
        if one.severity == "warning"
    ]
    assert warnings[0].startswith(
        "connection flowfact: 1 of the newest 5 have no start or no end that can be read"
    )


async def test_only_a_calendar_of_this_provider_is_checked(loopback: Any) -> None:
    await loopback.provider.login()
    other: Any = ReadOnly(await loopback.calendar())
    assert await loopback.provider.check_calendar(other) == ()


async def test_what_was_read_for_one_calendar_is_read_once_more_where_another_ones_rules_need_it(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    """The tenant is read once for all of a poll: what is in its log then lacks what nobody needed before."""
    location = {"location": {"field": "location_description"}}
    provider = providers(fields=MAPPED_FIELDS | location, poll_seconds=60)
    await provider.login()
    anna, ben = [
        CalendarRequest(account=name, settings={"user": f"{name}@example.de"}, timezone=BERLIN)
        for name in ("anna", "ben")
    ]
    plain = await provider.open(anna)
    first = await listen(plain)
    times = {"start_date": 1_773_133_200_000, "end_date": 1_773_136_800_000}
    loopback.server.create(
        "appointments",
        {"subject": "Notar", "assignee": [loopback.anna["id"]], "location_description": "Kanzlei", **times},
        user=loopback.anna,
    )
    loopback.clock.advance(120)
    told = await listen(plain, first.token)
    assert [seen.event.location for seen in told.observations.values()] == [""]
    needing = await provider.open(replace(anna, needs=frozenset({"location"})))
    await provider.open(ben)
    told = await listen(needing, first.token)
    assert [seen.event.location for seen in told.observations.values()] == ["Kanzlei"]
    assert (await listen(needing, told.token)).observations == {}
