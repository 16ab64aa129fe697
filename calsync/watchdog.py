"""Ends the process when a rule never answers, and leaves a note, so that nobody asks it again.

Rules are synchronous: while one hangs, no account is served. A timer's signal makes the watchdog look, and not a
thread: a regular expression that runs away is the likeliest way to hang, and no other thread gets a turn until it
is done (tried on CPython 3.11). Python runs a signal's handler in the main thread between two steps of a rule, in
the midst of a regular expression, and in a system call that waits. What is left are extensions in C that never
look up.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.sync.asking import Hang, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calsync.sync.asking import Asking, Question

SECONDS = 5.0
"""How long a rule may think about one question."""
LOOKS = 10
"""So many looks in a row find the same question. They are counted, and no clock is read: a process that was frozen
and goes on has not looked meanwhile."""
STATUS = os.EX_TEMPFAIL
"""The exit status that asks a supervisor to start calsync again."""

log = logging.getLogger("calsync.watchdog")


@dataclass(frozen=True, slots=True)
class Note:
    """What one process leaves for the next."""

    account: str
    hang: Hang


class Watchdog:
    """Looks at the question that a rule is answering."""

    def __init__(self, asking: Asking, place: Path, end: Callable[[int], object] = os._exit) -> None:
        """`place` is the note's file; `end` ends the process, without waiting for anything in it."""
        self._asking = asking
        self._place = place
        self._end = end
        self._question: Question | None = None
        self._looks = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look again and again. For the main thread only, which alone gets signals."""
        before = signal.signal(signal.SIGALRM, lambda *_: self.look())
        signal.setitimer(signal.ITIMER_REAL, SECONDS / LOOKS, SECONDS / LOOKS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def look(self) -> None:
        """End the process where the same question was there at each of the last looks."""
        question = self._asking.question
        if question is None or question is not self._question:
            self._question, self._looks = question, 0
            return
        self._looks += 1
        if self._looks >= LOOKS:
            self._give_up(question)

    def _give_up(self, question: Question) -> None:
        try:
            note = Note(question[0].account, Hang.of(question))
            try:
                write_note(self._place, note)
                kept = "is noted"
            except OSError as error:
                kept = f"cannot be noted ({error.strerror})"
            log.critical(
                "account %s: the rule %s does not answer about the event %s; that %s, and this process ends"
                " in order to be started again",
                note.account,
                note.hang.rule,
                _named(note.hang),
                kept,
            )
            for handler in logging.getLogger().handlers:
                handler.flush()
        finally:
            self._end(STATUS)


def note_beside(store: Path) -> Path:
    """Return where the note of a store is: beside it, as the store itself cannot be written while a rule hangs."""
    return store.with_name(f"{store.name}-hang")


def write_note(place: Path, note: Note) -> None:
    """Leave a note, whole and durable, readable by its owner only."""
    hang = note.hang
    events = {"left": hang.left, "right": hang.right}
    text = json.dumps({"account": note.account, "rule": hang.rule, "version": hang.version, "events": events})
    draft = place.with_name(f"{place.name}-new")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, text.encode())
        os.fsync(file)
    finally:
        os.close(file)
    draft.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_note(place: Path) -> Note | None:
    """Return what an earlier process left. Raises StoreError for a file that is none of its notes."""
    try:
        text = place.read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{place}: the watchdog's note cannot be read ({error.strerror})") from error
    try:
        found = json.loads(text)
        events = {side: Version(*event) if event else None for side, event in found["events"].items()}
        left, right = events["left"], events["right"]
        return Note(found["account"], Hang(rule=found["rule"], version=found["version"], left=left, right=right))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(
            f"{place}: the watchdog's note is damaged; delete the file, and calsync asks every rule again"
        ) from error


def _named(hang: Hang) -> str:
    """Return which events it was about, without their ids, which may lead to a person."""
    events = (("left", hang.left), ("right", hang.right))
    return " and ".join(f"{side} {_hashed(event.id)}" for side, event in events if event is not None)


def _hashed(event_id: str) -> str:
    return hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
