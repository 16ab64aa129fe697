"""The doorbell and a whole server: streams end, are lost, cut, refused and crowded out; it goes on or says why."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError, Retry
from calsync.ports import CalendarRequest
from calsync.testing.contract.case import EVENT
from calsync.testing.contract.case import listen as read_round
from calsync.values import replace
from calsync_exchange_ews import doorbell
from calsync_sandbox.ews import Trouble, trouble
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_exchange_ews.conftest import answer
from tests.plugins.calsync_exchange_ews.test_contract import ADDRESS, BERLIN, ExchangeUnderTest, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from calsync.ports import Calendar
    from calsync_sandbox.ews import EwsServer

SECONDS = 20.0
"""How long anything here may take."""


class Listening:
    """Listens to a calendar, and keeps what it hears."""

    def __init__(self, calendar: Calendar) -> None:
        self.rings: asyncio.Queue[str] = asyncio.Queue()
        self.task = asyncio.ensure_future(calendar.listen(self.rings.put_nowait))

    async def rung(self) -> str:
        """Wait for the next ring, and forget those that came with it."""
        first = await asyncio.wait_for(self.rings.get(), SECONDS)
        self.forget()
        return first

    def forget(self) -> None:
        while not self.rings.empty():
            self.rings.get_nowait()

    async def error(self) -> Exception:
        """Wait until the listening has failed."""
        await asyncio.wait({self.task}, timeout=SECONDS)
        error = self.task.exception()
        assert isinstance(error, Exception)
        return error

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Scene:
    """A calendar under test, and who listens."""

    def __init__(self, under_test: ExchangeUnderTest) -> None:
        self.under_test = under_test
        self.calendar = under_test.calendar
        self.server: EwsServer = under_test.server
        self.listening: list[Listening] = []

    def listen(self, calendar: Calendar | None = None) -> Listening:
        listening = Listening(calendar or self.calendar)
        self.listening.append(listening)
        return listening

    async def heard(self) -> Listening:
        """Listen, and wait until the stream has begun."""
        listening = self.listen()
        await listening.rung()
        return listening

    async def another(self) -> Calendar:
        """Open another calendar of the mailbox, over the same connection."""
        self.under_test.mailbox.add_calendar("Privat")
        settings = {"mailbox": ADDRESS, "calendar": "Privat"}
        return await self.under_test.provider.open(
            CalendarRequest(account="anna", settings=settings, timezone=BERLIN)
        )

    def asked(self, operation: str) -> int:
        """Return how many requests of an operation have arrived; a stream counts when it has ended."""
        tag = f"<m:{operation}".encode()
        return sum(tag in request.body and request.status == 200 for request in self.server.requests)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():  # noqa: ASYNC110 - what is waited for is in the server
                await asyncio.sleep(0.005)

    async def end(self) -> None:
        for listening in self.listening:
            await listening.end()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "GATHER_SECONDS", 0.05)


@pytest.fixture(params=["ntlm", "basic"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"auth": request.param, "streaming": True, "max_channels": 1}


@pytest.fixture
async def scene(options: dict[str, Any]) -> AsyncIterator[Scene]:
    async with opened(options, {}, tls=True) as under_test:
        scene = Scene(under_test)
        yield scene
        await scene.end()


async def test_each_change_rings_and_nothing_else_does(scene: Scene) -> None:
    scene.server.switches.heartbeat = 0.02
    listening = await scene.heard()
    event_id = await scene.under_test.user_create(EVENT)
    assert await listening.rung() == "Exchange tells of a change"
    await scene.under_test.user_edit(event_id, {"summary": "Neu"})
    await listening.rung()
    await scene.under_test.user_delete(event_id)
    await listening.rung()
    scene.server.state.subscriptions.close_streams()
    await scene.until(lambda: scene.asked("GetStreamingEvents"))  # the signs of life of it were no rings
    assert await listening.rung() == "Exchange begins to tell of changes"


async def test_a_sync_is_not_held_up_by_a_stream(scene: Scene) -> None:
    await scene.heard()
    event_id = await scene.under_test.user_create(EVENT)
    told = await asyncio.wait_for(read_round(scene.calendar), SECONDS)
    assert list(told.observations) == [event_id]


async def test_all_calendars_share_one_stream_and_are_told_apart(scene: Scene) -> None:
    calendar = await scene.another()
    own, other = scene.listen(), scene.listen(calendar)
    await own.rung()
    await other.rung()
    assert len(scene.server.state.subscriptions.streams) == 1
    await scene.under_test.user_create(EVENT)
    await own.rung()
    assert other.rings.empty()


async def test_who_comes_later_is_heard_too_and_nobody_is_deaf_meanwhile(scene: Scene) -> None:
    scene.server.switches.heartbeat = 0.02  # a server finds out who is gone when it writes
    own = await scene.heard()
    other = scene.listen(await scene.another())
    assert await own.rung() == await other.rung() == "Exchange begins to tell of changes"
    await scene.until(lambda: len(scene.server.state.subscriptions.streams) == 1)
    assert scene.asked("Subscribe") == 2


async def test_who_goes_leaves_the_others_their_stream(scene: Scene) -> None:
    calendar = await scene.another()
    own, other = scene.listen(), scene.listen(calendar)
    await own.rung()
    await other.end()
    await scene.under_test.user_create(EVENT)
    await own.rung()
    await own.end()
    await scene.under_test.user_create(EVENT)  # a server finds out who is gone when it writes
    await scene.until(lambda: not scene.server.state.subscriptions.streams)
    await scene.until(lambda: not [task for task in asyncio.all_tasks() if "Doorbell" in repr(task)])


async def test_who_comes_while_the_last_one_goes_is_heard(scene: Scene) -> None:
    first = await scene.heard()
    first.task.cancel()
    await scene.listen().rung()


async def test_a_stream_that_is_closed_in_order_is_opened_again(scene: Scene) -> None:
    listening = await scene.heard()
    scene.server.state.subscriptions.close_streams()
    await listening.rung()
    await scene.under_test.user_create(EVENT)
    await listening.rung()
    assert scene.asked("Subscribe") == 1


async def test_a_lost_subscription_is_asked_for_again(scene: Scene) -> None:
    listening = await scene.heard()
    scene.server.state.subscriptions.lose()
    await listening.rung()
    await scene.under_test.user_create(EVENT)
    await listening.rung()
    assert scene.asked("Subscribe") == 2


async def test_one_lost_subscription_costs_the_others_nothing(scene: Scene) -> None:
    calendar = await scene.another()
    own, other = scene.listen(), scene.listen(calendar)
    await own.rung()
    await other.rung()
    subscriptions = scene.server.state.subscriptions
    subscriptions.by_id.popitem()
    subscriptions.close_streams()
    await own.rung()
    await other.rung()
    assert scene.asked("Subscribe") == 3


async def test_a_stream_that_is_cut_is_opened_again(scene: Scene) -> None:
    listening = await scene.heard()
    scene.server.hang_up()
    await listening.rung()
    await scene.under_test.user_create(EVENT)
    await listening.rung()


async def test_a_server_that_forgets_the_sign_in_is_signed_in_to_again(scene: Scene) -> None:
    listening = await scene.heard()
    scene.server.forget_sign_ins()
    scene.server.state.subscriptions.close_streams()
    await listening.rung()
    await asyncio.wait_for(read_round(scene.calendar), SECONDS)


async def test_garbage_ends_a_stream_and_not_the_listening(scene: Scene) -> None:
    garbage = Fault(path="/GetStreamingEvents$", status=200, body=b"<html>Wartung</html></Envelope>")
    scene.server.faults.add(garbage)
    listening = await scene.heard()
    await scene.under_test.user_create(EVENT)
    await listening.rung()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="/GetStreamingEvents$", status=200, body=b"<html>Wartung</html></Envelope>", times=None),
        Fault(path="/GetStreamingEvents$", status=200, times=None),
        Fault(path="/GetStreamingEvents$", status=503, times=None),
        Fault(path="/GetStreamingEvents$", drop=True, times=None),
        Fault(path="/GetStreamingEvents$", status=500, body=answer("GetStreamingEvents"), times=None),
        Fault(path="/Subscribe$", drop=True, times=None),
        trouble.soap_fault("ErrorExceededConnectionCount", operation="/GetStreamingEvents$", times=None),
        trouble.soap_fault("ErrorInternalServerError", operation="/Subscribe$", times=None),
    ],
)
async def test_what_goes_on_for_long_is_left_to_the_host(scene: Scene, fault: Fault) -> None:
    scene.server.faults.add(fault)
    listening = scene.listen()
    assert isinstance(await listening.error(), Retry)
    assert listening.rings.empty()
    assert scene.server.peak <= 2
    scene.server.faults.clear()
    await scene.heard()


@pytest.mark.parametrize("status", [500, 200])
async def test_a_pause_that_a_stream_is_told_holds_for_the_whole_connection(scene: Scene, status: int) -> None:
    """Whether it is told instead of a stream or on it."""
    scene.server.faults.add(replace(trouble.busy_fault(90_000, operation="/GetStreamingEvents$"), status=status))
    error = await scene.listen().error()
    assert isinstance(error, Retry)
    assert error.after == 90
    with pytest.raises(Retry, match="asks to wait"):
        await read_round(scene.calendar)


@pytest.mark.parametrize("whole", [True, False])
async def test_a_server_without_streaming_is_polled_only_and_the_check_says_so(scene: Scene, whole: bool) -> None:
    code = "ErrorInvalidRequest" if whole else "ErrorSubscriptionDelegateAccessNotSupported"
    scene.server.state.troubles.add(Trouble(code=code, operation="Subscribe", whole=whole, times=None))
    error = await scene.listen().error()
    assert isinstance(error, AccountError)
    assert "does not tell of changes" in str(error)
    (found,) = [
        one for one in await scene.under_test.provider.check_calendar(scene.calendar) if "polled" in one.message
    ]
    assert found.severity == "warning"
    assert code.removeprefix("Error") in found.message
    await read_round(scene.calendar)


async def test_a_check_tries_the_subscription_and_leaves_none_behind(scene: Scene) -> None:
    found = await scene.under_test.provider.check_calendar(scene.calendar)
    assert {one.severity for one in found} == {"ok"}
    assert "the server notifies calsync of changes" in [one.message for one in found]
    assert scene.server.state.subscriptions.by_id == {}


async def test_a_stream_gives_way_to_the_sync(scene: Scene) -> None:
    listening = await scene.heard()
    scene.server.switches.concurrency_limit = 1
    with pytest.raises(Retry):
        await read_round(scene.calendar)
    error = await listening.error()
    assert isinstance(error, Retry)
    assert error.after == doorbell.REST_SECONDS
    await scene.under_test.user_create(EVENT)  # a server finds out who is gone when it writes
    await scene.until(lambda: not scene.server.state.subscriptions.streams)
    await read_round(scene.calendar)


async def test_more_than_a_stream_can_hold_are_polled(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "MOST", 1)
    await scene.heard()
    assert isinstance(await scene.listen(await scene.another()).error(), AccountError)


async def test_a_bug_is_told_to_who_listens(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(doorbell, "_told", broken)
    assert isinstance(await scene.listen().error(), KeyError)


async def test_without_the_setting_nobody_is_told_and_no_request_is_sent() -> None:
    async with opened({"auth": "basic"}, {}) as under_test:
        scene, sent = Scene(under_test), len(under_test.server.requests)
        await asyncio.wait_for(scene.listen().task, SECONDS)
        assert len(under_test.server.requests) == sent
