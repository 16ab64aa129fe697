"""Nothing from outside reaches a terminal raw, whatever command prints it: no control, no direction character."""

from __future__ import annotations

import ast
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import calsync.cli
from calsync.cli import (
    check_report,
    failures,
    holds_report,
    login_report,
    plan_report,
    plugin_report,
    sync_report,
    undo_report,
)
from calsync.cli.text import JOINER, UNSEEN, plain
from calsync.desk.decisions import Case
from calsync.engine import Counts
from calsync.loader import Plugin
from calsync.loader.manifest import Manifest
from calsync.ports import DeviceCode
from calsync.results import AccountPlan, AccountResult, CheckResult, Discovered, Message, SyncResult, Undone
from calsync.sync.approved import Drift, Moved, plan_lines
from calsync.sync.choices import Choice
from calsync.sync.model import Event, Observation, Side, Timed
from calsync.sync.plan import Kind, Operation, Plan
from calsync_flowfact import commands, schema_report
from calsync_flowfact.answers import Answer
from calsync_flowfact.suggest import Confidence, Suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOSTILE = "weg\x1b[2J\x1b]0;x\x07\u202egnp\u2066\r\n\x9b31m\u2028\ufeffweg"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVENT = Event(summary=HOSTILE, when=Timed(NOW, NOW.replace(hour=10)), description=HOSTILE)
SEEN = Observation(id=HOSTILE, event=EVENT, revision=HOSTILE)
OTHER = Observation(id=HOSTILE, event=EVENT.with_values({"description": "anders " + HOSTILE}), revision=HOSTILE)
UPDATE = Operation(kind=Kind.UPDATE, side=Side.RIGHT, reason=HOSTILE, source=SEEN, changes={"summary": HOSTILE})
DRIFT = Drift(moved=[Moved("added", line) for line in plan_lines(Plan((UPDATE,)))], window=True)
SYNCED = SyncResult(
    1.0,
    {HOSTILE: 1},
    {
        HOSTILE: AccountResult(
            left=Counts(skipped=Counter({HOSTILE: 1})),
            ok=True,
            messages=(
                Message(Kind.HOLD, Side.LEFT, HOSTILE, 1),
                Message(Kind.SKIP, Side.LEFT, HOSTILE, 1, done=True),
            ),
        ),
        f"{HOSTILE}2": AccountResult(ok=False, error=HOSTILE),
        f"{HOSTILE}3": AccountResult(ok=False, error=HOSTILE, drift=DRIFT),
    },
)
PLANS = {HOSTILE: AccountPlan(Plan((UPDATE,)), HOSTILE, "restored"), "b": AccountPlan(None, HOSTILE)}
UNDONE = Undone(Plan((UPDATE,)), HOSTILE, {side: Counts() for side in Side})
PEOPLE = [
    Discovered(account=HOSTILE, address=HOSTILE, mailbox=HOSTILE),
    Discovered(account=HOSTILE, address=HOSTILE, reason=HOSTILE, error=HOSTILE),
]
CASE = Case(
    name="aaaa1111",
    side=Side.RIGHT,
    event_id=HOSTILE,
    kind=Kind.UPDATE,
    reason=HOSTILE,
    since=NOW,
    left=SEEN,
    right=OTHER,
    gone=None,
    choices=(Choice.RELEASE,),
    decided=None,
    shown=HOSTILE,
)
FOUND = [CheckResult(HOSTILE, severity, HOSTILE) for severity in ("ok", "warning", "error")]
DEVICE = DeviceCode(address=HOSTILE, code=HOSTILE, until=NOW)
PLUGIN = Plugin(
    manifest=Manifest(
        domain=HOSTILE,
        name=HOSTILE,
        version=HOSTILE,
        kind="rules",
        documentation=HOSTILE,
        providers=frozenset(),
        rules=frozenset({HOSTILE}),
        commands=frozenset({HOSTILE}),
    ),
    module=HOSTILE,
    origin=HOSTILE,
)
PROPERTIES = {HOSTILE: {"type": HOSTILE, "captions": {"de": HOSTILE, "en": HOSTILE}}}
SUGGESTED = Suggestion(
    key="summary", field=HOSTILE, codec=HOSTILE, confidence=Confidence.SURE, kind=HOSTILE, caption=HOSTILE
)

PRINTED: dict[str, Callable[[], Iterable[str]]] = {
    "check_report": lambda: check_report.lines(FOUND),
    "holds_report": lambda: [
        *holds_report.lines({HOSTILE: [CASE]}, "de"),
        holds_report.decided(HOSTILE, [CASE], Choice.RELEASE, "en"),
    ],
    "login_report": lambda: [*login_report.invitation(DEVICE, "de"), login_report.done(HOSTILE, HOSTILE, "en")],
    "plan_report": lambda: plan_report.lines(PLANS, "en", PEOPLE, Path(HOSTILE)),
    "undo_report": lambda: undo_report.lines(HOSTILE, UNDONE, "de", done=False),
    "plugin_report": lambda: plugin_report.lines([PLUGIN]),
    "sync_report": lambda: sync_report.lines(SYNCED, "de"),
    "flowfact commands": lambda: commands.answer_lines(
        [Answer(question=HOSTILE, severity="ok", en=HOSTILE, de=HOSTILE)]
    ),
    "flowfact schema_report": lambda: [
        *schema_report.schema_lines(PROPERTIES, "de"),
        *schema_report.mapping_lines(HOSTILE, HOSTILE, [SUGGESTED], "en"),
    ],
}

SAFE = {
    *("plain", "dumps", "len", "table", "get_help"),
    *("lines", "decided", "done", "invitation", "answer_lines", "schema_lines", "mapping_lines"),
}
"""What makes text fit to be printed, or returns only such text."""
OWN = {"told", "state", "direction", "until", "count", "link"}
"""Names of calsync's own words and numbers."""
ELSEWHERE = {"activity_report", "status_report"}
"""Reports of what the desk tells; their tests ask them."""


def raw(line: str) -> list[str]:
    """Return what would act on a terminal, or reorder what it shows."""
    return [each for each in line if plain(each) != each]


def test_what_is_hostile_is_known_as_such() -> None:
    assert len(raw(HOSTILE)) == 10
    assert not raw(f"Familie 👨{JOINER}👩")
    assert {"Cc", "Cf", "Zl", "Zp"} <= UNSEEN


@pytest.mark.parametrize("report", PRINTED)
def test_a_report_shows_hostile_text_as_escapes(report: str) -> None:
    lines = list(PRINTED[report]())
    assert [line for line in lines if raw(line)] == []
    assert any("\\x1b" in line for line in lines)


def test_every_report_is_asked() -> None:
    there = {path.stem for path in Path(calsync.cli.__file__).parent.glob("*_report.py")}
    assert there - ELSEWHERE <= PRINTED.keys()


def test_so_are_problems_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    failures.tell([HOSTILE, *check_report.errors(FOUND)])
    failures.print_json({"errors": [HOSTILE], HOSTILE: HOSTILE})
    printed = capsys.readouterr()
    assert [line for line in (printed.out + printed.err).split("\n") if raw(line)] == []
    assert json.loads(printed.out)[HOSTILE] == HOSTILE


def test_nothing_prints_but_through_these() -> None:
    """Each `click.echo` prints a report, a constant sentence, or what went through `plain` or JSON."""
    folders = [Path(calsync.cli.__file__).parent, Path(commands.__file__).parent]
    for path in (path for folder in folders for path in folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                pytest.fail(f"{path.name}:{node.lineno} prints")
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "click.echo":
                assert _is_safe(node.args[0]), f"{path.name}:{node.lineno}: {ast.unparse(node.args[0])}"


def _is_safe(printed: ast.expr) -> bool:
    if isinstance(printed, ast.JoinedStr):
        return all(_is_safe(part.value) for part in printed.values if isinstance(part, ast.FormattedValue))
    if isinstance(printed, ast.Call) and ast.unparse(printed.func) == "'\\n'.join":
        return _is_safe(printed.args[0])
    if isinstance(printed, ast.Call):
        return ast.unparse(printed.func).rpartition(".")[2] in SAFE
    return isinstance(printed, ast.Constant) or (isinstance(printed, ast.Name) and printed.id in OWN)
