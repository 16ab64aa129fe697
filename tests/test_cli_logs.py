"""What the service logs: lines for people or programs, without what others wrote."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from calsync.cli import bugs
from calsync.cli.logs import ConsoleFormatter, JsonFormatter, log_to_standard_error
from calsync.errors import Retry

CANARY = "Kanarienvogel"
FORMATTERS: list[logging.Formatter] = [ConsoleFormatter(), JsonFormatter()]
each = pytest.mark.parametrize("formatter", FORMATTERS, ids=["console", "json"])


def record(text: str, *arguments: Any, name: str = "calsync.service", error: Exception | None = None) -> Any:
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord(name, logging.WARNING, "/lib/x.py", 7, text, arguments, exc_info)


def fields(line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_for_people_names_when_who_and_what() -> None:
    line = ConsoleFormatter().format(record("account %(account)s works again", {"account": "anna"}))
    assert line.endswith(" WARNING calsync.service: account anna works again")


def test_a_line_for_programs_has_its_arguments_as_fields() -> None:
    text = "account %(account)s failed, next try in %(seconds).0f s: %(problem)s"
    line = JsonFormatter().format(record(text, {"account": "anna", "seconds": 61.5, "problem": "m365: away"}))
    found = fields(line)
    assert found.pop("at").endswith("+00:00")
    assert found == {
        "level": "warning",
        "logger": "calsync.service",
        "message": "account anna failed, next try in 62 s: m365: away",
        "account": "anna",
        "seconds": 61.5,
        "problem": "m365: away",
    }


def test_only_allowed_names_become_fields() -> None:
    line = JsonFormatter().format(record("done %(count)d", {"count": 3, "subject": CANARY, "account": object()}))
    assert fields(line).keys() == {"at", "level", "logger", "message", "count"}
    assert CANARY not in line


def test_a_log_line_cannot_be_forged() -> None:
    forged = record("account %s failed", "anna\nINFO ok\x1b[2J\u202e")
    assert ConsoleFormatter().format(forged).endswith(r"account anna\nINFO ok\x1b[2J\u202e failed")
    line = JsonFormatter().format(forged)
    assert line.isascii()
    assert "\n" not in line
    assert fields(line)["message"] == "account anna\nINFO ok\x1b[2J\u202e failed"


@each
def test_what_a_library_says_is_not_shown_but_where(formatter: logging.Formatter) -> None:
    line = formatter.format(record(f"Task exception was never retrieved {CANARY}", name="asyncio"))
    assert CANARY not in line
    assert "/lib/x.py:7" in line


@each
@pytest.mark.parametrize("name", ["asyncio", "calsync.service", "calsyncs"])
def test_an_exception_is_told_by_its_place_without_its_text(formatter: logging.Formatter, name: str) -> None:
    try:
        raise KeyError(CANARY)  # noqa: TRY301 - a bug has a place
    except KeyError as error:
        line = formatter.format(record("broken", name=name, error=error))
    assert CANARY not in line
    assert f"a bug, KeyError in {__file__}:" in line


@each
def test_an_expected_error_is_told_by_its_sentence(formatter: logging.Formatter) -> None:
    assert "(m365: away)" in formatter.format(record("broken", error=Retry("m365: away")))


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    assert ConsoleFormatter().format(record("broken", error=KeyError(CANARY))).endswith("broken (a bug, KeyError)")


def test_calsync_logs_its_progress_and_libraries_only_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.Logger("root")  # noqa: LOG001 - the process's own root stays as it is
    monkeypatch.setattr(logging, "root", root)
    log_to_standard_error()
    assert root.level == logging.WARNING
    assert [type(handler.formatter) for handler in root.handlers] == [ConsoleFormatter]
    assert logging.getLogger("calsync").level == logging.INFO


def test_programs_get_json(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.Logger("root")  # noqa: LOG001 - as above
    monkeypatch.setattr(logging, "root", root)
    log_to_standard_error("json")
    assert [type(handler.formatter) for handler in root.handlers] == [JsonFormatter]


PROGRAM = """
import asyncio, logging, sys, threading, warnings
from calsync.cli.bugs import tell_bugs_without_their_texts
from calsync.cli.logs import log_to_standard_error
tell_bugs_without_their_texts()
log_to_standard_error("{style}")
CANARY = "Kanarien" + "vogel"  # a traceback shows the program's own text
class Late:
    def __del__(self):
        raise ValueError(CANARY)
def thread():
    raise ValueError(CANARY)
async def lost():
    raise ValueError(CANARY)
async def main():
    task = asyncio.create_task(lost())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    asyncio.get_running_loop().call_soon(lambda: 1 / 0 if CANARY else None)
    await asyncio.sleep(0)
    unclosed = asyncio.get_running_loop().create_future()
    unclosed.set_exception(ValueError(CANARY))
    del unclosed
asyncio.run(main())
Late()
started = threading.Thread(target=thread)
started.start()
started.join()
warnings.warn(CANARY)
logging.getLogger("calsync").warning("%d", CANARY)
logging.getLogger("urllib3").error("%s", CANARY)
try:
    raise ValueError(CANARY)
except ValueError as error:
    raise ExceptionGroup(CANARY, [KeyError(CANARY)]) from error
"""


@pytest.mark.parametrize("style", ["console", "json"])
def test_nothing_that_goes_wrong_in_the_process_tells_its_text(style: str) -> None:
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM.replace("{style}", style)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.count("a bug") >= 7, ended.stderr
    assert CANARY not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr


def test_a_bug_is_told_with_what_led_to_it() -> None:
    try:
        try:
            raise KeyError(CANARY)  # noqa: TRY301 - the cause of the other
        except KeyError as error:
            raise ValueError(CANARY) from error
    except ValueError as error:
        lines = list(bugs.lines(error))
    assert [line for line in lines if not line.startswith("  ")] == ["a bug: KeyError", "a bug: ValueError"]
    assert lines[-1].startswith(f"  {__file__}:")
