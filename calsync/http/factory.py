"""Where providers get their sessions from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, Unpack
from weakref import WeakValueDictionary

from calsync.http.budget import Budget
from calsync.http.door import CONCURRENCY, Http, Traffic, unheard
from calsync.http.pause import Pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.http.door import Answered, How
    from calsync.ports import Clock

T = TypeVar("T")


class HttpFactory:
    """Opens sessions for providers and adds up their requests by connection."""

    def __init__(self, clock: Clock, answered: Answered = unheard) -> None:
        self._clock = clock
        self._answered = answered
        self._traffic: dict[str, Traffic] = {}
        """By connection. Sessions come and go with each reload, so none of them is kept."""
        self._granted: WeakValueDictionary[tuple[object, ...], Any] = WeakValueDictionary()
        """The budgets and pauses of the newest sessions, as long as somebody uses them."""
        self._borrows = False

    def open(self, name: str, base: str, **how: Unpack[How]) -> Http:
        """Open a session of the connection `name`; the provider closes it."""
        traffic = self._traffic.setdefault(name, Traffic())
        budget = None
        if how.get("pause") is None:
            places = how.get("concurrency", CONCURRENCY)
            budget = self._grant((name, base, places), lambda: Budget(name, self._clock, places))
        return Http(name, base, self._clock, answered=self._answered, traffic=traffic, budget=budget, **how)

    def pause(self, name: str, base: str) -> Pause:
        """Return the pause for several sessions of one connection that a server counts as one."""
        return self._grant((name, base), lambda: Pause(name, self._clock))

    def beside(self) -> HttpFactory:
        """Return what opens sessions beside these, of connections that are used a second time for a moment.

        They are counted with these, take no more places, and keep the pauses that these were asked for.
        """
        found = HttpFactory(self._clock, self._answered)
        found._traffic, found._granted, found._borrows = self._traffic, self._granted, True
        return found

    def requests(self) -> dict[str, int]:
        """Return how many requests each connection has sent so far."""
        return {name: traffic.sent for name, traffic in self._traffic.items()}

    def waiting(self) -> dict[str, int]:
        """Return how many requests of each connection wait to be sent."""
        return {name: traffic.waiting for name, traffic in self._traffic.items()}

    def _grant(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """Return what those beside us are to share; a connection that was changed begins anew."""
        if self._borrows:
            found: T | None = self._granted.get(key)
            return make() if found is None else found
        self._granted[key] = made = make()
        return made
