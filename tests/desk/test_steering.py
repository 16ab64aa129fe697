"""People steer their own accounts, administrators every one; and the audit tells who did."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from calsync.desk import Refused
from calsync.records import Selection
from calsync.sync.choices import Choice
from calsync.sync.model import Direction
from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from calsync.people import Person
    from calsync.store import SqliteStore
    from tests.desk.office import Office

ACTS: dict[str, Callable[[Office, Person, str], Awaitable[object]]] = {
    "switch": lambda office, person, name: office.steering.switch(person, name, on=False),
    "direct": lambda office, person, name: office.steering.direct(person, name, Direction.LEFT_TO_RIGHT),
    "sync_now": lambda office, person, name: office.steering.sync_now(person, name),
    "decide": lambda office, person, name: office.steering.decide(person, name, ["0" * 8], Choice.RELEASE),
    "plan": lambda office, person, name: office.steering.plan(person, name),
    "confirm": lambda office, person, name: office.steering.confirm(person, name, "0" * 64),
    "undo": lambda office, person, name: office.steering.undo(person, name, Selection(run=1), None),
    "leave": lambda office, person, name: office.steering.leave(person, name, None, None),
}


@pytest.mark.parametrize("act", ACTS)
async def test_nobody_steers_anothers_account_or_learns_that_it_is_there(office: Office, act: str) -> None:
    anna = await office.user("Anna", "anna")
    for name in ("bernd", "clara"):
        with pytest.raises(Refused) as error:
            await ACTS[act](office, anna, name)
        assert error.value.word == "account_unknown"
    assert office.woken == []
    assert await office.store.settings.audit(9, "bernd") == []


@pytest.mark.parametrize("act", ACTS)
async def test_people_steer_their_own_and_administrators_every_account(office: Office, act: str) -> None:
    anna = await office.user("Anna", "anna")
    await ACTS[act](office, anna, "anna")
    await ACTS[act](office, office.boss, "bernd")


async def test_who_switched_and_turned_stands_in_the_audit(office: Office, store: SqliteStore) -> None:
    anna = await office.user("Anna", "anna")
    await office.steering.switch(anna, "anna", on=False)
    await office.steering.direct(office.boss, "anna", Direction.RIGHT_TO_LEFT)
    told = [(one.who, one.what, one.after) for one in await store.settings.audit(9, "anna")]
    assert told == [
        ("operator", "account_given", "Anna"),
        ("Anna", "enabled", "off"),
        ("operator", "direction", "right_to_left"),
    ]
    assert office.woken == ["anna", "anna"]


async def test_administrators_switch_many_accounts_at_once_and_nobody_else_does(
    office: Office, store: SqliteStore
) -> None:
    anna = await office.user("Anna", "anna")
    with pytest.raises(Refused) as error:
        await office.steering.switch_all(anna, ["anna"], on=False)
    assert error.value.word == "administrators_only"
    await office.steering.switch_all(office.boss, ["bernd", "gone", "anna", "bernd"], on=False)
    settings = await store.settings.all()
    assert {name: one.off for name, one in settings.items()} == {"anna": True, "bernd": True}
    assert office.woken == ["bernd", "anna"]
    assert [one.after for one in await store.settings.audit(9, "bernd")] == ["off"]


async def test_who_decided_stands_in_the_audit(office: Office, store: SqliteStore) -> None:
    anna = await office.user("Anna", "anna")
    office.accounts["anna"] = replace(office.accounts["anna"], policy="hold")
    event = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.left.user_edit(event, summary="left")
    office.right.user_edit(copy, summary="right")
    await office.run()
    (case,) = await office.showing.holds(anna, "anna")
    assert len(await office.steering.decide(anna, "anna", [case.name], Choice.LEFT)) == 1
    assert await office.steering.decide(anna, "anna", [case.name], Choice.LEFT) == []
    told = [(one.who, one.what, one.after) for one in await store.settings.audit(9, "anna")]
    assert told[1:] == [("Anna", "decision", "left: 1")]
    assert office.woken == ["anna"]


async def test_who_confirmed_stands_in_the_audit_and_only_what_was_seen_is_confirmed(
    office: Office, store: SqliteStore
) -> None:
    anna = await office.user("Anna", "anna")
    office.accounts["anna"] = replace(office.accounts["anna"], direction=Direction.LEFT_TO_RIGHT)
    await office.run()
    office.right.user_create(MEETING)
    await office.steering.direct(anna, "anna", Direction.BOTH)
    await office.run()
    report = await office.steering.plan(anna, "anna")
    assert report.rebuild == "direction"
    assert (await office.steering.confirm(anna, "anna", "0" * 64)).problem is not None
    assert (await office.steering.confirm(anna, "anna", report.plan.hash)).problem is None
    told = [(one.who, one.what, one.after) for one in await store.settings.audit(9, "anna")]
    assert told[2:] == [("Anna", "plan_confirmed", report.plan.hash)]


@pytest.mark.parametrize(("act", "word"), [("confirm", "plan_confirmed"), ("undo", "undone"), ("leave", "left")])
async def test_what_goes_on_when_who_asked_has_gone_stands_in_the_audit_too(
    office: Office, store: SqliteStore, monkeypatch: pytest.MonkeyPatch, act: str, word: str
) -> None:
    """As a program whose request has taken too long."""
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> Any:
        began.set()
        await goes_on.wait()
        return SimpleNamespace(problem=None)

    monkeypatch.setattr(office, act, slow)
    more = {"confirm": (), "undo": (Selection(run=1),), "leave": (None,)}[act]
    asking = asyncio.create_task(getattr(office.steering, act)(office.boss, "anna", *more, "0" * 64))
    await asyncio.wait_for(began.wait(), 20)
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    goes_on.set()
    async with asyncio.timeout(20):
        while not (told := await store.settings.audit(9, "anna")):  # noqa: ASYNC110 - what is waited for is in the store
            await asyncio.sleep(0.005)
    assert [one.what for one in told] == [word]
