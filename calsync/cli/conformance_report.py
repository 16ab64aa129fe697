"""What `calsync conformance` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain
from calsync.loader.quality import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.testing.conformance import Conformance, Promise

EMPTY: Mapping[str, Any] = {"ok": False, "passed": 0, "failed": 0, "not_supported": 0, "promises": []}


def line(promise: Promise) -> str:
    """Return one promise with what came of it."""
    said = f"{promise.result:<13} {plain(promise.group):<9} {plain(promise.name)}"
    return f"{said}: {plain(promise.detail)}" if promise.detail else said


def as_json(found: Conformance) -> dict[str, Any]:
    promises = [
        {"group": one.group, "promise": one.name, "result": one.result, "detail": one.detail}
        for one in found.promises
    ]
    return {
        "ok": found.good,
        **_counts(found),
        "promises": promises,
        "quality": quality(found),
        "left_behind": list(found.left_behind),
    }


def lines(found: Conformance) -> list[str]:
    """Return what all promises come to, behind their own lines: the quality scale, and the sum."""
    return [*quality(found), summary(found)]


def summary(found: Conformance) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in _counts(found).items())


def quality(found: Conformance) -> list[str]:
    """Return the rules of the quality scale that the promises show to be kept or broken."""
    rules = []
    for name, rule in RULES.items():
        results = {promise.result for promise in found.promises if promise.group in rule.groups}
        if results & {"pass", "fail"}:
            rules.append(f"{'broken' if 'fail' in results else 'kept':<7} {rule.level:<9} {name}: {rule.sentence}")
    return rules


def left_behind(found: Conformance) -> list[str]:
    """Say which events are still there, by what can be searched for."""
    return [
        f"an event could not be taken away; it carries the marker {plain(marker)}: delete it by hand"
        for marker in found.left_behind
    ]


def _counts(found: Conformance) -> dict[str, int]:
    return {
        "passed": found.count("pass"),
        "failed": found.count("fail"),
        "not_supported": found.count("not supported"),
    }
