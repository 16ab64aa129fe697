"""Adds up what several syncs did, in the shape in which one sync tells it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DONE = ("created", "updated", "deleted", "linked", "failed")
"""Counts that add up."""
STANDING = ("held", "blocked")
"""Counts of what every run finds again: the most that any run found."""
SIDES = ("left", "right")


def writes(result: Mapping[str, Any]) -> int:
    """Return how many operations a sync carried out, matching up included."""
    return sum(
        account[side][name]
        for account in result["accounts"].values()
        for side in SIDES
        for name in ("created", "updated", "deleted", "linked")
    )


class Tally:
    """The sum of the syncs of one account."""

    def __init__(self, account: str) -> None:
        self._account = account
        self.syncs = 0
        self.seconds = 0.0
        self.requests: Counter[str] = Counter()
        self.sides: dict[str, dict[str, Any]] = {
            side: {**dict.fromkeys((*DONE, *STANDING), 0), "skipped": {}} for side in SIDES
        }
        self.messages: dict[tuple[str, str, str], dict[str, Any]] = {}
        """By operation, side and reason."""
        self.ok = True
        self.error: str | None = None

    def add(self, result: Mapping[str, Any]) -> None:
        """Add one sync's JSON object."""
        self.syncs += 1
        self.seconds += result["seconds"]
        self.requests.update(result["requests"])
        account = result["accounts"][self._account]
        self.ok, self.error = account["ok"], account["error"]
        for side, total in self.sides.items():
            _add(total, account[side])
        for message in account["messages"]:
            self._add_message(message)

    def told(self, side: str, reason: str) -> int:
        """Return how often calsync told this reason on a side."""
        keys = [key for key in self.messages if key[1:] == (side, reason)]
        return sum(self.messages[key]["count"] for key in keys)

    def as_json(self) -> dict[str, Any]:
        """Return the sum in the shape of one sync."""
        account = {**self.sides, "ok": self.ok, "error": self.error, "messages": list(self.messages.values())}
        return {
            "seconds": round(self.seconds, 3),
            "requests": dict(self.requests),
            "accounts": {self._account: account},
        }

    def _add_message(self, message: Mapping[str, Any]) -> None:
        """Add up what was done; of what every run finds again the most counts."""
        key = message["operation"], message["side"], message["reason"]
        before = self.messages[key]["count"] if key in self.messages else 0
        count = before + message["count"] if message["done"] else max(before, message["count"])
        self.messages[key] = {**message, "count": count}


def _add(total: dict[str, Any], counts: Mapping[str, Any]) -> None:
    for name in DONE:
        total[name] += counts[name]
    for name in STANDING:
        total[name] = max(total[name], counts[name])
    for reason, count in counts["skipped"].items():
        total["skipped"][reason] = max(total["skipped"].get(reason, 0), count)
