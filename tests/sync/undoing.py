"""Writes of the ledger, and what undoing them comes to, for the tests of undoing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.sync.model import Field, Side, Value
from calsync.sync.plan import Kind, Operation
from calsync.sync.undo import undo
from calsync.sync.undoing import Undoing
from calsync.sync.wrote import Wrote

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tests.sync.conftest import Scene

LEFT, RIGHT = Side.LEFT, Side.RIGHT
CREATE, UPDATE, DELETE = Kind.CREATE, Kind.UPDATE, Kind.DELETE


def wrote(
    number: int,
    kind: Kind,
    before: Mapping[Field, Value] | None = None,
    after: Mapping[Field, Value] | None = None,
    **more: Any,
) -> Wrote:
    """Return a write of the ledger: to the right event of the first pair, where it says nothing else."""
    values: dict[str, Any] = {
        "side": RIGHT,
        "reason": "changed",
        "link": 1,
        "event_id": "right1",
        "source_id": "left1",
        "uid": None,
        "source_uid": None,
        "private": False,
    }
    return Wrote(id=number, kind=kind, before=before or {}, after=after or {}, **{**values, **more})


def plan(
    scene: Scene,
    *rows: Wrote,
    chosen: Collection[int] | None = None,
    gone: Collection[int] | None = None,
    perhaps: Sequence[Wrote] = (),
) -> tuple[Operation, ...]:
    """Undo rows: all of them, and what they deleted is gone, where nothing else is said."""
    numbers = {row.id for row in rows}
    wanted = numbers if chosen is None else chosen
    undoing = Undoing(rows=rows, perhaps=perhaps, chosen=wanted, gone=numbers if gone is None else gone)
    return tuple(undo(scene.view(), undoing).operations)


def only(scene: Scene, *rows: Wrote, **more: Any) -> Operation:
    (operation,) = plan(scene, *rows, **more)
    return operation


def why_not(scene: Scene, *rows: Wrote, **more: Any) -> str:
    """Return why rows are not undone."""
    operation = only(scene, *rows, **more)
    assert operation.kind is Kind.SKIP
    return operation.reason


def renamed(number: int = 1, before: str = "alt", after: str = "Besichtigung", **more: Any) -> Wrote:
    return wrote(number, UPDATE, {"summary": before}, {"summary": after}, **more)
