"""`calsync status` and `calsync activity` show what the store knows, ask no server, and change nothing."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

import calsync.app
from calsync.cli import run
from calsync.errors import AccountError
from calsync.values import replace
from tests.house import MEETING, House

if TYPE_CHECKING:
    from calsync.sync.model import Event


@pytest.fixture
def house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(calsync.app, "SystemClock", lambda: house.clock)
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    return house


def sync(house: House, *events: Event) -> None:
    """Enter events on anna's left side, and sync once."""

    async def work() -> None:
        async with house.open() as app:
            await app.sync(None)
            for event in events:
                house.calendar("anna-crm").user_create(event)
            await app.sync(None)

    asyncio.run(work())


def command(house: House, *words: str) -> int:
    return run([*words, "-c", str(house.folder / "calsync.yaml")])


def as_json(house: House, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert command(house, *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_before_the_first_run_nothing_is_written(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(house, "status") == 0
    assert [line.split()[:5] for line in capsys.readouterr().out.splitlines()] == [
        ["Konto", "Zustand", "Richtung", "zuletzt", "gelesen"],
        ["anna", "beginnt", "crm", "<->", "mail"],
        ["berta", "beginnt", "crm", "<->", "mail"],
    ]
    assert house.database() is None


def test_all_accounts_are_shown_with_what_to_look_at(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    sync(house, MEETING)
    sync_fails(house)
    assert command(house, "status") == 0
    shown = capsys.readouterr().out
    assert "anna" in shown
    assert "berta  scheitert" in shown
    assert "berta: Ein Kalender ist nicht verwendbar." in shown
    told = as_json(house, capsys, "status")
    assert [(one["account"], one["state"], one["linked"]) for one in told["accounts"]] == [
        ("berta", "failing", 0),
        ("anna", "waiting", 1),
    ]
    (card,) = told["repairs"]
    assert (card["cause"], card["action"], card["account"]) == ("account", "edit", "berta")
    assert card["de"]["button"] == "Berichtigen"


def sync_fails(house: House) -> None:
    async def work() -> None:
        async with house.open() as app:
            await app.sync("berta")
            lost = AccountError("account berta: there is no such mailbox")
            house.calendar("berta-mail").faults.add("changes", lambda: lost)
            await app.sync("berta")

    asyncio.run(work())


def test_one_account_is_shown_with_what_is_left_out_and_why(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    sync(house, MEETING, replace(MEETING, summary="Jour \u202efixe", series=True))
    assert command(house, "status", "anna") == 0
    shown = capsys.readouterr().out
    assert "0 Einladungen versendet" in shown
    assert "„Jour fixe“ wird nicht synchronisiert. Der Termin gehört zu einer Serie" in shown
    (account,) = as_json(house, capsys, "status", "anna")["accounts"]
    assert account["days"][-1] | {"day": ""} == {
        "day": "",
        "broken": 0,
        "created": 1,
        "updated": 0,
        "deleted": 0,
        "linked": 0,
        "failed": 0,
    }
    assert account["left_out"]["counts"] == [{"how": "skipped", "reason": "series", "count": 1}]
    assert account["mails"]["sent"] == 0


def test_activity_is_told_in_sentences(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(house, "activity", "anna") == 0
    assert capsys.readouterr().out == "Bisher wurde nichts getan\n"
    sync(house, MEETING)
    assert command(house, "activity", "anna") == 0
    assert capsys.readouterr().out == (
        "2026-03-02 08:00 UTC  #1  „Besichtigung“ wurde aus crm nach mail übernommen.\n"
    )
    told = as_json(house, capsys, "activity", "anna")
    assert (told["activity"][0]["en"], told["more"]) == (
        "“Besichtigung” was copied from crm to mail.",
        None,
    )
    assert as_json(house, capsys, "activity", "anna", "--before", "1")["activity"] == []


@pytest.mark.parametrize("words", [("status", "nobody"), ("activity", "nobody")])
def test_an_account_that_is_not_there_is_told(
    house: House, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert command(house, *words) == 1
    assert capsys.readouterr().err == "calsync: there is no account of this name\n"
