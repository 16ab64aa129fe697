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
    activity_report,
    check_report,
    conformance_report,
    explain_report,
    failures,
    holds_report,
    leaving_report,
    login_report,
    plan_report,
    plugin_report,
    status_report,
    sync_report,
    undo_report,
)
from calsync.cli.text import JOINER, UNSEEN, plain
from calsync.desk.activity import KINDS, Activity
from calsync.desk.chart import Day
from calsync.desk.decisions import Case
from calsync.desk.explain import Hit, Hits
from calsync.desk.left_out import How, LeftOut, LeftOutPage
from calsync.desk.mails import Mails
from calsync.desk.overview import Overview, Row
from calsync.desk.repairs import Cause, Repair
from calsync.desk.showing import AccountPage, Page
from calsync.desk.statuses import Health
from calsync.engine import Counts, Leaving, Undone
from calsync.engine.unmark import Marked
from calsync.history import RunRecord, Tally
from calsync.loader import Plugin, Plugins
from calsync.loader.details import Details
from calsync.loader.manifest import Manifest
from calsync.loader.quality import RULES, Quality
from calsync.ports import DeviceCode
from calsync.results import (
    AccountPlan,
    AccountResult,
    CheckResult,
    Discovered,
    Erased,
    Left,
    Message,
    SyncResult,
)
from calsync.service import State, Status
from calsync.sync.approved import Drift, Moved, plan_lines
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Event, Observation, Side, Timed
from calsync.sync.plan import Kind, Operation, Plan
from calsync.testing.conformance import Conformance, Promise
from calsync_flowfact import commands, schema_report
from calsync_flowfact.answers import Answer
from calsync_flowfact.suggest import Confidence, Suggestion
from tests.desk.office import config

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
UNDONE = Undone(Plan((UPDATE,)), HOSTILE, {side: Counts() for side in Side}, 7)
SKIP = Operation(kind=Kind.SKIP, side=Side.RIGHT, reason=HOSTILE, source=SEEN)
DELETE = Operation(kind=Kind.DELETE, side=Side.RIGHT, reason=HOSTILE, target=SEEN)
LEAVING = Leaving(
    plan=Plan((SKIP, DELETE)), hash="0", staying=1, run=1, marked=[Marked(Side.RIGHT, SEEN, HOSTILE)]
)
LEFT = Left(LEAVING, {side: Counts() for side in Side})
ERASED = Erased(configured=True, kept_off=True, copies=[Path(HOSTILE)])
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
BLOCKED = LeftOutPage(
    rows=[
        LeftOut(
            how=How.BLOCKED,
            reason=HOSTILE,
            side=Side.LEFT,
            system=HOSTILE,
            event_id=HOSTILE,
            summary=HOSTILE,
            when=None,
            since=None,
        )
    ],
    counts={},
    total=1,
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
QUALITY = Quality({name: {"todo": HOSTILE} for name in RULES})
CONFORMANCE = Conformance([Promise("feed", HOSTILE, result, HOSTILE) for result in ("pass", "fail")], [HOSTILE])
PROPERTIES = {HOSTILE: {"type": HOSTILE, "captions": {"de": HOSTILE, "en": HOSTILE}}}
SUGGESTED = Suggestion(
    key="summary", field=HOSTILE, codec=HOSTILE, confidence=Confidence.SURE, kind=HOSTILE, caption=HOSTILE
)

TITLES = dict.fromkeys(Side, HOSTILE)
ROW = Row(
    account=HOSTILE,
    titles=TITLES,
    direction=Direction.BOTH,
    status=Status(account=HOSTILE, state=State.FAILING, since=NOW, error=HOSTILE, error_class="LoginError"),
    health=Health.FAILING,
)
CARDS = [
    Repair(
        cause=cause,
        account=HOSTILE,
        connection=HOSTILE,
        system=HOSTILE,
        other=HOSTILE,
        reason=HOSTILE,
        detail=HOSTILE,
    )
    for cause in Cause
]
PAGE = AccountPage(
    row=ROW,
    whose=HOSTILE,
    config=config("anna"),
    days=[Day(day=NOW.date(), tally=Tally(created=1), broken=1)],
    runs=[RunRecord(number=1, began=NOW, ended=NOW, error=HOSTILE)],
    last_writes=[],
    mails=Mails(prevented=1, copies=1, people=1, blocked=1),
    repairs=CARDS,
    untold={HOSTILE: [HOSTILE]},
    left_out={(How.HELD, HOSTILE): 1},
    own=True,
)
LEFT_OUT = LeftOutPage(
    rows=[
        LeftOut(
            how=how,
            reason=HOSTILE,
            side=Side.LEFT,
            system=HOSTILE,
            event_id=HOSTILE,
            summary=HOSTILE,
            when=EVENT.when,
            since=NOW,
        )
        for how in How
    ],
    counts={},
    total=99,
)
HITS = Hits(rows=[Hit(side=Side.LEFT, event_id=HOSTILE, system=HOSTILE, summary=HOSTILE, when=None)], total=2)
DONE = Page(
    [
        Activity(
            number=1,
            at=NOW,
            run=1,
            kind=str(kind),
            reason=HOSTILE,
            side=Side.LEFT,
            source=HOSTILE,
            target=HOSTILE,
            event_id=HOSTILE,
            summary=HOSTILE,
            when=EVENT.when,
            before={"summary": HOSTILE},
            after={"summary": HOSTILE},
        )
        for kind in KINDS
    ],
    more=1,
)

PRINTED: dict[str, Callable[[], Iterable[str]]] = {
    "activity_report": lambda: activity_report.lines(DONE, "de"),
    "status_report": lambda: [
        *status_report.lines(Overview(rows=[ROW], total=1), CARDS, "en"),
        *status_report.account_lines(PAGE, LEFT_OUT, "de"),
    ],
    "check_report": lambda: check_report.lines(FOUND, "de"),
    "explain_report": lambda: [*explain_report.choices(HITS, "de"), explain_report.unknown(HOSTILE, "en")],
    "holds_report": lambda: [
        *holds_report.lines({HOSTILE: [CASE]}, {HOSTILE: BLOCKED}, "de"),
        holds_report.decided(HOSTILE, [CASE], Choice.RELEASE, "en"),
    ],
    "login_report": lambda: [*login_report.invitation(DEVICE, "de"), login_report.done(HOSTILE, HOSTILE, "en")],
    "plan_report": lambda: plan_report.lines(PLANS, "en", PEOPLE, Path(HOSTILE)),
    "undo_report": lambda: undo_report.lines(HOSTILE, UNDONE, "de", done=False),
    "leaving_report": lambda: [
        *leaving_report.lines(HOSTILE, LEFT, "de", done=False),
        *leaving_report.lines(HOSTILE, LEFT, "en", done=True),
        *leaving_report.erased(HOSTILE, ERASED, "de"),
    ],
    "plugin_report": lambda: [
        *plugin_report.lines(Plugins([PLUGIN])),
        *plugin_report.broken(Plugins([], [HOSTILE])),
        *plugin_report.lines(Plugins([PLUGIN]), {PLUGIN: Details(hooks=["calsync_rules"], quality=QUALITY)}),
        *plugin_report.lines(Plugins([PLUGIN]), {PLUGIN: Details(problem=HOSTILE)}),
    ],
    "conformance_report": lambda: [
        *(conformance_report.line(promise) for promise in CONFORMANCE.promises),
        *conformance_report.lines(CONFORMANCE),
        *conformance_report.left_behind(CONFORMANCE),
    ],
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
    *("line", "lines", "choices", "decided", "done", "erased", "invitation"),
    *("answer_lines", "schema_lines", "mapping_lines"),
}
"""What makes text fit to be printed, or returns only such text."""
OWN = {"told", "state", "direction", "until", "count", "link"}
"""Names of calsync's own words and numbers."""


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
    assert there <= PRINTED.keys()


def test_so_are_problems_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    failures.tell([HOSTILE, *check_report.errors(FOUND, "en")])
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
    if isinstance(printed, ast.Call) and isinstance(printed.func, ast.Attribute) and printed.func.attr == "format":
        return _is_safe(printed.func.value) and all(_is_safe(given.value) for given in printed.keywords)
    if isinstance(printed, ast.Subscript):  # a table of calsync's own words
        return ast.unparse(printed).partition("[")[0].isupper()
    if isinstance(printed, ast.Call):
        return ast.unparse(printed.func).rpartition(".")[2] in SAFE
    return isinstance(printed, ast.Constant) or (isinstance(printed, ast.Name) and printed.id in OWN)
