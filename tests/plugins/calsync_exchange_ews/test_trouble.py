"""The provider and a whole server: lost answers, all forms of throttling, rights, and events that move."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError, CalsyncError, LoginError, Retry, TokenLost, UnknownOutcome
from calsync.ports import Gone, Here
from calsync.testing.contract.case import DRAFT, EVENT, MARKER, listen, observed
from calsync.values import replace
from calsync_sandbox.ews import Trouble, User, trouble
from calsync_sandbox.ews.ids import item_id, read_item_id
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_exchange_ews.test_contract import ADDRESS, ExchangeUnderTest, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync_sandbox.ews import EwsServer

SHORT = 50
"""Milliseconds."""


@pytest.fixture
async def under_test() -> AsyncIterator[ExchangeUnderTest]:
    async with opened({"auth": "ntlm"}, {}, tls=True) as it:
        yield it


@pytest.fixture
def server(under_test: ExchangeUnderTest) -> EwsServer:
    return under_test.server


@pytest.mark.parametrize(
    "busy",
    [
        trouble.busy_fault(SHORT),
        trouble.busy_items(SHORT),
        trouble.inner_busy(SHORT),
        trouble.unavailable(None),
        trouble.unavailable(0),
        trouble.error_page(),
        trouble.application_error(),
        trouble.closing(),
    ],
)
async def test_a_busy_server_makes_no_second_event(
    under_test: ExchangeUnderTest, server: EwsServer, busy: Fault | Trouble
) -> None:
    calendar = under_test.calendar
    if isinstance(busy, Trouble):
        server.state.troubles.add(busy)
    else:
        server.faults.add(replace(busy, path=r"/CreateItem$"))
    try:
        await calendar.create(DRAFT, MARKER)
    except Retry:
        await calendar.create(DRAFT, MARKER)
    except UnknownOutcome:
        assert await calendar.find_marker(MARKER) == []
        await calendar.create(DRAFT, MARKER)
    assert len(await calendar.find_marker(MARKER)) == 1
    assert under_test.mails() == 0


async def test_answers_that_are_lost_are_found_out(under_test: ExchangeUnderTest, server: EwsServer) -> None:
    calendar = under_test.calendar
    lost = Fault(drop=True, after_commit=True)
    server.faults.add(replace(lost, path=r"/CreateItem$"))
    with pytest.raises(UnknownOutcome):
        await calendar.create(DRAFT, MARKER)
    (found,) = await calendar.find_marker(MARKER)
    await calendar.update(found, {"summary": "Erst"}, "")  # the first one finds out whether versions are heeded
    found = await observed(calendar, found.id)
    server.faults.add(replace(lost, path=r"/UpdateItem$"))
    with pytest.raises(UnknownOutcome):
        await calendar.update(found, {"summary": "Neu"}, "")
    seen = await observed(calendar, found.id)
    assert seen.event.summary == "Neu"
    server.faults.add(replace(lost, path=r"/DeleteItem$"))
    with pytest.raises(UnknownOutcome):
        await calendar.delete(seen)
    assert isinstance(await calendar.locate(found.id), Gone)
    await calendar.delete(seen)


async def test_a_server_that_forgets_its_sign_ins_is_signed_in_to_again(
    under_test: ExchangeUnderTest, server: EwsServer
) -> None:
    for _ in range(3):
        server.forget_sign_ins()
        written = await under_test.calendar.create(DRAFT, MARKER)
        server.forget_sign_ins()
        await under_test.calendar.delete(await observed(under_test.calendar, written.id))
    assert (await listen(under_test.calendar)).observations == {}


async def test_a_key_that_moves_by_itself_is_no_edit(under_test: ExchangeUnderTest, server: EwsServer) -> None:
    server.switches.key_moves_after_create = True
    written = await under_test.calendar.create(DRAFT, MARKER)
    seen = replace(await observed(under_test.calendar, written.id), revision=written.revision)
    await under_test.calendar.update(seen, {"summary": "Neu"}, "")
    assert (await observed(under_test.calendar, written.id)).event.summary == "Neu"


async def test_a_calendar_that_is_gone_is_not_an_empty_one(
    under_test: ExchangeUnderTest, server: EwsServer
) -> None:
    event_id = await under_test.user_create(EVENT)
    token = (await listen(under_test.calendar)).token
    server.switches.folder_gone = True
    for known in (None, token):
        with pytest.raises(AccountError):
            await listen(under_test.calendar, known)
    assert not isinstance(await under_test.calendar.locate(event_id), Gone)


async def test_an_empty_answer_proves_nothing(under_test: ExchangeUnderTest, server: EwsServer) -> None:
    event_id = await under_test.user_create(EVENT)
    server.switches.empty_list = True
    assert (await listen(under_test.calendar)).observations == {}
    assert isinstance(await under_test.calendar.locate(event_id), Here)


async def test_lost_states_are_told_in_every_form(under_test: ExchangeUnderTest, server: EwsServer) -> None:
    token = (await listen(under_test.calendar)).token
    for lost in ("garbage", token[:-4]):
        with pytest.raises(TokenLost):
            await listen(under_test.calendar, lost)
    server.forget_sync_states()
    with pytest.raises(TokenLost):
        await listen(under_test.calendar, token)


async def test_a_restored_event_has_a_new_id_and_its_old_uid(under_test: ExchangeUnderTest) -> None:
    calendar, mailbox = under_test.calendar, under_test.mailbox
    event_id = await under_test.user_create(EVENT)
    told = await listen(calendar)
    await under_test.user_delete(event_id)
    mailbox.restore(read_item_id(event_id).event_id)
    again = await listen(calendar, told.token)
    assert again.removed == {event_id}
    (new,) = again.observations.values()
    assert new.id == item_id(mailbox, read_item_id(event_id).event_id) != event_id
    assert new.event.uid == told.observations[event_id].event.uid
    assert isinstance(await calendar.locate(event_id), Gone)
    assert isinstance(await calendar.locate(new.id), Here)


async def test_no_log_and_no_error_shows_what_is_a_customer_s(
    under_test: ExchangeUnderTest, server: EwsServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    calendar, said = under_test.calendar, []
    server.forget_sign_ins()
    codes = [
        "SchemaValidation",
        "ItemCorrupt",
        "NobodyKnows",
        "AccessDenied",
        "NonExistentMailbox",
        "TimeoutExpired",
    ]
    for whole in (True, False):
        for code in codes:
            server.state.troubles.add(Trouble(code=f"Error{code}", operation="CreateItem", whole=whole))
            with pytest.raises(CalsyncError) as error:
                await calendar.create(DRAFT, MARKER)
            said.append(str(error.value))
            server.state.troubles.add(Trouble(code=f"Error{code}", operation="GetItem", whole=whole))
            with suppress(Retry):
                await calendar.locate(await under_test.user_create(EVENT))
    told = caplog.text + "".join(said)
    assert "SchemaValidation" in told
    assert [record for record in caplog.records if record.name.startswith("spnego")] == []
    secrets = [DRAFT.summary, EVENT.summary, ADDRESS, "made-up", MARKER, *DRAFT.description.split("\n")]
    assert [one for one in secrets if one in told] == []


@pytest.mark.parametrize("zone", ["Customized Time Zone", "tzone://Microsoft/Custom", ""])
async def test_odd_zones(under_test: ExchangeUnderTest, zone: str) -> None:
    mailbox = under_test.mailbox
    event_id = await under_test.user_create(EVENT)
    mailbox.events[read_item_id(event_id).event_id] |= {"originalStartTimeZone": zone, "originalEndTimeZone": zone}
    seen = await observed(under_test.calendar, event_id)
    assert seen.event.when == EVENT.when
    await under_test.calendar.update(seen, {"when": DRAFT.when, "summary": "Neu"}, "")
    assert (await observed(under_test.calendar, event_id)).event.when == DRAFT.when


@asynccontextmanager
async def opened_by(user: User, **options: Any) -> AsyncIterator[ExchangeUnderTest]:
    keys = {"auth": "basic", "username": user.login, "password": user.password, **options}
    async with opened(keys, {}, users=[user]) as it:
        yield it


async def test_a_service_account_may_impersonate() -> None:
    async with opened_by(User("EX\\calsync", "made-up", impersonates=True), impersonate=True) as it:
        await it.calendar.create(DRAFT, MARKER)
        assert len((await listen(it.calendar)).observations) == 1


async def test_a_delegate_may_open_a_calendar() -> None:
    async with opened_by(User("EX\\otto", "made-up", "otto@example.de", opens=frozenset({ADDRESS}))) as it:
        await it.calendar.create(DRAFT, MARKER)
        assert len((await listen(it.calendar)).observations) == 1


@pytest.mark.parametrize("impersonate", [True, False])
async def test_somebody_without_rights_may_not(impersonate: bool) -> None:
    with pytest.raises(AccountError):
        async with opened_by(User("EX\\otto", "made-up", "otto@example.de"), impersonate=impersonate):
            pass


@pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate", "auto"])
async def test_a_wrong_password_is_shown_to_the_server_once(auth: str) -> None:
    servers: list[EwsServer] = []
    with pytest.raises(LoginError, match="not tried again"):
        async with opened({"auth": auth, "password": "wrong"}, {}, tls=True, servers=servers):
            pass
    (server,) = servers
    assert len(server.requests) <= (1 if auth == "basic" else 4)


async def test_the_check_is_content(under_test: ExchangeUnderTest) -> None:
    found = [*await under_test.provider.check(), *await under_test.provider.check_calendar(under_test.calendar)]
    assert {one.severity for one in found} == {"ok"}, [one.message for one in found]
    assert any("Subscription Edition" in one.message for one in found)
