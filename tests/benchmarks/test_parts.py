"""Each part of `make bench` still measures what it is about: few events, one round, no bounds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks import crowd, deciding, environment, parts
from benchmarks.figures import as_json, contest_table, measured_table, table
from tests.postgresql import NOT_THERE

if TYPE_CHECKING:
    from collections.abc import Collection

EVENTS = 40
others = pytest.mark.skipif(
    not environment.BIN.is_dir(), reason="make bench installs the clients it compares with"
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"EVENTS": EVENTS, "CHANGES": 3, "LARGE": 3 * EVENTS, "CHANGES_PER_ROUND": 1}
    for name, value in {**sizes, "SMALL": 100, "TENANTS": (1, 4), "ACCOUNTS": 5}.items():
        monkeypatch.setattr(parts, name, value)
    monkeypatch.setattr(deciding, "PAIRS", EVENTS)
    for name, value in {"ACCOUNTS": 6, "FEW": 2, "CHANGES": 4, "POLL": 2, "POLLS": 1}.items():
        monkeypatch.setattr(crowd, name, value)


def measured(name: str) -> parts.Found:
    found = parts.Found()
    parts.ALL[name](found, 1)
    return found


def clients(found: parts.Found, work: str) -> Collection[str]:
    (contest,) = [one for one in found.contests if one.work.startswith(work)]
    assert all(
        cost.wall > 0 and cost.cpu > 0 and cost.memory > 0 for costs in contest.costs.values() for cost in costs
    )
    return contest.costs.keys()


def test_reconcile_is_measured_when_nothing_and_when_all_has_changed() -> None:
    quiet, changed = measured("deciding").figures
    assert quiet.median > changed.median > 0


def test_a_first_sync_is_measured_beside_a_bare_loop() -> None:
    found = measured("importing")
    assert clients(found, "first sync of 40 events of Exchange") == {"calsync", "bare loop"}
    assert clients(found, "first sync of 40 events through Graph") == {"calsync", "bare loop"}
    assert clients(found, "first sync of 100 events through Graph, answers after") == {"calsync", "bare loop"}


def test_following_is_measured_beside_exchangelib() -> None:
    found = measured("following")
    assert clients(found, "following Exchange, 3 changes") == {"calsync", "bare loop", "exchangelib"}
    (quiet,) = [one for one in found.contests if one.work.endswith(" 0 changes")]
    assert [cost.requests for costs in quiet.costs.values() for cost in costs] == [1, 1, 1]


def test_many_accounts_are_measured() -> None:
    figures = {one.name: one.median for one in measured("crowds").figures}
    assert figures["its requests of each"] <= 2
    assert all(0 < seconds < 60 for name, seconds in figures.items() if "doorbell" in name)


def test_a_quiet_poll_of_a_tenant_is_one_request_for_all_its_accounts() -> None:
    figures = measured("tenants").figures
    assert [one.median for one in figures if one.name.endswith("requests")] == [1, 1]


def test_workers_on_postgresql_read_accounts_that_have_nothing_to_do_but_to_ask_for_news() -> None:
    figures = {one.name: one.median for one in measured("hosting").figures}
    if not figures:
        pytest.skip(NOT_THERE)
    assert 0 < figures["PostgreSQL, workers: a round of 5 accounts"] < 60
    assert all(value > 0 for value in figures.values())


@others
def test_a_calendar_s_life_is_measured_beside_vdirsyncer() -> None:
    found = measured("growing")
    for work in ("first sync, 100", "no change, 100", "1 % changed, 100"):
        assert clients(found, work) == {"calsync", "vdirsyncer"}
    assert clients(found, "first sync, 40") == {"calsync"}


@others
def test_reading_is_measured_beside_all_clients_and_told_as_tables_and_as_json() -> None:
    found = measured("reading")
    assert clients(found, "reading 40 events of Exchange") == {"calsync", "bare loop", "exchangelib"}
    assert clients(found, "reading 40 events through Graph") == {"calsync", "bare loop", "msgraph-sdk", "O365"}
    parts.deciding(found, 1)
    shown = table(found.ratios), measured_table(found.figures), contest_table(found.contests)
    assert all(shown)
    told = json.loads(json.dumps(as_json(found.ratios, found.figures, found.contests)))
    assert {one["client"] for one in told["contests"]} == {
        "calsync",
        "bare loop",
        "exchangelib",
        "msgraph-sdk",
        "O365",
    }
    bounds = {one["name"]: one["at_most"] for one in told["ratios"]}
    assert bounds["reading 40 events of Exchange, client CPU, exchangelib"] == 0.25
