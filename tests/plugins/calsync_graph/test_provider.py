"""Opening calendars, checks, and what the plugin says about itself."""

from __future__ import annotations

import asyncio
import json
import random
from importlib import resources
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

import calsync_graph
from calsync.errors import AccountError, LoginError, Retry, UnknownAddress
from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Host, SystemClock
from calsync.testing import MemoryCalendar
from calsync_graph.calendar import GraphCalendar
from calsync_sandbox.faults import Fault
from calsync_sandbox.graph.errors import access_policy, mailbox_not_enabled
from calsync_sandbox.graph.trouble import refused

if TYPE_CHECKING:
    from calsync.sync.model import Draft
    from calsync_graph.provider import GraphProvider
    from calsync_sandbox.authority import AuthorityServer
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.graph.errors import GraphError
    from calsync_sandbox.mailbox import Mailbox


def wanted(mailbox: str = "anna@example.de", **more: str) -> CalendarRequest:
    return CalendarRequest(
        account="anna", settings={"mailbox": mailbox, **more}, timezone=ZoneInfo("Europe/Berlin")
    )


@pytest.mark.usefixtures("mailbox")
async def test_aliases_of_one_mailbox_are_one_calendar(provider: GraphProvider) -> None:
    keys = {(await provider.open(wanted(name))).key for name in ("anna@example.de", "Anna.Alt@example.de")}
    assert len(keys) == 1


async def test_a_mailbox_with_another_address_is_the_same_calendar(
    provider: GraphProvider, server: GraphServer, mailbox: Mailbox
) -> None:
    before = await provider.open(wanted())
    server.readdress(mailbox, "anna.neu@example.de")
    with pytest.raises(AccountError, match="no active mailbox"):
        await provider.open(wanted())
    assert (await provider.open(wanted("anna.neu@example.de"))).key == before.key


async def test_a_calendar_is_found_by_name_and_by_id(provider: GraphProvider, mailbox: Mailbox) -> None:
    office = mailbox.add_calendar("Büro")
    by_name, by_id = [await provider.open(wanted(calendar=name)) for name in ("büro", office)]
    primary = await provider.open(wanted())
    assert by_name.key == by_id.key == office
    named = await provider.open(wanted(calendar=primary.key))
    assert named.key == primary.key


async def test_a_named_calendar_is_the_one_that_is_written(
    provider: GraphProvider, mailbox: Mailbox, draft: Draft
) -> None:
    office = mailbox.add_calendar("Büro")
    written = await (await provider.open(wanted(calendar="Büro"))).create(draft, "v1:m")
    assert mailbox.store.homes[written.id] == office


async def test_a_calendar_that_is_not_there_or_not_one_is_refused(
    provider: GraphProvider, mailbox: Mailbox
) -> None:
    for _ in range(2):
        mailbox.add_calendar("Doppelt")
    for name, problem in (("Keiner", "no calendar"), ("Doppelt", "more than one")):
        with pytest.raises(AccountError, match=problem) as refused:
            await provider.open(wanted(calendar=name))
        assert str(refused.value).startswith("account anna: ")


async def test_somebody_elses_calendar_is_opened_in_the_owners_mailbox_alone(
    provider: GraphProvider, mailbox: Mailbox
) -> None:
    """In each mailbox it has another id, so two accounts could sync one calendar, and copy each other's copies."""
    shared = mailbox.add_calendar("Vertrieb", owner="vertrieb@example.de")
    own = mailbox.add_calendar("Büro", owner="ANNA@example.de")
    for name in (shared, "Vertrieb"):
        with pytest.raises(AccountError, match="belongs to another mailbox: name that one") as refused:
            await provider.open(wanted(calendar=name))
        assert "vertrieb@" not in str(refused.value)
    assert (await provider.open(wanted(calendar=own))).key == own


async def test_an_unknown_mailbox_is_refused_without_naming_it(provider: GraphProvider) -> None:
    with pytest.raises(UnknownAddress, match="no active mailbox") as refused:
        await provider.open(wanted("bert@example.de"))
    assert "account anna" in str(refused.value)
    assert "bert" not in str(refused.value)


async def test_a_mailbox_without_a_licence_or_on_premises_is_refused(
    provider: GraphProvider, mailbox: Mailbox
) -> None:
    mailbox.refusal = mailbox_not_enabled()
    with pytest.raises(AccountError, match="own Exchange Server"):
        await provider.open(wanted())


async def test_a_mailbox_outside_the_access_policy_is_refused(provider: GraphProvider, mailbox: Mailbox) -> None:
    mailbox.refusal = access_policy()
    with pytest.raises(AccountError, match=r"Calendars\.ReadWrite") as denied:
        await provider.open(wanted())
    assert not isinstance(denied.value, UnknownAddress)


async def test_a_calendar_that_can_only_be_read_is_found_by_the_check(
    provider: GraphProvider, mailbox: Mailbox
) -> None:
    (finding,) = await provider.check_calendar(await provider.open(wanted()))
    assert (finding.severity, "not proven" in finding.message) == ("warning", True)
    mailbox.can_edit = False
    calendar = await provider.open(wanted())
    (finding,) = await provider.check_calendar(calendar)
    assert finding.severity == "error"


async def test_a_calendar_that_can_only_be_read_refuses_writes(
    provider: GraphProvider, mailbox: Mailbox, draft: Draft
) -> None:
    mailbox.can_edit = False
    calendar = await provider.open(wanted())
    with pytest.raises(AccountError, match="denies"):
        await calendar.create(draft, "v1:m")


async def test_signing_in_is_checked(provider: GraphProvider, authority: AuthorityServer) -> None:
    await provider.login()
    signed_in, _ = await provider.check()
    assert signed_in.severity == "ok"
    assert len(authority.sent("POST")) == 1


@pytest.mark.parametrize(
    ("refusal", "severity", "told"),
    [
        (None, "warning", "can be read: consent alone opens every mailbox"),
        (access_policy(), "ok", "cannot be read"),
        (mailbox_not_enabled(), "warning", "proves nothing"),
    ],
)
async def test_the_check_tries_a_mailbox_outside_the_scope(
    connection: dict[str, Any], server: GraphServer, refusal: GraphError | None, severity: str, told: str
) -> None:
    server.add_mailbox("chef@example.de").refusal = refusal
    time = SystemClock()
    host = Host(connection="m365", clock=time, random=random.Random(1), http=HttpFactory(time))
    options = {**connection, "mailbox_outside_scope": "chef@example.de"}
    provider = calsync_graph.PROVIDER.open(vol.Schema(calsync_graph.PROVIDER.connection_schema)(options), host)
    await provider.login()
    signed_in, scope = await provider.check()
    await provider.close()
    assert (signed_in.severity, scope.severity) == ("ok", severity)
    assert told in scope.message
    assert "chef" not in scope.message


async def test_the_check_warns_of_an_application_that_nobody_has_proven_to_be_scoped(
    provider: GraphProvider,
) -> None:
    await provider.login()
    _, scope = await provider.check()
    assert scope.severity == "warning"
    assert "not proven" in scope.message
    assert "mailbox_outside_scope" in scope.message


async def test_a_wrong_secret_is_a_login_problem(provider: GraphProvider, authority: AuthorityServer) -> None:
    authority.register(
        "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000", secret="new"
    )
    with pytest.raises(LoginError, match="connection m365"):
        await provider.login()


async def test_a_server_that_is_away_is_asked_again_later(provider: GraphProvider, server: GraphServer) -> None:
    await server.stop()
    with pytest.raises(Retry, match="cannot reach"):
        await provider.open(wanted())


async def test_an_expired_token_is_replaced_on_the_way(
    provider: GraphProvider, mailbox: Mailbox, authority: AuthorityServer
) -> None:
    calendar = await provider.open(wanted())
    authority.tokens.revoke()
    assert await calendar.read([mailbox.address]) == {}
    assert len(authority.sent("POST")) == 2


async def test_no_more_requests_at_once_than_configured(
    provider: GraphProvider, mailbox: Mailbox, server: GraphServer, draft: Draft
) -> None:
    calendar = await provider.open(wanted())
    held = asyncio.Event()
    server.faults.add(Fault(method="POST", times=None, status=None, hold=held))
    creates = asyncio.gather(*(calendar.create(draft, f"v1:{number}") for number in range(20)))
    while server.peak < 3:  # noqa: ASYNC110 - the server counts, and has no event for it
        await asyncio.sleep(0)
    held.set()
    await creates
    assert len(mailbox.events) == 20
    assert server.peak == 3


async def test_a_calendar_says_what_it_can(provider: GraphProvider, mailbox: Mailbox) -> None:
    del mailbox
    calendar = await provider.open(wanted())
    assert isinstance(calendar, GraphCalendar)
    can = calendar.capabilities
    assert (can.marker, can.writes_may_mail, can.writes_reminder, can.trusted_times) == (True, True, True, False)


def test_the_manifest_tells_what_the_hooks_answer() -> None:
    manifest: dict[str, Any] = json.loads(resources.files(calsync_graph).joinpath("manifest.json").read_text())
    names = [spec.name for spec in calsync_graph.calsync_providers()]
    assert manifest["provides"] == {"providers": names, "rules": [], "commands": []}
    assert manifest["domain"] == "graph"


@pytest.mark.parametrize(("heeded", "severity"), [(True, "ok"), (False, "warning")])
async def test_a_trial_proves_whether_the_version_of_a_write_is_heeded(
    provider: GraphProvider, server: GraphServer, mailbox: Mailbox, heeded: bool, severity: str
) -> None:
    server.switches.if_match = heeded
    for _ in range(2):  # an id that was used before would give the event of the first trial
        calendar = await provider.open(wanted())
        (tried,) = await provider.try_writes(calendar)
        (told,) = await provider.check_calendar(calendar)
        assert (tried.severity, told.severity) == ("ok", severity)
        assert "not proven" not in told.message
        assert mailbox.events == {}


async def test_a_trial_that_fails_proves_nothing(
    provider: GraphProvider, server: GraphServer, mailbox: Mailbox
) -> None:
    calendar = await provider.open(wanted())
    server.faults.add(refused(403, "ErrorAccessDenied", method="POST"))
    (tried,) = await provider.try_writes(calendar)
    assert (tried.severity, "no event can be created" in tried.message) == ("error", True)
    server.faults.add(refused(400, "ErrorInvalidProperty", method="PATCH"))
    server.faults.add(refused(400, "ErrorInvalidRequest", method="DELETE"))
    tried, left = await provider.try_writes(calendar)
    assert (tried.severity, left.severity, "2000-01-01" in left.message) == ("error", "error", True)
    assert [one.severity for one in await provider.check_calendar(calendar)] == ["warning"]
    assert len(mailbox.events) == 1


async def test_a_calendar_of_another_provider_is_not_tried(provider: GraphProvider) -> None:
    assert await provider.try_writes(MemoryCalendar("other")) == ()


async def test_the_own_calendars_of_a_mailbox_can_be_picked(
    provider: GraphProvider, server: GraphServer, mailbox: Mailbox
) -> None:
    office = mailbox.add_calendar("Büro")
    listed = await provider.calendars({"mailbox": "anna@example.de"})
    assert [(one.name, one.main, one.writable) for one in listed] == [
        (mailbox.store.calendars[mailbox.store.primary], True, True),
        ("Büro", False, True),
    ]
    assert listed[1].id == office
    with pytest.raises(AccountError, match="no active mailbox"):
        await provider.calendars({"mailbox": "nobody@example.de"})
    assert not await provider.is_own({"mailbox": "anna@example.de"})  # an application has none


def test_a_form_asks_for_what_there_is() -> None:
    asked = {field.key for field in calsync_graph.PROVIDER.form}
    assert asked <= {str(key) for key in calsync_graph.PROVIDER.connection_schema}
