"""How each account is: as the service says, or as the store remembers where this process serves nobody."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from calsync.service import State, Status
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from calsync.service import Board
    from calsync.store.showing import Remembered


class Health(StrEnum):
    """How an account is to people, what needs somebody first: its badge, and what lists are filtered by."""

    FAILING = "failing"
    """Its last run failed; it is tried again."""
    ATTENTION = "attention"
    """It runs, and there is a card about it: somebody should look."""
    STARTING = "starting"
    """It has not run yet."""
    RUNNING = "running"
    WAITING = "waiting"
    """Its last run went well, and nobody needs to do anything."""
    OFF = "off"
    """A person has switched it off."""

    @property
    def problem(self) -> bool:
        """Whether somebody should look at it."""
        return self is Health.FAILING or self is Health.ATTENTION


def health(status: Status, *, card: bool) -> Health:
    """Return how an account is. `card`: whether somebody should look at it (calsync.desk.repairs)."""
    if status.state is State.OFF:
        return Health.OFF
    if status.error is not None:
        return Health.FAILING
    return Health.ATTENTION if card else Health(status.state.value)


def served(names: Iterable[str], board: Board | None) -> dict[str, Status]:
    """Return the status of each account that this process serves."""
    if board is None:
        return {}
    told = {status.account: status for status in board.all()}
    return {name: told[name] for name in names if name in told}


def as_switched(states: Mapping[str, Status], switches: Mapping[str, bool]) -> dict[str, Status]:
    """Return the statuses with what a person has just said, before the service has got round to it.

    Otherwise a switch would jump back for a moment, and who presses it again would say the contrary.
    """
    return {name: _as_switched(status, on=switches.get(name)) for name, status in states.items()}


def _as_switched(status: Status, *, on: bool | None) -> Status:
    if on is None or on == (status.state is not State.OFF):
        return status
    return replace(status, state=State.STARTING if on else State.OFF)


def remembered_status(name: str, remembered: Remembered | None, now: datetime) -> Status:
    """Return the status of an account that this process does not serve."""
    if remembered is None:
        return Status(account=name, state=State.STARTING, since=now)
    state = _state(remembered, now)
    failing, good = remembered.failing_since, remembered.good_at
    since = failing if state is State.FAILING else None if state is State.RUNNING else good
    return Status(
        account=name,
        state=state,
        since=since or now,
        good_at=good,
        error=remembered.error,
        error_class=remembered.error_class,
    )


def _state(remembered: Remembered, now: datetime) -> State:
    if remembered.enabled is False:
        return State.OFF
    if remembered.until is not None and remembered.until > now:
        return State.RUNNING
    if remembered.error is not None:
        return State.FAILING
    return State.STARTING if remembered.good_at is None else State.WAITING
