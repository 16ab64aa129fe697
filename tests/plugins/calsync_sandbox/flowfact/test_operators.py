from typing import Any

import pytest

from calsync_sandbox.flowfact.operators import DAY_MS, OPERATORS
from calsync_sandbox.flowfact.refusal import Refused

NOW = 1_780_000_000.0


@pytest.mark.parametrize(
    ("name", "wanted", "matching", "others"),
    [
        ("EQUALS", "Notar", ["Notar"], ["notar", "Notartermin", 1]),
        ("EQUALS", 1, [1, 1.0], [True, "1", 2]),
        ("EQUALS", True, [True], [1, "true"]),
        ("NOT_EQUAL", "Notar", ["notar", 1], ["Notar"]),
        ("LIKE", "tür", ["Haustür", "TÜR 2"], ["tor", 7]),
        ("LIKE", "haus%tür*auf", ["Haus und\nTür sind auf"], ["Tür auf"]),
        ("LIKE", "(a.", ["x(a.b"], ["(ab"]),
        ("GREATER", 5, [5.5, 6], [5, "6", True]),
        ("GREATER_EQUAL", 5, [5, 6], [4.9]),
        ("LESS", "2026-11-23", ["2026-11-22"], ["2026-11-23", 5]),
        ("LESS_EQUAL", 5, [5, -1], [6]),
        ("IN", ["a", 1], ["a", 1], ["b", True]),
        ("BETWEEN", [1, 3], [1, 2, 3], [0, 4, "2"]),
        ("BETWEEN", {"from": 1, "to": 3}, [1, 3], [4]),
        ("OLDER_THAN_X_DAYS", 2, [NOW * 1000 - 2 * DAY_MS - 1], [NOW * 1000 - 2 * DAY_MS, "old"]),
    ],
)
def test_what_an_operator_matches(name: str, wanted: Any, matching: list[Any], others: list[Any]) -> None:
    test = OPERATORS[name](wanted, NOW)
    assert [value for value in matching if not test(value)] == []
    assert [value for value in others if test(value)] == []


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("IN", []), ("IN", "a"), ("BETWEEN", [1]), ("BETWEEN", 1), ("OLDER_THAN_X_DAYS", "2")],
)
def test_a_value_of_the_wrong_shape_is_refused(name: str, wanted: Any) -> None:
    with pytest.raises(Refused):
        OPERATORS[name](wanted, NOW)
