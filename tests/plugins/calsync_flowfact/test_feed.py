"""What a poll of one calendar tells, what it costs, and what its token is good for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import TokenLost
from calsync_flowfact.habits import Habits

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_an_idle_calendar_costs_one_search(tenant: Any, reader: Any) -> None:
    for _ in range(30):
        tenant.create()
    follower = reader()
    await follower.poll()
    tenant.requests.clear()
    for _ in range(9):
        await follower.poll()
        assert follower.told == []
    assert tenant.requests == ["search"] * 9


@pytest.mark.parametrize("modified", [True, False])
async def test_a_tenth_poll_looks_at_the_trash_and_makes_sure_that_nothing_was_ever_modified(
    tenant: Any, reader: Any, modified: bool
) -> None:
    event, follower = tenant.create(), reader()
    if modified:
        tenant.modify(event, subject="Neu")
    await follower.poll()
    tenant.requests.clear()
    for _ in range(10):
        await follower.poll()
    assert tenant.requests == ["search"] * (10 if modified else 11) + ["trash"]


@pytest.mark.parametrize("habit", ["sorts", "modified_moves"])
async def test_what_is_known_not_to_tell_changes_is_read_in_full_each_time(
    tenant: Any, reader: Any, clock: Any, habit: str
) -> None:
    tenant.create()
    follower = reader(poll_seconds=60, habits=Habits(**{habit: False}))
    await follower.poll()
    tenant.requests.clear()
    with pytest.raises(TokenLost, match="everything is read"):
        await follower.poll()
    await follower.feed.listen(pytest.fail)
    assert tenant.requests == []


async def test_a_modification_costs_nothing_more(tenant: Any, reader: Any) -> None:
    first, _ = tenant.create(), tenant.create()
    follower = reader()
    await follower.poll()
    tenant.requests.clear()
    tenant.modify(first, subject="Neu")
    await follower.poll()
    assert follower.told == [first]
    assert tenant.requests == ["search"]


async def test_what_is_received_and_what_is_given_away_is_told(tenant: Any, reader: Any) -> None:
    mine, other = tenant.create(), tenant.create(owner="ben")
    follower = reader()
    await follower.poll()
    tenant.modify(other, assignee="anna")
    await follower.poll()
    assert (follower.told, follower.removed) == ([other], [])
    tenant.modify(mine, assignee="ben")
    tenant.requests.clear()
    await follower.poll()
    assert (follower.told, follower.removed) == ([], [mine])
    assert tenant.requests == ["search"]


async def test_events_that_cannot_be_read_are_left_out(tenant: Any, reader: Any) -> None:
    broken, fine = tenant.create(), tenant.create()
    tenant.live[broken].pop("start_date")
    follower = reader(fields={"start": {"codec": "iso"}, "end": {"codec": "iso"}})
    for event in (broken, fine):
        tenant.live[event] |= {"end_date": {"values": ["2026-03-02T10:00:00+01:00"]}}
    tenant.live[fine] |= {"start_date": {"values": ["2026-03-02T09:00:00+01:00"]}}
    await follower.poll()
    assert follower.told == [fine]
    tenant.modify(broken, subject="?")
    tenant.modify(fine, subject="!")
    await follower.poll()
    assert follower.told == [fine]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda _: "[]",
        lambda _: "null",
        lambda token: token[:-1],
        lambda token: json.dumps(json.loads(token) | {"v": 1}),
        lambda token: json.dumps(json.loads(token) | {"reads": "ben"}),
        lambda token: json.dumps(json.loads(token) | {"owned": "x"}),
        lambda token: json.dumps(json.loads(token) | {"feed": None}),
        lambda token: json.dumps(json.loads(token) | {"position": {}}),
        lambda token: token.replace('"total":1', '"total":"x"'),
        lambda token: json.dumps(json.loads(token) | {"more": 1}),
    ],
)
async def test_another_token_is_lost(tenant: Any, reader: Any, damage: Callable[[str], str]) -> None:
    tenant.create()
    follower = reader()
    await follower.poll()
    follower.token = damage(follower.token)
    with pytest.raises(TokenLost):
        await follower.poll()


async def test_a_new_mapping_makes_the_token_useless(tenant: Any, reader: Any) -> None:
    follower, other = reader(), reader(fields={"description": {"codec": "html"}})
    await follower.poll()
    other.token = follower.token
    with pytest.raises(TokenLost):
        await other.poll()


async def test_a_poll_without_changes_leaves_nothing_to_store(tenant: Any, reader: Any, clock: Any) -> None:
    mine = tenant.create()
    anna = reader()
    for _ in range(2):
        await anna.poll()
    token = anna.token
    for _ in range(3):
        clock.advance(60)
        await anna.poll()
        assert anna.token == token
    again = reader()  # another process goes on counting polls, so that the trash is looked at in time
    again.token = token
    await again.poll()
    assert again.token != token
    tenant.modify(mine, subject="Neu")
    await anna.poll()
    assert (anna.told, anna.token == token) == ([mine], False)
