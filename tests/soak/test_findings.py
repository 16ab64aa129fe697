"""A soak that has seen what is not promised says so."""

from typing import Any

import pytest

from calsync.values import replace
from tests.soak.findings import MIB, Findings
from tests.soak.service import Sample

FIRST = Sample(at=0.0, memory=100 * MIB, cpu=10.0, tasks=1600, files=17)
LAST = Sample(at=900.0, memory=104 * MIB, cpu=100.0, tasks=1604, files=18)
GOOD = Findings(
    seconds=1800.0,
    accounts=200,
    entered=5000,
    overwritten=3,
    complaints=[],
    converged=True,
    requests=40_000,
    faults={"outage": 4},
    restarts=10,
    reloads=12,
    longest_stop=3.4,
    exit_codes=[0],
    mails=0,
    pages=250,
    messages=900,
    refused={},
    bugs=0,
    first=FIRST,
    last=LAST,
    samples=[LAST],
)


def test_what_keeps_every_promise_is_kept() -> None:
    assert GOOD.kept
    assert "MISSED" not in GOOD.table()
    assert GOOD.as_json()["kept"] is True


@pytest.mark.parametrize(
    "seen",
    [
        {"complaints": ["account-001: lost"]},
        {"converged": False},
        {"overwritten": 51},
        {"mails": 1},
        {"pages": 0},
        {"messages": 0},
        {"refused": {"/ 500": 1}},
        {"bugs": 1},
        {"longest_stop": 10.1},
        {"exit_codes": [0, 1]},
        {"exit_codes": []},
        {"last": replace(LAST, memory=106 * MIB)},
        {"last": replace(LAST, tasks=1611)},
        {"last": replace(LAST, files=28)},
    ],
    ids=str,
)
def test_what_misses_one_is_not(seen: dict[str, Any]) -> None:
    findings = replace(GOOD, **seen)
    assert not findings.kept
    assert findings.table().count("MISSED") == 1
