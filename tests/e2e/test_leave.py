"""Leaving by the installed command, on the real wire of all three systems: shown, confirmed, undone, come back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calsync.ports import SystemClock
from tests.e2e.conftest import world_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.conftest import Ended, World

GUARDED = {"attendees": [{"emailAddress": {"address": "kunde@example.org", "name": "Kunde"}, "type": "required"}]}


async def shown(live: World, *options: str) -> dict[str, Any]:
    found = await live.command("leave", "anna", *options, "--json")
    assert (found.code, found.errors) == (0, "")
    told: dict[str, Any] = json.loads(found.output)
    return told


async def left(live: World, *options: str) -> dict[str, Any]:
    seen = await shown(live, *options)
    assert not seen["done"]
    done = await shown(live, *options, "--confirm", seen["hash"])
    assert done["done"]
    return done


def marked(live: World) -> list[str]:
    """Return every trace of a marker of this account, wherever a server keeps it."""
    content = [json.dumps(event) for event in live.anna.mailbox.store.events.values()]
    content += [json.dumps(entity) for entity in live.sandbox.flowfact.entities.values()]
    return [text for text in content if "v1:anna:" in text]


@pytest.fixture(params=["graph", "exchange_ews"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A world on Microsoft Graph, and on an Exchange Server; FLOWFACT is on the other side of both."""
    async for world in world_at(SystemClock(), tmp_path, request.param):
        yield world


async def test_what_stays_carries_no_marker_on_any_system(either: World) -> None:
    live = either
    live.appointment("aus FLOWFACT")
    live.event("aus Outlook", hours=2)
    assert (await live.command("sync")).code == 0
    assert len(marked(live)) == 2
    done = await left(live)
    assert (done["staying"], done["removed"], done["marked"]) == (2, 0, [])
    assert live.subjects() == (["aus FLOWFACT", "aus Outlook"],) * 2
    assert marked(live) == []
    assert live.stored("SELECT count(*) FROM link")[0][0] == 0
    assert live.stored("SELECT count(*) FROM seen")[0][0] == 0
    assert [tuple(row) for row in live.stored("SELECT what, after FROM audit")] == [
        ("enabled", "off"),
        ("left", None),
    ]
    live.expect_no_mail()


@pytest.mark.parametrize(
    ("side", "subjects"),
    [
        ("left", (["aus FLOWFACT"], ["aus FLOWFACT", "aus Outlook"])),
        ("right", (["aus FLOWFACT", "aus Outlook"], ["aus Outlook"])),
    ],
)
async def test_copies_go_come_back_by_undo_and_by_coming_back(
    live: World, side: str, subjects: tuple[list[str], list[str]]
) -> None:
    live.appointment("aus FLOWFACT")
    live.event("aus Outlook", hours=2)
    assert (await live.command("sync")).code == 0
    done = await left(live, "--remove-copies", side)
    assert done["removed"] == 1
    assert live.subjects() == subjects
    run = ("--account", "anna", "--run", str(done["run"]))
    plan = json.loads((await live.command("undo", *run, "--json")).output)
    assert (await live.command("undo", *run, "--confirm", plan["hash"])).code == 0
    assert live.subjects() == (["aus FLOWFACT", "aus Outlook"],) * 2
    await left(live, "--remove-copies", side)
    assert (await live.command("switch", "anna", "on")).code == 0
    assert (await live.command("sync")).code == 0
    plan = json.loads((await live.command("plan", "--account", "anna", "--json")).output)["accounts"]["anna"]
    assert plan["rebuild"] == "direction"
    assert (await live.command("confirm", "anna", plan["hash"])).code == 0
    assert (await live.command("sync")).code == 0
    assert live.subjects() == (["aus FLOWFACT", "aus Outlook"],) * 2
    live.clear()
    assert (await live.command("sync")).code == 0
    assert live.writes() == []
    live.expect_no_mail()


async def test_a_copy_with_attendees_stays_as_it_is(live: World) -> None:
    live.appointment("Besichtigung")
    assert (await live.command("sync")).code == 0
    live.anna.mailbox.edit(live.in_outlook()["id"], GUARDED)
    live.sandbox.mails.sent.clear()
    seen = await live.command("leave", "anna", "--remove-copies", "right")
    assert "Besichtigung" in seen.output
    done = await left(live, "--remove-copies", "right")
    assert [one["reason"] for one in done["marked"]] == ["has_attendees"]
    assert live.subjects() == (["Besichtigung"],) * 2
    live.expect_no_mail()


async def test_another_hash_is_refused(live: World) -> None:
    live.appointment("Besichtigung")
    assert (await live.command("sync")).code == 0
    refused = await live.command("leave", "anna", "--remove-copies", "right", "--confirm", "0123")
    assert refused.code == 1
    assert "look at it again" in refused.errors
    assert live.subjects() == (["Besichtigung"],) * 2
    assert not live.stored("SELECT * FROM audit")


PLANTED = ("Zauberwort", "Geheimnotiz", "Altername")


async def planted(live: World) -> str:
    """Sync texts that are nowhere else, change them, and delete them, so that they lie everywhere.

    Return what the syncs have printed and logged.
    """
    said: list[str] = []

    async def sync() -> None:
        ended = await live.command("sync")
        assert ended.code == 0
        said.extend([ended.output, ended.errors])

    entity = live.appointment("Altername", message="Geheimnotiz")
    live.event("Zauberwort", hours=2, body={"contentType": "text", "content": "Geheimnotiz"})
    await sync()
    live.patch(entity, subject="Zauberwort zwei")
    await sync()
    live.delete(entity)
    await sync()
    return "".join(said)


def found_in(folder: Path, *words: str) -> list[str]:
    """Return the files that hold one of these words, whatever they are."""
    return [
        f"{path.name}: {word}"
        for path in sorted(folder.iterdir())
        if path.is_file()
        for word in words
        if word.encode() in path.read_bytes()
    ]


async def erased(live: World) -> Ended:
    assert (await live.command("switch", "anna", "off")).code == 0
    done = await live.command("erase", "anna")
    assert (done.code, done.errors) == (0, "")
    return done


async def test_nothing_of_an_erased_account_is_found_any_more(live: World) -> None:
    said = await planted(live)
    ids = [row[0] for row in live.stored("SELECT event_id FROM seen")]
    assert ids
    done = await erased(live)
    assert (await live.command("backup")).code == 0
    names = {path.name for path in live.folder.iterdir()}
    assert any(name.startswith("calsync-") and name.endswith(".db") for name in names)
    assert found_in(live.folder, *PLANTED, *ids) == []
    assert not any(word in said + done.output + done.errors for word in PLANTED)
    tables = [row[0] for row in live.stored("SELECT name FROM sqlite_master WHERE type = 'table'")]
    filled = {table for table in tables if live.stored(f"SELECT 1 FROM {table}")}  # noqa: S608 - the store's own
    assert filled == {"account", "departed"}  # of the latter a number, which is nobody's
    assert live.stored("SELECT name, enabled FROM account") == [("anna", 0)]
    assert (await live.command("sync")).code == 0
    assert live.stored("SELECT count(*) FROM seen")[0][0] == 0


async def test_the_name_goes_too_where_nobody_configures_it(live: World) -> None:
    await planted(live)
    text = live.configuration.read_text("utf-8")
    live.rewrite("anna:", "berta:")
    live.configuration.write_text(live.configuration.read_text("utf-8"), "utf-8")
    done = await live.command("erase", "anna")
    assert (done.code, done.errors) == (0, "")
    store = [path for path in live.folder.iterdir() if path.name.startswith("calsync.db")]
    assert [path.name for path in store if b"anna" in path.read_bytes()] == []
    assert live.stored("SELECT * FROM account") == []
    live.configuration.write_text(text, "utf-8")
    again = await live.command("erase", "bertram")
    assert again.code == 2
    assert "bertram" in again.errors


async def test_an_account_that_may_run_is_not_erased(live: World) -> None:
    await planted(live)
    refused = await live.command("erase", "anna")
    assert refused.code == 2
    assert "switched on" in refused.errors
    assert live.stored("SELECT count(*) FROM seen")[0][0]


async def test_everything_that_is_kept_is_exported(live: World) -> None:
    await planted(live)
    target = live.folder / "anna.json"
    done = await live.command("export", "anna", "--out", str(target))
    assert (done.code, done.errors) == (0, "")
    assert target.stat().st_mode & 0o777 == 0o600
    content = json.loads(target.read_text("utf-8"))
    assert (content["account"], content["run"]) == ("anna", 3)
    deletes = [row for row in content["store"]["ledger"] if row["kind"] == "delete"]
    assert [row["before"]["summary"] for row in deletes] == ["Zauberwort zwei"]
    again = await live.command("export", "anna", "--out", str(target))
    assert again.code != 0
    assert "not overwritten" in again.errors
    printed = await live.command("export", "anna")
    assert json.loads(printed.output)["store"] == content["store"]
    unknown = await live.command("export", "bertram")
    assert unknown.code == 2
