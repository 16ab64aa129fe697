"""A rule that hangs ends the process, which leaves a note; whatever goes on does not."""

from __future__ import annotations

import json
import logging
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

from calsync import watchdog
from calsync.errors import StoreError
from calsync.sync.asking import Asked, Asking, Hang, Version
from calsync.sync.model import Event, Observation, Side, Timed
from calsync.sync.rules import Chain, Rule
from calsync.testing.clock import START
from calsync.watchdog import LOOKS, STATUS, Note, Watchdog, note_beside, read_note, write_note

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVENT = Event(summary="Besichtigung bei Familie Muster", when=Timed(START, START))
LEFT = Observation(id="anna@example.de/1", event=EVENT, revision="r1")
RIGHT = Observation(id="right-1", event=EVENT, revision=None)
ASKED = Asked("anna", "shout", "2")
HANG = Hang(rule="shout", version="2", left=Version("anna@example.de/1", "r1"), right=Version("right-1", None))


class Ended(BaseException):
    """The process would be gone now."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return note_beside(tmp_path / "calsync.db")


def end(status: int) -> None:
    raise Ended(status)


def test_the_same_question_again_and_again_ends_the_process(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    asking = Asking()
    dog = Watchdog(asking, place, end)
    asking.question = ASKED, (LEFT, RIGHT)
    for _ in range(LOOKS):
        dog.look()
    assert read_note(place) is None
    with pytest.raises(Ended) as ended:
        dog.look()
    assert ended.value.args == (STATUS,)
    assert read_note(place) == Note("anna", HANG)
    (record,) = caplog.records
    assert record.levelno == logging.CRITICAL
    assert "account anna: the rule shout does not answer" in record.message
    assert not re.search("anna@example.de|right-1|Muster", record.message), "ids are hashed, and no text is told"


def test_work_that_goes_on_is_left_alone(place: Path) -> None:
    asking = Asking()
    dog = Watchdog(asking, place, end)
    for number in range(LOOKS * 5):
        asking.question = None if number % LOOKS == 0 else asking.question or (ASKED, (LEFT, RIGHT))
        dog.look()
    for _ in range(LOOKS * 5):
        asking.question = ASKED, (LEFT, RIGHT)  # an equal question, but not the same one
        dog.look()
    asking.question = None
    for _ in range(LOOKS * 5):
        dog.look()
    assert read_note(place) is None


def test_a_note_that_cannot_be_written_does_not_keep_the_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asking = Asking()
    dog = Watchdog(asking, tmp_path / "nowhere" / "note", end)
    asking.question = ASKED, (None, RIGHT)
    for _ in range(LOOKS):
        dog.look()
    with pytest.raises(Ended):
        dog.look()
    assert "cannot be noted (No such file or directory)" in caplog.records[0].message


class Hanging(Rule):
    name = "hanging"

    def __init__(self, hang: Callable[[], object]) -> None:
        self._hang = hang

    def admit(self, event: Event) -> str | None:
        self._hang()
        return None


def loop() -> None:
    while True:
        pass


@pytest.mark.parametrize("hang", [loop, lambda: re.match("(a+)+$", "a" * 40 + "b"), lambda: time.sleep(60)])
def test_loops_regular_expressions_and_system_calls_are_interrupted(
    place: Path, monkeypatch: pytest.MonkeyPatch, hang: Callable[[], object]
) -> None:
    monkeypatch.setattr(watchdog, "SECONDS", 0.1)
    before = signal.getsignal(signal.SIGALRM)
    asking = Asking()
    chain = Chain([Hanging(hang)], account="anna", asking=asking)
    chain.about(Side.LEFT, LEFT)
    with pytest.raises(Ended), Watchdog(asking, place, end).watching():
        chain.admit(EVENT)
    note = read_note(place)
    assert note is not None
    assert note.account == "anna"
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_note_is_readable_by_its_owner_only(place: Path) -> None:
    write_note(place, Note("anna", HANG))
    assert oct(place.stat().st_mode & 0o777) == "0o600"
    assert [path.name for path in place.parent.iterdir()] == ["calsync.db-hang"]
    write_note(place, Note("berta", HANG))
    assert read_note(place) == Note("berta", HANG)


UNKNOWN_SIDE = json.dumps({"account": "anna", "rule": "shout", "version": "2", "events": {"up": None}})


@pytest.mark.parametrize("content", ["", "{", "[]", '{"account": "anna"}', UNKNOWN_SIDE])
def test_a_damaged_note_stops_the_start(place: Path, content: str) -> None:
    place.write_text(content)
    with pytest.raises(StoreError, match=f"{place}: the watchdog's note is damaged; delete the file"):
        read_note(place)
