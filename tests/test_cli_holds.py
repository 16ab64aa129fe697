"""What waits is shown with both sides' values and what each choice does; a decision names what was seen."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import calsync.app
from calsync.cli import run
from calsync.cli.accounts import who
from calsync.desk.decisions import Case
from calsync.desk.left_out import How, LeftOut, LeftOutPage
from calsync.desk.outcomes import outcome
from calsync.errors import ConfigError
from calsync.people import OPERATOR
from calsync.sync.choices import Choice, offers
from calsync.sync.model import Direction, Event, Observation, Side, Timed
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from pathlib import Path

    from calsync.people import Person

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVENT = Event(summary="Notar \u202egnal", when=Timed(NOW, NOW.replace(hour=10)), description="Akte")


def case(kind: Kind, reason: str, name: str, **changes: object) -> Case:
    found = Case(
        name=name,
        side=Side.RIGHT,
        event_id="r1",
        kind=kind,
        reason=reason,
        since=NOW,
        left=Observation(id="l1", event=EVENT, revision="1"),
        right=Observation(id="r1", event=replace(EVENT, description="andere Akte"), revision="1"),
        gone=None,
        choices=offers(reason, kind, Direction.BOTH),
        decided=None,
        shown="abc",
    )
    return replace(found, **changes)  # type: ignore[arg-type] # as a test asks for


DELETE = case(Kind.DELETE, "brake_deletes", "aaaa1111", gone=Side.LEFT)
OTHER = case(Kind.DELETE, "brake_deletes", "aaaa2222", event_id="r2", right=None, decided=Choice.KEEP)
CONFLICT = case(Kind.UPDATE, "conflict", "bbbb1111", event_id="r3", left=None)
FAILED = case(Kind.HOLD, "rule_failed:shout", "cccc1111", event_id="r4", left=None, right=None)


class FakeApp:
    """Shows what a test has put into it, and takes each decision that is not taken yet."""

    cases: Mapping[str, Sequence[Case]] = {"anna": [DELETE, OTHER, CONFLICT, FAILED], "bert": []}
    blocked: Mapping[str, Sequence[LeftOut]] = {}
    over = False
    asked: tuple[Collection[str], Choice] | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[FakeApp]:
        del path
        yield cls()

    async def holds(self, account: str | None) -> Mapping[str, Sequence[Case]]:
        if account is not None and account not in self.cases:
            raise ConfigError([f"there is no account {account!r}"])
        return {name: cases for name, cases in self.cases.items() if account in {None, name}}

    @asynccontextmanager
    async def showing(self) -> AsyncIterator[FakeApp]:
        yield self

    async def left_out(self, person: Person, name: str, *, how: How) -> LeftOutPage:
        assert (person, how) == (OPERATOR, How.BLOCKED)
        rows = self.blocked.get(name, ())
        return LeftOutPage(rows=rows, counts={}, total=len(rows))

    async def decide(self, account: str, names: Collection[str], choice: Choice, by: str) -> Sequence[Case]:
        assert by == who()
        type(self).asked = (names, choice)
        named = [each for each in self.cases[account] if each.name in names and choice in each.choices]
        return [each for each in named if each.decided is None and not self.over]


@pytest.fixture(autouse=True)
def app(monkeypatch: pytest.MonkeyPatch) -> type[FakeApp]:
    fake = type("App", (FakeApp,), {})
    monkeypatch.setattr(calsync.app, "App", fake)
    monkeypatch.setenv("LC_ALL", "C")
    return fake


Printed = pytest.CaptureFixture[str]


def test_what_waits_is_shown_with_both_sides_and_what_each_choice_does(capsys: Printed) -> None:
    assert run(["holds", "-c", "x.yaml"]) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0] == "anna: 4 waiting"
    assert lines[2:4] == [
        "    release: It is deleted on the right.",
        "    keep: It stays on the right, and is not synced any more unless it comes back on the left.",
    ]
    shown = "aaaa1111 since 2026-03-02 09:00 UTC left (deleted) 2026-03-02 09:00 UTC Notar \\u202egnal Akte"
    assert " ".join(lines[4].split()) == shown
    assert "(decided: keep)" in printed
    assert "andere Akte" in lines[5]
    assert "bert" not in printed


def test_a_german_person_reads_german(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert run(["holds", "anna", "-c", "x.yaml"]) == 0
    assert "release: Der Termin wird rechts gelöscht." in capsys.readouterr().out
    assert run(["holds", "bert", "-c", "x.yaml"]) == 0
    assert capsys.readouterr().out == "Es wartet nichts auf Sie\n"


def test_json_holds_everything(capsys: Printed) -> None:
    assert run(["holds", "-c", "x.yaml", "--json"]) == 0
    accounts = json.loads(capsys.readouterr().out)["accounts"]
    assert accounts["bert"] == {"cases": [], "blocked": [], "all_blocked": 0}
    delete, other, conflict, failed = accounts["anna"]["cases"]
    assert (delete["case"], delete["operation"], delete["side"], delete["gone"]) == (
        "aaaa1111",
        "delete",
        "right",
        "left",
    )
    assert delete["left"]["when"] == "2026-03-02T09:00:00+00:00/2026-03-02T10:00:00+00:00"
    assert (other["right"], other["decided"]) == (None, "keep")
    assert [each["choice"] for each in conflict["choices"]] == ["left", "right", "keep"]
    assert conflict["choices"][0]["de"].startswith("Was links steht")
    assert failed["choices"] == []


def test_what_nobody_can_release_stands_beside_what_waits_with_what_to_do(
    app: type[FakeApp], capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = LeftOut(
        how=How.BLOCKED,
        reason="has_attendees",
        side=Side.RIGHT,
        system="Outlook",
        event_id="r7",
        summary="Notar \u202egnal",
        when=EVENT.when,
        since=NOW,
        rule="attendee_stripping",
    )
    app.blocked = {"bert": [seen]}
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert run(["holds", "bert", "-c", "x.yaml"]) == 0
    first, told, advice, row = capsys.readouterr().out.splitlines()
    assert first == "Es wartet nichts auf Sie"
    assert told == "bert: Das ändert calsync nie, und hier lässt es sich nicht freigeben: 1 Termin"
    assert "Bitte ändern Sie ihn in Outlook" in advice
    assert advice.endswith("(attendee_stripping)")
    assert row.split(maxsplit=4)[0] == "rechts"
    assert row.endswith("Notar \\u202egnal")
    assert run(["holds", "bert", "-c", "x.yaml", "--json"]) == 0
    (blocked,) = json.loads(capsys.readouterr().out)["accounts"]["bert"]["blocked"]
    assert (blocked["event"], blocked["side"], blocked["reason"]) == ("r7", "right", "has_attendees")
    assert blocked["rule"] == "attendee_stripping"


def test_the_rule_that_holds_something_is_named(app: type[FakeApp], capsys: Printed) -> None:
    ruled = [case(Kind.CREATE, "seldom", name, rule=rule) for name, rule in (("a", "mine"), ("b", "hers"))]
    app.cases = {"anna": [*ruled, replace(DELETE, name="c")]}
    assert run(["holds", "-c", "x.yaml"]) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("  The reason given")] == [
        "  The reason given is: seldom. (mine)",
        "  The reason given is: seldom. (hers)",
    ]
    assert run(["holds", "-c", "x.yaml", "--json"]) == 0
    cases = json.loads(capsys.readouterr().out)["accounts"]["anna"]["cases"]
    assert [each["rule"] for each in cases] == ["mine", "hers", None]


@pytest.mark.parametrize(
    ("option", "reason", "kind"),
    [
        ("--all-ambiguous", "ambiguous", Kind.CREATE),
        ("--all-left-account", "left_account", Kind.DELETE),
        ("--all-private", "private_original_deleted", Kind.DELETE),
        ("--all-conflicts", "conflict", Kind.UPDATE),
        ("--all-changed-by-server", "changed_by_server", Kind.UPDATE),
    ],
)
def test_all_that_waits_for_one_reason_is_decided_at_once(
    app: type[FakeApp], reason: str, kind: Kind, option: str
) -> None:
    app.cases = {"anna": [DELETE, case(kind, reason, "eeee1111"), case(kind, reason, "ffff1111")]}
    assert run(["decide", "anna", option, "keep", "-c", "x.yaml"]) == 0
    assert app.asked == (["eeee1111", "ffff1111"], Choice.KEEP)


def test_of_events_that_may_belong_together_an_id_names_its_own_case(app: type[FakeApp]) -> None:
    one = case(Kind.CREATE, "ambiguous", "eeee1111", side=Side.LEFT, event_id="r1")
    other = case(Kind.CREATE, "ambiguous", "ffff1111", event_id="l1")
    app.cases = {"anna": [one, other]}
    assert run(["decide", "anna", "r1", "pair", "-c", "x.yaml"]) == 0
    assert app.asked == (["eeee1111"], Choice.PAIR)


def test_an_unknown_account_is_a_matter_of_usage(capsys: Printed) -> None:
    assert run(["holds", "carl", "-c", "x.yaml", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {"accounts": {}, "errors": ["there is no account 'carl'"]}


@pytest.mark.parametrize("word", ["bbbb1111", "r1"])
def test_one_case_is_decided_by_its_name_or_an_events_id(app: type[FakeApp], capsys: Printed, word: str) -> None:
    app.cases = {"anna": [CONFLICT]}
    assert run(["decide", "anna", word, "left", "-c", "x.yaml"]) == 0
    assert capsys.readouterr().out == "anna: 1 decided (left); the next run carries it out\n"
    assert app.asked == (["bbbb1111"], Choice.LEFT)


def test_all_deletes_are_decided_at_once_and_what_is_over_is_told(app: type[FakeApp], capsys: Printed) -> None:
    assert run(["decide", "anna", "--all-deletes", "release", "-c", "x.yaml"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "anna: 1 decided (release); the next run carries it out\n"
    assert "1 is over" in printed.err
    assert app.asked == (["aaaa1111", "aaaa2222"], Choice.RELEASE)


def test_all_that_the_budget_holds_is_decided_at_once(app: type[FakeApp], capsys: Printed) -> None:
    app.cases = {"anna": [DELETE, case(Kind.CREATE, "budget", "eeee1111", right=None)]}
    assert run(["decide", "anna", "--all-budget", "release", "-c", "x.yaml"]) == 0
    assert capsys.readouterr().out == "anna: 1 decided (release); the next run carries it out\n"
    assert app.asked == (["eeee1111"], Choice.RELEASE)


@pytest.mark.parametrize("choice", [Choice.RELEASE, Choice.KEEP])
def test_all_that_only_a_change_of_the_rules_would_write_is_decided_at_once(
    app: type[FakeApp], capsys: Printed, choice: Choice
) -> None:
    app.cases = {"anna": [DELETE, case(Kind.CREATE, "rules", "ffff1111", right=None)]}
    assert run(["decide", "anna", "--all-rules", choice, "-c", "x.yaml"]) == 0
    assert capsys.readouterr().out == f"anna: 1 decided ({choice}); the next run carries it out\n"
    assert app.asked == (["ffff1111"], choice)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["dddd1111", "left"], "there is no such case"),
        (["cccc1111", "release"], "cannot be decided so"),
        (["--all-rewrites", "release"], "there is no such case"),
    ],
)
def test_what_cannot_be_decided_fails(capsys: Printed, words: list[str], told: str) -> None:
    assert run(["decide", "anna", *words, "-c", "x.yaml"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert told in printed.err


@pytest.mark.parametrize(
    "words", [[], ["release"], ["aaaa1111"], ["aaaa1111", "yes"], ["aaaa1111", "--all-deletes", "keep"]]
)
def test_a_decision_without_a_case_or_a_choice_is_a_matter_of_usage(words: list[str], capsys: Printed) -> None:
    assert run(["decide", "anna", *words, "-c", "x.yaml"]) == 2
    assert "--all-deletes" in capsys.readouterr().err


def test_each_choice_says_what_it_does_in_both_languages() -> None:
    for kind, reason in (
        (Kind.DELETE, "brake_deletes"),
        (Kind.UPDATE, "brake_rewrites"),
        (Kind.UPDATE, "conflict"),
        (Kind.CREATE, "budget"),
        (Kind.CREATE, "ambiguous"),
        (Kind.HOLD, "ambiguous"),
        (Kind.DELETE, "left_account"),
        (Kind.HOLD, "left_account"),
        (Kind.DELETE, "private_original_deleted"),
        (Kind.HOLD, "private_original_deleted"),
    ):
        for choice in offers(reason, kind, Direction.BOTH):
            english, german = (outcome(kind, Side.LEFT, choice, language) for language in ("en", "de"))
            assert english != german
            assert english.endswith(".")
            assert german.endswith(".")


def test_a_side_that_is_not_written_is_not_offered() -> None:
    assert offers("changed_by_server", Kind.UPDATE, Direction.LEFT_TO_RIGHT) == (Choice.LEFT, Choice.KEEP)
    assert offers("changed_by_server", Kind.UPDATE, Direction.RIGHT_TO_LEFT) == (Choice.RIGHT, Choice.KEEP)


@pytest.mark.parametrize("reason", ["direction", "rebuild", "rule_failed:x", "rule_hangs:x", "loop:summary"])
def test_what_a_rule_a_direction_a_rebuild_or_a_loop_holds_is_not_decided_here(reason: str) -> None:
    assert not any(offers(reason, kind, Direction.BOTH) for kind in Kind)
