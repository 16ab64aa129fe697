"""`calsync demo`, as a stranger runs it: the command in a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from calsync.cli import run

if TYPE_CHECKING:
    from asyncio.subprocess import Process

CALENDARS = Path(__file__).parents[3] / "shared" / "data" / "calendars"
SMALL = ("google_makerspace.ics", "outlook_german_holidays.ics")
"""All of them together are synced by the tests of the calendars."""
SAMPLES = (
    "Mittagessen mit Bauträger Krüger",
    "has_attendees",
    "Bitte ändern Sie ihn in Outlook",
    "Please change it in Outlook",
    "Übergabe Gärtnerstraße 1: Exposé und Energieausweis mitbringen.",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the demo keeps its files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def start(*arguments: str) -> Process:
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "calsync", "demo", *arguments]
    return await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)


@pytest.mark.skipif(not CALENDARS.is_dir(), reason=f"THE REAL CALENDARS ARE NOT THERE: {CALENDARS}")
def test_once_with_real_calendars(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = [option for name in SMALL for option in ("--calendar", str(CALENDARS / name))]
    code = run(["demo", "--once", "--json", "--events", "20", *options])
    output, errors = capfd.readouterr()
    found: dict[str, Any] = json.loads(output)
    assert (code, errors, found["ok"]) == (0, "", True), found
    assert found["converged"] is True
    assert (found["invitations_sent"], found["second_run_writes"], found["touched"]) == (0, 0, 0)
    assert len(found["changes"]) == 15
    assert all(change["seconds"] is not None for change in found["changes"])
    expect_sums(found)
    imported = found["imported"]
    assert (imported["entries"], imported["refused"]) == (223, 0)
    assert imported["entries"] == imported["on_both_sides"] + imported["reported_as_series"]
    assert files(folder) == []


def expect_sums(found: dict[str, Any]) -> None:
    """Expect the keys of `calsync sync --json`, added up over all syncs of the demo."""
    assert found["requests"].keys() == {"flowfact", "m365"}
    assert found["seconds"] > 0
    account = found["accounts"]["anna"]
    assert (account["ok"], account["error"]) == (True, None)
    left, right = account["left"], account["right"]
    assert left.keys() == right.keys()
    assert (left["linked"] + right["linked"], right["blocked"], left["deleted"], right["deleted"]) == (4, 2, 1, 2)
    assert left["failed"] == right["failed"] == left["held"] == right["held"] == 0
    assert left["skipped"].keys() == right["skipped"].keys() == {"series"}


def test_once_with_an_agent_who_signs_in(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = run(["demo", "--once", "--json", "--sign-in", "delegated"])
    output, errors = capfd.readouterr()
    found: dict[str, Any] = json.loads(output)
    assert (code, errors, found["ok"], found["converged"]) == (0, "", True, True), found
    assert files(folder) == []


async def test_for_people_until_ctrl_c(folder: Path) -> None:
    process = await start()
    assert process.stdout is not None
    seen = ""
    async for line in process.stdout:
        seen += line.decode()
        if "Objektaufnahme Schloßallee 2\n" in seen and process.returncode is None:
            await expect_pages(seen)
            process.send_signal(signal.SIGINT)
            break
    rest, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert [sample for sample in SAMPLES if sample not in seen] == []
    assert "  invitations sent: 0\n  converged: yes\n" in seen
    assert "✗" not in seen + rest.decode()
    assert files(folder) == []


async def expect_pages(seen: str) -> None:
    """Sign in at the address that was printed first and last, with each name and password that was printed."""
    first, last = re.findall(r"The pages: (http://127\.0\.0\.1:\d+)$", seen, re.MULTILINE)
    assert seen.splitlines()[1].endswith(first)
    assert first == last
    logins = set(re.findall(r"^  (\w+ \w+) +(nur-zum-ansehen) ", seen, re.MULTILINE))
    assert {name for name, _ in logins} == {"Sabine Schäfer", "Anna Beispiel"}
    for name, password in logins:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(first, cookie_jar=jar) as client:
            async with client.get("/sign-in") as page:
                (csrf,) = set(re.findall(r'name="csrf" value="(\w+)"', await page.text()))
            fields = {"csrf": csrf, "name": name, "password": password, "next": "/"}
            async with client.post("/sign-in", data=fields, headers={"Origin": first}) as answer:
                assert (answer.status, name in await answer.text()) == (200, True)


async def test_ctrl_c_in_the_middle_of_a_sync(folder: Path) -> None:
    process = await start("--once")
    assert process.stdout is not None
    async for line in process.stdout:
        if b"calsync check, then calsync sync" in line:
            process.send_signal(signal.SIGINT)
            break
    await process.communicate()
    assert process.returncode == 130
    assert files(folder) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Besichtigung\n", "broken.ics:3: the file ends inside VEVENT"),
        ("Kein Kalender\n", "broken.ics:1: this is no calendar line"),
    ],
)
def test_a_broken_calendar_file(folder: Path, capfd: pytest.CaptureFixture[str], content: str, told: str) -> None:
    path = folder / "broken.ics"
    path.write_text(content, "utf-8")
    assert run(["demo", "--once", "--json", "--calendar", str(path)]) == 2
    output, errors = capfd.readouterr()
    (line,) = errors.splitlines()
    assert told in line
    assert json.loads(output) == {"errors": [line.removeprefix("calsync: ")]}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--calendar", "missing.ics"), "missing.ics"),
        (("--exchange", "ews"), "graph"),
        (("--exchange", "exchange_ews", "--sign-in", "delegated"), "--exchange graph"),
        (("--events", "-1"), "--events"),
    ],
)
def test_wrong_usage(capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str) -> None:
    assert run(["demo", "--once", *arguments]) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    assert told in errors
