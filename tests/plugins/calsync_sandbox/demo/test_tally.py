from __future__ import annotations

from typing import Any

from calsync_sandbox.demo.tally import Tally, writes

NOTHING = dict.fromkeys(("created", "updated", "deleted", "linked", "held", "blocked", "failed"), 0)


def sync(
    left: dict[str, Any],
    right: dict[str, Any],
    *messages: dict[str, Any],
    seconds: float = 1.0,
    ok: bool = True,
) -> dict[str, Any]:
    sides = {
        "left": {**NOTHING, "skipped": {}, **left},
        "right": {**NOTHING, "skipped": {}, **right},
    }
    error = None if ok else "the mailbox is full"
    account = {**sides, "ok": ok, "error": error, "messages": list(messages)}
    return {"seconds": seconds, "requests": {"flowfact": 3}, "accounts": {"anna": account}}


def test_what_is_done_adds_up_and_what_stands_is_counted_once() -> None:
    tally = Tally("anna")
    tally.add(sync({"created": 2, "skipped": {"series": 4}}, {"blocked": 2, "linked": 1}))
    tally.add(
        sync({"created": 1, "skipped": {"series": 3, "window": 1}}, {"blocked": 1, "linked": 1}, seconds=0.5)
    )
    found = tally.as_json()
    assert (found["seconds"], found["requests"]) == (1.5, {"flowfact": 6})
    account = found["accounts"]["anna"]
    assert account["left"] == {**NOTHING, "created": 3, "skipped": {"series": 4, "window": 1}}
    assert account["right"] == {**NOTHING, "blocked": 2, "linked": 2, "skipped": {}}
    assert (account["ok"], account["error"], tally.syncs) == (True, None, 2)


def message(operation: str, reason: str, count: int, *, done: bool) -> dict[str, Any]:
    return {"operation": operation, "side": "left", "reason": reason, "count": count, "done": done, "en": "..."}


def test_messages_of_what_is_done_add_up_and_those_of_what_stands_are_counted_once() -> None:
    tally = Tally("anna")
    for created, blocked in ((2, 3), (5, 1)):
        left_behind = message("create", "attendees_not_carried", created, done=True)
        tally.add(sync({}, {}, left_behind, message("block", "has_attendees", blocked, done=False)))
    assert tally.as_json()["accounts"]["anna"]["messages"] == [
        message("create", "attendees_not_carried", 7, done=True),
        message("block", "has_attendees", 3, done=False),
    ]
    assert tally.told("left", "attendees_not_carried") == 7
    assert tally.told("right", "attendees_not_carried") == 0


def test_a_failed_account() -> None:
    tally = Tally("anna")
    tally.add(sync({}, {}, ok=False))
    assert tally.as_json()["accounts"]["anna"]["error"] == "the mailbox is full"


def test_writes_are_everything_that_was_done() -> None:
    done = sync({"created": 1, "updated": 2, "held": 5}, {"deleted": 3, "linked": 4, "skipped": {"series": 9}})
    assert writes(done) == 10
