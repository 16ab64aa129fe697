"""A plan in a file: private, whole, and told apart from any other."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from stat import S_IMODE
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from calsync import plan_file
from calsync.engine import Report
from calsync.errors import ConfigError, StoreError
from calsync.plan_file import Planned, read_plans, write_plans
from calsync.sync.approved import plan_lines
from calsync.sync.model import AllDay, Direction, Draft, Event, Observation, Side, Timed, Window
from calsync.sync.plan import Kind, Operation, Plan
from calsync.values import replace

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=90), NOW + timedelta(days=365))
MEETING = Event(summary="Zahnarzt", when=Timed(NOW, NOW + timedelta(hours=1)), description="Dr. Weh", private=True)
DAYS = Event(summary="Urlaub", when=AllDay(NOW.date(), NOW.date() + timedelta(days=3)))
SOURCE = Observation(id="l1", event=MEETING, revision="1")
COPY = Observation(id="r1", event=replace(MEETING, summary="Privat", description=""), revision="1")
CREATE = Operation(
    kind=Kind.CREATE,
    side=Side.RIGHT,
    reason="new",
    source=SOURCE,
    draft=Draft(summary="Privat", when=MEETING.when, description="", reminder=15),
    rules={"summary": "private_mask", "description": "private_mask"},
)
UPDATE = Operation(
    kind=Kind.UPDATE,
    side=Side.RIGHT,
    reason="overruled",
    source=SOURCE,
    target=COPY,
    changes={"when": Timed(NOW + timedelta(hours=2), NOW + timedelta(hours=3))},
)
DELETE = Operation(kind=Kind.DELETE, side=Side.RIGHT, reason="deleted", source=SOURCE, target=COPY)
CONFLICT = replace(UPDATE, kind=Kind.HOLD, wanted=Kind.UPDATE, reason="conflict", changes={"summary": "Zahnarzt"})
SKIP = Operation(
    kind=Kind.SKIP, side=Side.LEFT, reason="series", source=Observation(id="l2", event=DAYS, revision="1")
)
LINK = Operation(
    kind=Kind.LINK, side=Side.RIGHT, reason="matched", source=replace(SOURCE, event=DAYS), target=COPY
)
PLAN = Plan((CREATE, UPDATE, DELETE, CONFLICT, SKIP, LINK))


def planned(plan: Plan = PLAN, **more: Any) -> Planned:
    account = Mock(
        calendars={side: Mock(key=f"{side} key") for side in Side},
        direction=Direction.BOTH,
        policy="right",
        on_target_edit="keep",
    )
    account.chain.rules = []
    return Planned(account, Report(plan=plan, window=WINDOW, **more))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def test_only_its_owner_can_read_it(path: Path) -> None:
    write_plans(path, {"anna": planned()}, NOW)
    assert S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("there", ["a file", "a link that leads nowhere"])
def test_nothing_is_written_over(path: Path, there: str) -> None:
    if there == "a file":
        path.write_text("precious")
    else:
        path.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(ConfigError, match="is there already"):
        write_plans(path, {"anna": planned()}, NOW)
    assert not path.with_name("elsewhere").exists()
    assert path.is_symlink() or path.read_text() == "precious"


def test_where_it_cannot_be_written_nothing_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        write_plans(path, {"anna": planned()}, NOW)
    assert not path.exists()
    with pytest.raises(StoreError, match=r"missing/plan\.json: cannot be written"):
        write_plans(path.parent / "missing" / "plan.json", {"anna": planned()}, NOW)


def test_it_is_read_as_it_was_approved(path: Path) -> None:
    write_plans(path, {"anna": planned(rebuild="first_sync"), "ben": planned(Plan(()))}, NOW)
    found = read_plans(path)
    assert found["anna"].hash == PLAN.hash
    assert found["anna"].waits == "first_sync"
    assert found["anna"].window == WINDOW
    assert found["anna"].calendars == {Side.LEFT: "left key", Side.RIGHT: "right key"}
    assert found["anna"].lines == plan_lines(PLAN)
    assert (found["ben"].hash, found["ben"].lines) == (Plan(()).hash, [])


def test_a_person_reads_what_becomes_of_each_field_and_by_whom(path: Path) -> None:
    write_plans(path, {"anna": planned()}, NOW)
    account = json.loads(path.read_text())["accounts"]["anna"]
    create, update, delete, conflict, link = account["lines"]
    assert create["operation"] == "create"
    assert create["changes"] == [
        {"field": "summary", "old": None, "new": "Privat", "rule": "private_mask"},
        {"field": "when", "old": None, "new": "2026-03-02T09:00:00+00:00/2026-03-02T10:00:00+00:00", "rule": None},
        {"field": "description", "old": None, "new": "", "rule": "private_mask"},
    ]
    assert create["reminder"] == 15
    assert (update["reason"], [one["field"] for one in update["changes"]]) == ("overruled", ["when"])
    assert update["changes"][0]["old"] == "2026-03-02T09:00:00+00:00/2026-03-02T10:00:00+00:00"
    assert update["changes"][0]["new"] == "2026-03-02T11:00:00+00:00/2026-03-02T12:00:00+00:00"
    assert [(one["field"], one["new"]) for one in delete["changes"]] == [
        ("summary", None),
        ("when", None),
        ("description", None),
    ]
    assert conflict["changes"] == [{"field": "summary", "old": "Privat", "new": "Zahnarzt", "rule": None}]
    assert (link["operation"], link["changes"], link["events"]["left"]["id"]) == ("link", [], "l1")
    assert (account["policy"], account["direction"], account["rules"]) == ("right", "both", [])
    totals = {(one["operation"], one["side"], one["reason"]): one["count"] for one in account["totals"]}
    assert totals[("skip", "left", "series")] == totals[("create", "right", "new")] == 1


def test_what_was_changed_by_hand_is_refused(path: Path) -> None:
    write_plans(path, {"anna": planned()}, NOW)
    content = json.loads(path.read_text())
    content["accounts"]["anna"]["hash"] = Plan(()).hash
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"plan\.json: is damaged, or was changed since it was made"):
        read_plans(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no plan, or is damaged"),
        (b'{"calsync_plan": 1, "acc', "is no plan, or is damaged"),
        (b"\xff\xfe", "is no plan, or is damaged"),
        (b"[]", "is no plan;"),
        (b"{}", "is no plan;"),
        (b'{"calsync_plan": 2}', "is a plan of version 2, and this calsync reads 1"),
        (b'{"calsync_plan": 1}', "is damaged"),
    ],
)
def test_what_is_no_plan_is_told(path: Path, content: bytes, told: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        read_plans(path)


def test_a_missing_file_is_told(path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_plans(path)


def test_one_of_another_shape_is_told_although_its_sum_is_right(path: Path) -> None:
    content = {"calsync_plan": 1, "accounts": {"anna": {}}}
    path.write_text(json.dumps({**content, "checksum": plan_file._checksum(content)}))
    with pytest.raises(ConfigError, match="is damaged"):
        read_plans(path)
