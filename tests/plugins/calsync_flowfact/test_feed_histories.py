"""Whatever people do and whenever it is read, each calendar is read as it is in the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calsync.errors import TokenLost
from tests.plugins.calsync_flowfact.conftest import OVERLAP

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = st.integers(0, 30)
LAG = st.floats(0, OVERLAP)
OWNERS = ("anna", "ben", "kai")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), EVENT, LAG),
        st.tuples(st.just("modify"), EVENT, LAG),
        st.tuples(st.just("give"), EVENT, LAG),
        st.tuples(st.just("delete"), EVENT, LAG),
        st.tuples(st.just("wait"), EVENT, st.sampled_from([0.0, 1.0, 30.0, 119.0, 121.0, 400.0])),
        st.tuples(st.just("poll"), EVENT, st.just(0.0)),
        st.tuples(st.just("list"), EVENT, st.just(0.0)),
        st.tuples(st.just("restart"), EVENT, st.just(0.0)),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, forgetful=st.booleans(), shows_trash=st.booleans())
def test_each_view_becomes_true_whatever_happened(
    new_history: Callable[[bool], tuple[Any, Callable[[], list[Any]], Any]],
    steps: list[tuple[str, int, float]],
    forgetful: bool,
    shows_trash: bool,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if forgetful:
            patch.setattr("calsync_flowfact.log.MOST", 3)
        asyncio.run(_follow(*new_history(shows_trash), steps))


async def _follow(
    tenant: Any, start: Callable[[], list[Any]], clock: Any, steps: list[tuple[str, int, float]]
) -> None:
    """Let people work and calendars be read, each at its own times, by one process after the other."""
    followers = start()
    for kind, number, value in steps:
        follower = followers[number % len(OWNERS)]
        if kind == "wait":
            clock.advance(value)
        elif kind == "restart":
            old, followers = followers, start()
            for before, after in zip(old, followers, strict=True):
                after.token, after.view = before.token, before.view
        elif kind in ("poll", "list"):
            follower.token = None if kind == "list" else follower.token
            await _poll(follower)
        else:
            _work(tenant, kind, number, value)
    for _ in range(15):
        clock.advance(OVERLAP + 1)
        for follower in followers:
            await _poll(follower)
    for follower, owner in zip(followers, OWNERS, strict=True):
        owned = {found: one for found, one in tenant.live.items() if one["assignee"]["values"] == [owner]}
        assert follower.view == {found: str(tenant._version(entity)) for found, entity in owned.items()}
        assert follower.told == []


async def _poll(follower: Any) -> None:
    try:
        await follower.poll()
    except TokenLost:
        follower.token = None
        await follower.poll()


def _work(tenant: Any, kind: str, number: int, lag: float) -> None:
    known, owner = sorted(tenant.live), OWNERS[number % len(OWNERS)]
    if kind == "create":
        tenant.create(lag=lag, owner=owner)
    elif known and kind == "modify":
        tenant.modify(known[number % len(known)], lag=lag, subject="Neu")
    elif known and kind == "give":
        tenant.modify(known[number % len(known)], lag=lag, assignee=owner)
    elif known:
        tenant.delete(known[number % len(known)], lag=lag)
