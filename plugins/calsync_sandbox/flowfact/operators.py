"""The operators of FLOWDSL's `hasFieldWithValue`, each tested against one value of a field."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from calsync_sandbox.flowfact.refusal import Refused

Test = Callable[[Any], bool]
DAY_MS = 86_400_000


def _kind(value: Any) -> type:
    """Return what a value may be compared with: numbers with numbers, all else with its own type."""
    kind = type(value)
    return float if kind is int else kind


def _equals(wanted: Any, now: float) -> Test:
    del now
    kind = _kind(wanted)
    return lambda value: value == wanted and _kind(value) is kind  # true and 1 differ


def _not_equal(wanted: Any, now: float) -> Test:
    equal = _equals(wanted, now)
    return lambda value: not equal(value)


def _like(wanted: Any, now: float) -> Test:
    """Any part of the text, whatever its case; `%` and `*` stand for any text."""
    del now
    parts = [re.escape(part) for part in re.split(r"[%*]", str(wanted))]
    pattern = re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)
    return lambda value: isinstance(value, str) and pattern.search(value) is not None


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, float], Test]:
    def build(wanted: Any, now: float) -> Test:
        del now
        kind = _kind(wanted)
        return lambda value: _kind(value) is kind and compare(value, wanted)

    return build


_greater_equal = _ordered(operator.ge)
_less_equal = _ordered(operator.le)


def _in(wanted: Any, now: float) -> Test:
    if not isinstance(wanted, list) or not wanted:
        raise Refused(400, "IN needs a list that is not empty")
    tests = [_equals(one, now) for one in wanted]
    return lambda value: any(test(value) for test in tests)


def _between(wanted: Any, now: float) -> Test:
    """Both ends included, given as a list of two or as from and to."""
    if isinstance(wanted, dict):
        wanted = [wanted.get("from"), wanted.get("to")]
    if not isinstance(wanted, list) or len(wanted) != 2:
        raise Refused(400, "BETWEEN needs two values")
    low, high = _greater_equal(wanted[0], now), _less_equal(wanted[1], now)
    return lambda value: low(value) and high(value)


def _older(wanted: Any, now: float) -> Test:
    if _kind(wanted) is not float:
        raise Refused(400, "OLDER_THAN_X_DAYS needs a number")
    return _ordered(operator.lt)(now * 1000 - wanted * DAY_MS, now)


OPERATORS: dict[str, Callable[[Any, float], Test]] = {
    "EQUALS": _equals,
    "NOT_EQUAL": _not_equal,
    "LIKE": _like,
    "GREATER": _ordered(operator.gt),
    "LESS": _ordered(operator.lt),
    "GREATER_EQUAL": _greater_equal,
    "LESS_EQUAL": _less_equal,
    "IN": _in,
    "BETWEEN": _between,
    "OLDER_THAN_X_DAYS": _older,
}
"""By name: from the condition's value and the present (epoch seconds) to a test of one stored value."""
