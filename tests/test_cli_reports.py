"""What commands print: JSON whose keys never change meaning, and tables for people."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from calsync.cli import check_report, login_report, plan_report, plugin_report, sync_report
from calsync.engine import Counts
from calsync.loader import Plugin, Plugins
from calsync.loader.details import Details
from calsync.loader.manifest import Manifest
from calsync.loader.quality import RULES, Quality
from calsync.ports import DeviceCode
from calsync.results import AccountPlan, AccountResult, CheckResult, Discovered, Message, SyncResult
from calsync.sync.model import AllDay, Draft, Event, Observation, Side, Timed
from calsync.sync.plan import Kind, Operation, Plan
from calsync.values import replace

WHEN = Timed(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
SEEN = Observation(id="a", event=Event(summary="Notar \u202egnal", when=WHEN), revision="1")
UPDATE = Operation(
    kind=Kind.UPDATE, side=Side.RIGHT, reason="changed", source=SEEN, changes={"summary": "x", "description": "y"}
)
BLOCK = replace(UPDATE, kind=Kind.BLOCK, reason="has_attendees", wanted=Kind.UPDATE)
CREATE = Operation(
    kind=Kind.CREATE,
    side=Side.LEFT,
    reason="new",
    source=replace(SEEN, event=Event(summary="Messe", when=AllDay(date(2026, 5, 4), date(2026, 5, 6)))),
    draft=Draft(summary="Messe", when=WHEN, description="", reminder=15),
)
SYNCED = SyncResult(
    1.23456,
    {"flowfact": 4, "m365": 6},
    {
        "anna": AccountResult(
            left=Counts(created=1, skipped=Counter(series=2)),
            right=Counts(updated=12, blocked=1, failed=1),
            ok=True,
            messages=(
                Message(Kind.BLOCK, Side.RIGHT, "has_attendees", 1),
                Message(Kind.HOLD, Side.LEFT, "conflict", 2),
                Message(Kind.CREATE, Side.RIGHT, "the server says\x07 no", 1),
                Message(Kind.UPDATE, Side.RIGHT, "overruled", 1, done=True),
            ),
        ),
        "bert": AccountResult(ok=False, error="m365: cannot reach the server"),
    },
)


def test_sync_json_has_the_agreed_keys() -> None:
    content = sync_report.as_json(SYNCED)
    assert content["seconds"] == 1.235
    assert content["requests"] == {"flowfact": 4, "m365": 6}
    anna = content["accounts"]["anna"]
    assert anna["left"] == {
        "created": 1,
        "updated": 0,
        "deleted": 0,
        "linked": 0,
        "held": 0,
        "blocked": 0,
        "failed": 0,
        "skipped": {"series": 2},
    }
    assert anna["right"]["updated"] == 12
    assert (anna["ok"], anna["error"]) == (True, None)
    bert = content["accounts"]["bert"]
    assert (bert["ok"], bert["error"]) == (False, "m365: cannot reach the server")


def test_sync_json_says_what_to_do_in_both_languages() -> None:
    blocked, held, failed, overruled = sync_report.as_json(SYNCED)["accounts"]["anna"]["messages"]
    assert (blocked["operation"], blocked["side"], blocked["reason"], blocked["count"]) == (
        "block",
        "right",
        "has_attendees",
        1,
    )
    assert "do not use attendees with two-way sync" in blocked["en"]
    assert "keine Teilnehmer" in blocked["de"]
    assert held["reason"] == "conflict"
    assert failed["en"] == failed["de"] == "the server says\x07 no"
    assert [message["done"] for message in (blocked, held, failed, overruled)] == [False, False, False, True]
    assert "the value that lost is in the ledger" in overruled["en"]
    assert "steht im Protokoll" in overruled["de"]


def test_sync_shows_a_table_for_each_account_and_what_to_do() -> None:
    lines = sync_report.lines(SYNCED, "de")
    assert lines[:4] == [
        "anna",
        "          neu  geändert  gelöscht  zugeordnet  wartend  gesperrt  gescheitert  ausgelassen",
        "  links     1         0         0           0        0         0            0            2",
        "  rechts    0        12         0           0        0         1            1            0",
    ]
    assert lines[4].startswith("  links: 2 ausgelassen. Der Termin gehört zu einer Serie")
    assert lines[5].startswith("  rechts: 1 gesperrt. Der Termin hat in Outlook Teilnehmer")
    assert lines[6].startswith("  links: 2 wartend. Beide Seiten haben dasselbe Feld geändert")
    assert lines[7] == r"  rechts: 1 gescheitert. the server says\x07 no"
    assert lines[8].startswith("  rechts: 1 vermerkt. Beide Seiten hatten dasselbe Feld geändert")
    assert lines[10] == "bert: gescheitert"
    assert lines[-1] == "Anfragen: flowfact 4, m365 6; 1.2 Sekunden"


def test_sync_shows_what_a_failed_account_has_done() -> None:
    failed = AccountResult(left=Counts(created=10), ok=False, error="m365: cannot reach the server")
    result = SyncResult(0.0, {}, {"anna": failed})
    assert sync_report.as_json(result)["accounts"]["anna"]["left"]["created"] == 10
    lines = sync_report.lines(result, "en")
    assert lines[0] == "anna: failed"
    assert lines[2].split()[:2] == ["left", "10"]


def test_sync_speaks_english_otherwise() -> None:
    assert sync_report.lines(SYNCED, "en")[:4] == [
        "anna",
        "         created  updated  deleted  linked  held  blocked  failed  skipped",
        "  left         1        0        0       0     0        0       0        2",
        "  right        0       12        0       0     0        1       1        0",
    ]
    assert any("It belongs to a series" in line for line in sync_report.lines(SYNCED, "en"))
    assert sync_report.lines(SyncResult(0.0, {}, {}), "en") == ["requests: none; 0.0 seconds"]


def test_plan_json_has_the_agreed_keys() -> None:
    plan = Plan(operations=(UPDATE, BLOCK, CREATE))
    content = plan_report.as_json({"anna": AccountPlan(plan, None), "bert": AccountPlan(None, "no server")})
    assert content == {
        "accounts": {
            "anna": {
                "hash": plan.hash,
                "operations": [
                    {
                        "operation": "update",
                        "side": "right",
                        "reason": "changed",
                        "fields": ["summary", "description"],
                        "wanted": None,
                    },
                    {
                        "operation": "block",
                        "side": "right",
                        "reason": "has_attendees",
                        "fields": ["summary", "description"],
                        "wanted": "update",
                    },
                    {
                        "operation": "create",
                        "side": "left",
                        "reason": "new",
                        "fields": ["summary", "when", "description"],
                        "wanted": None,
                    },
                ],
                "error": None,
            },
            "bert": {"hash": "", "operations": [], "error": "no server"},
        },
        "discovered": [],
    }


def test_a_short_plan_is_shown_operation_by_operation_and_counted() -> None:
    plan = Plan(operations=(UPDATE, CREATE, replace(UPDATE, source=None)))
    assert plan_report.lines({"anna": AccountPlan(plan, None)}, "en") == [
        f"anna (plan {plan.hash})",
        r"  update  right  2026-03-02 09:00 UTC  Notar \u202egnal",
        "      title  -> x",
        "      notes  -> y",
        "  create  left   2026-05-04            Messe",
        "      time  -> 2026-03-02 09:00 - 10:00 UTC",
        "  update  right",
        "      title  -> x",
        "      notes  -> y",
        "  2  update  right  It was changed on the other side.",
        "  1  create  left   It is new and is copied to the other side.",
    ]


CHANGED = replace(
    UPDATE,
    target=replace(SEEN, event=Event(summary="Termin", when=AllDay(date(2026, 5, 4), date(2026, 5, 6)))),
    changes={"summary": "Privat", "when": WHEN, "description": "Zeile 1\n" + "x" * 60},
    rules={"summary": "private_mask"},
)


def test_each_field_is_shown_with_its_old_and_new_value_and_the_rule_that_decided() -> None:
    held = replace(CHANGED, kind=Kind.HOLD, reason="brake_rewrites", wanted=Kind.UPDATE)
    gone = Operation(kind=Kind.DELETE, side=Side.LEFT, reason="deleted", target=CHANGED.target)
    kept = replace(CHANGED, kind=Kind.SKIP, reason="online_meeting", guard="mine")
    lines = plan_report.operations(Plan(operations=(CHANGED, held, gone, kept)), "de")
    fields = [
        "      Betreff  Termin -> Privat (private_mask)",
        "      Zeit     2026-05-04 - 2026-05-05 -> 2026-03-02 09:00 - 10:00 UTC",
        f"      Notizen  (leer) -> Zeile 1\\n{'x' * 51}…",
    ]
    assert lines[:10] == [
        r"  ändern                 rechts  2026-03-02 09:00 UTC  Notar \u202egnal",
        *fields,
        r"  zurückhalten (ändern)  rechts  2026-03-02 09:00 UTC  Notar \u202egnal",
        *fields,
        "  löschen                links   2026-05-04            Termin",
        r"  auslassen              rechts  2026-03-02 09:00 UTC  Notar \u202egnal",
    ]
    assert lines[10] == "      Betreff, Zeit, Notizen"
    assert lines[-1].endswith("(mine)")


def test_of_a_long_plan_the_first_are_shown_and_all_are_counted() -> None:
    plan = Plan(operations=(replace(CREATE, draft=None),) * 20 + (UPDATE,) * 21)
    first, *shown, more, created, changed = plan_report.lines({"anna": AccountPlan(plan, None)}, "de")
    assert (first, len(shown)) == (f"anna (plan {plan.hash})", 20)
    assert more == "  ... und 21 weitere"
    assert created.startswith("  20  anlegen  links ")
    assert [changed] == [
        "  21  ändern   rechts  Der Termin wurde auf der anderen Seite geändert.",
    ]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (AccountPlan(Plan(operations=()), None), "anna: nothing to do"),
        (AccountPlan(None, "no server"), "anna: no plan could be made"),
    ],
)
def test_an_account_without_operations(result: AccountPlan, expected: str) -> None:
    assert plan_report.lines({"anna": result}, "en") == [expected]


FOUND = [
    CheckResult("connection m365", "ok", "signed in"),
    CheckResult("account anna", "warning", "writes\x1b are not proven"),
    CheckResult("account bert", "error", "the mailbox is read-only"),
]


def test_check_shows_what_is_good_and_tells_errors_apart() -> None:
    assert check_report.lines(FOUND, "en") == [
        "ok       connection m365  signed in",
        r"warning  account anna     writes\x1b are not proven",
        "errors: 1, warnings: 1",
    ]
    assert check_report.errors(FOUND, "en") == ["account bert: the mailbox is read-only"]
    assert check_report.lines([], "en") == ["errors: 0, warnings: 0"]


def test_check_speaks_german_where_somebody_has_written_that() -> None:
    found = [
        CheckResult("connection m365", "ok", "signed in", "Angemeldet"),
        CheckResult("discovery", "warning", "nobody", "Niemand"),
        CheckResult("account bert", "error", "read-only", "Der Kalender lässt sich nur lesen"),
        CheckResult("store", "warning", "the disk is slow"),
    ]
    assert check_report.lines(found, "de") == [
        "In Ordnung  Verbindung m365  Angemeldet",
        "Hinweis     Kontensuche      Niemand",
        "Hinweis     Speicher         the disk is slow",
        "Fehler: 1, Hinweise: 2",
    ]
    assert check_report.errors(found, "de") == ["Konto bert: Der Kalender lässt sich nur lesen"]


def test_check_json_has_every_finding() -> None:
    content = check_report.as_json(FOUND)
    assert content["ok"] is False
    assert content["findings"][2] == {
        "scope": "account bert",
        "severity": "error",
        "message": "the mailbox is read-only",
    }
    assert check_report.as_json(FOUND[:2])["ok"] is True


PLUGIN = Plugin(
    manifest=Manifest(
        domain="rules",
        name="Rules",
        version="0.1.0",
        kind="rules",
        documentation="README.md",
        providers=frozenset(),
        rules=frozenset({"b", "a"}),
        commands=frozenset({"demo"}),
    ),
    module="calsync_rules",
    origin="calsync 0.1.0",
)


def test_plugins_are_listed() -> None:
    assert plugin_report.lines(Plugins([PLUGIN])) == [
        "name   kind   version  from           provides",
        "rules  rules  0.1.0    calsync 0.1.0  rules: a, b; commands: demo",
    ]
    assert plugin_report.as_json(Plugins([PLUGIN]))["plugins"] == [
        {
            "name": "rules",
            "title": "Rules",
            "kind": "rules",
            "version": "0.1.0",
            "from": "calsync 0.1.0",
            "documentation": "README.md",
            "provides": {"providers": [], "rules": ["a", "b"], "commands": ["demo"]},
        }
    ]


def test_plan_shows_who_was_discovered_and_who_was_left_out() -> None:
    people = [
        Discovered(account="u-1", address="bert@example.de", mailbox="b@example.de"),
        Discovered(account="u-2", address="cora\x1b@example.de", reason="inactive"),
        Discovered(account="u-3", address="", reason="no_address"),
        Discovered(account="u-4", address="dora@example.de", reason="not_opened", error="it is gone"),
    ]
    lines = plan_report.lines({}, "de", people)
    assert lines[:3] == ["gefunden: 1", "  u-1  bert@example.de  b@example.de", "ausgelassen: 3"]
    assert plan_report.lines({}, "en", people)[::2][:2] == ["discovered: 1", "left out: 3"]
    assert lines[3] == "  cora\\x1b@example.de  Diese Benutzerin oder dieser Benutzer ist nicht aktiv."
    assert lines[4].startswith("  u-3  ")
    assert lines[5].endswith("lässt sich nicht öffnen. (it is gone)")
    assert plan_report.as_json({}, people)["discovered"][1] == {
        "account": "u-2",
        "address": "cora\x1b@example.de",
        "mailbox": None,
        "reason": "inactive",
        "error": None,
    }


def test_who_signs_in_is_told_what_to_do_in_both_languages() -> None:
    device = DeviceCode(address="https://microsoft.com/devicelogin", code="HXKB\u202eQWF", until=WHEN.end)
    for language, words in (("en", "Please open"), ("de", "Bitte öffnen Sie")):
        first, second = login_report.invitation(device, language)  # type: ignore[arg-type] # one of the two
        assert first.startswith(f"{words} https://microsoft.com/devicelogin")
        assert first.endswith(": HXKB\\u202eQWF")
        assert f"{WHEN.end.astimezone():%H:%M}" in second
    assert login_report.done("m365", "anna", "de") == "m365: angemeldet als anna"
    assert login_report.done("m365", "anna", "en") == "m365: signed in as anna"


def test_plugins_are_told_closely_with_hooks_quality_and_what_is_in_the_way() -> None:
    answers: dict[str, str | dict[str, str]] = {
        **dict.fromkeys(RULES, "done"),
        "rings": {"todo": "no doorbell\x1b yet"},
    }
    good = Details(hooks=["calsync_rules"], quality=Quality(answers))
    assert plugin_report.lines(Plugins([PLUGIN]), {PLUGIN: good}) == [
        "rules 0.1.0 from calsync 0.1.0",
        "  hooks: calsync_rules",
        "  quality: gold",
        "  to do: rings: no doorbell\\x1b yet",
    ]
    told = plugin_report.as_json(Plugins([PLUGIN]), {PLUGIN: good})["plugins"][0]
    assert (told["hooks"], told["quality"], told["to_do"]) == (["calsync_rules"], "gold", ["rings"])
    broken = plugin_report.lines(Plugins([PLUGIN]), {PLUGIN: Details(problem="it cannot be imported")})
    assert broken[1:] == ["  cannot be used: it cannot be imported"]
