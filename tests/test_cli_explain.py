"""`calsync explain` says first why an appointment is, or is not, in the other calendar; it asks no server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

import calsync.app
from calsync.cli import run
from calsync.values import replace
from tests.house import MEETING, House

if TYPE_CHECKING:
    from calsync.sync.model import Event

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(calsync.app, "SystemClock", lambda: house.clock)
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    return house


def sync(house: House, *events: Event) -> list[str]:
    """Enter events on anna's left side, and sync; return their ids."""

    async def work() -> list[str]:
        async with house.open() as app:
            await app.sync(None)
            ids = [house.calendar("anna-crm").user_create(event) for event in events]
            await app.sync(None)
            return ids

    return asyncio.run(work())


def command(house: House, *words: str) -> int:
    return run(["explain", *words, "-c", str(house.folder / "calsync.yaml")])


def as_json(house: House, capsys: Printed, *words: str) -> Any:
    code = command(house, *words, "--json")
    return code, json.loads(capsys.readouterr().out)


def test_the_answer_comes_first_then_both_sides_rules_and_life(house: House, capsys: Printed) -> None:
    (event,) = sync(house, MEETING)
    before, asked = house.database(), len(house.calendar("anna-crm").calls)
    assert command(house, "anna", event) == 0
    assert len(house.calendar("anna-crm").calls) == asked
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"„{MEETING.summary}“ steht in crm und in mail: calsync hat den Termin am ")
    assert lines[2].split()[0] == "crm"
    assert lines[2].endswith(event)
    assert any(line.startswith("Was geschah (Zeiten von ") for line in lines)
    assert any("wurde aus crm nach mail übernommen" in line for line in lines)
    assert house.database() == before


def test_words_of_the_subject_do_and_several_are_listed(house: House, capsys: Printed) -> None:
    one, two = sync(house, MEETING, replace(MEETING, summary=f"{MEETING.summary} \u202ezwei"))
    assert command(house, "anna", *MEETING.summary.upper().split()) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert first == "2 Termine gefunden; geben Sie die Kennung von einem an:"
    assert {row.split()[0] for row in rows} == {one, two}
    assert "\u202e" not in "".join(rows)
    assert command(house, "anna", "zwei") == 0
    printed = capsys.readouterr().out
    assert "übernommen" in printed
    assert "\\u202ezwei" in printed
    assert "\u202e" not in printed


def test_what_is_not_known_is_said(house: House, capsys: Printed) -> None:
    sync(house)
    assert command(house, "anna", "nobody") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Kein Termin hat diese Kennung" in printed.err
    code, told = as_json(house, capsys, "anna", "nobody")
    assert (code, told) == (1, {"found": [], "total": 0, "explanation": None})


def test_json_holds_everything_in_both_languages(house: House, capsys: Printed) -> None:
    (event,) = sync(house, replace(MEETING, series=True))
    code, told = as_json(house, capsys, "anna", event)
    assert code == 0
    explanation = told["explanation"]
    assert (explanation["reason"], told["total"]) == ("series", 1)
    assert "series are not synced" in explanation["en"]
    assert "Serien werden nicht synchronisiert" in explanation["de"]
    assert explanation["sides"]["left"]["event"] == event
    assert explanation["sides"]["right"] is None
    assert {"first", "skipped"} <= {one["what"] for one in explanation["life"]}


def test_an_unknown_account_is_a_matter_of_usage(house: House, capsys: Printed) -> None:
    assert command(house, "carl", "x") != 0
    assert "account" in capsys.readouterr().err
