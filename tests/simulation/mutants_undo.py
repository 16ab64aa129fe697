"""Mutants of undoing: that it touches what calsync left, and nothing else, and that it stays undone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calsync.engine import carry, confirm, creates, notebook
from calsync.engine import undo as engine_undo
from calsync.store import statements
from calsync.sync import undo_deletes, undo_pairs
from calsync.sync.choices import UNDONE
from calsync.sync.model import State
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager


@contextmanager
def undone_copy_is_forgotten() -> Iterator[None]:
    """An undone create ends its link, as any other delete does."""
    deleted = confirm._deleted

    def forgetful(run: Any, batch: Any, intent: Any) -> None:
        deleted(run, batch, intent)
        link = batch.links.get(intent.link)
        if intent.reason == UNDONE and link is not None:
            confirm.unlink(run, batch, link)

    with patch.object(confirm, "_deleted", forgetful):
        yield


@contextmanager
def undo_moves_both_bases() -> Iterator[None]:
    """What the other side shows counts as agreed, also where it is an edit that is still to be copied."""
    updated = confirm._updated

    def rash(run: Any, batch: Any, intent: Any, *rest: Any) -> None:
        updated(run, batch, intent, *rest)
        link = batch.links.get(intent.link)
        if intent.reason == UNDONE and link is not None:
            side = intent.side.other
            shown = run.notebook.state.seen[side][link.event_id(side)].observation.event
            values = {name: shown.value(name) for name in intent.changes}
            batch.links[link.id] = link.with_base(side, link.base(side).moved(values))

    with patch.object(confirm, "_updated", rash), patch.object(undo_pairs, "_is_pending", lambda *_: False):
        yield


def undo_ignores_edits() -> AbstractContextManager[Any]:
    """It does not look whether a field was edited since."""
    return patch.object(undo_pairs, "_is_left", lambda *_: True)


@contextmanager
def undo_ignores_what_is_back() -> Iterator[None]:
    """What was deleted is created anew, also where somebody has taken it out of the trash."""

    async def all_of_them(run: Any, rows: Any) -> frozenset[int]:
        del run
        return frozenset(row.id for row in rows)

    with (
        patch.object(engine_undo, "_gone", all_of_them),
        patch.object(undo_deletes, "_is_back", lambda *_: False),
    ):
        yield


@contextmanager
def undo_deletes_the_last_one() -> Iterator[None]:
    """A copy is deleted although its original is gone: neither the plan nor the write looks for it."""
    pair = undo_pairs._pair

    def rash(case: Any, link: Any) -> Any:
        found = pair(case, link)
        return undo_pairs._alone(case) if found == "undo_alone" else found

    def alone(operation: Any) -> bool:
        return bool(operation.reason == UNDONE)

    with patch.object(undo_pairs, "_pair", rash), patch.object(carry, "_is_alone", alone):
        yield


@contextmanager
def undone_deletes_are_ordinary() -> Iterator[None]:
    """The sliding brake counts what a person had undone."""
    ordinary = statements.DELETES.replace("'undone'", "''")
    with patch.object(statements, "DELETES", ordinary), patch.object(notebook, "WANTED", frozenset({"released"})):
        yield


@contextmanager
def undo_folds_over_edits() -> Iterator[None]:
    """What was there before the oldest write counts, whoever wrote in between."""

    def folded(rows: Any) -> Mapping[Any, Any]:
        found: dict[Any, Any] = {}
        for row in reversed(rows):
            for name in row.before.keys() & row.after.keys():
                found[name] = (row.before[name], found.get(name, (None, row.after[name]))[1])
        return found

    with patch.object(undo_pairs, "folded", folded):
        yield


@contextmanager
def undo_creates_again() -> Iterator[None]:
    """A create whose answer was lost is sent once more, without a look whether it was carried out."""
    look, stands = creates._look, creates._stands

    async def blind(run: Any, intent: Any, marked: Any) -> Any:
        return [] if intent.reason == UNDONE else await look(run, intent, marked)

    with (
        patch.object(creates, "_look", blind),
        patch.object(creates, "_stands", lambda run, intent: intent.reason == UNDONE or stands(run, intent)),
    ):
        yield


def link_numbers_are_used_twice() -> AbstractContextManager[Any]:
    """A new link gets the number of one that has ended."""
    last = "SELECT coalesce((SELECT max(id) FROM link WHERE account = :account), 0) AS last"
    return patch.object(statements, "LAST_LINK", last)


def created_anew_is_a_pair() -> AbstractContextManager[Any]:
    """What was created anew counts as one of a pair, although its partner is gone."""
    alone = confirm._alone

    def awake(run: Any, link: Any) -> Any:
        return replace(alone(run, link), state=State.AWAKE, reason=None)

    return patch.object(confirm, "_alone", awake)
