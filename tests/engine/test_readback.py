from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calsync.engine.readback import written_base
from calsync.ports import Written
from calsync.sync.model import Base, Event, Observation, Timed
from calsync.values import replace

WHEN = Timed(datetime(2026, 3, 5, 9, tzinfo=UTC), datetime(2026, 3, 5, 10, tzinfo=UTC))
BEFORE = Event(summary="Notar", when=WHEN, description="Raum 1")
TARGET = Observation(id="1", event=BEFORE, revision="r1")


@pytest.mark.parametrize("read", [True, False], ids=["read back", "not read yet"])
def test_an_edit_that_fell_between_the_read_and_the_write_stays_an_edit(*, read: bool) -> None:
    """The system knows no conditional write: what it holds besides the written field may be a user's."""
    found = Observation(id="1", event=replace(BEFORE, summary="neu", description="Raum 2"), revision="r3")
    base = written_base(
        Base.of(BEFORE, 1),
        {"summary": "neu"},
        found if read else None,
        Written(id="1", revision="r3"),
        TARGET,
        conditional=False,
    )
    assert base.values == {"summary": "neu", "when": WHEN, "description": "Raum 1"}
    assert "description" not in base.unsure


def test_what_a_server_put_in_order_with_a_conditional_write_is_no_edit() -> None:
    found = Observation(id="1", event=replace(BEFORE, summary="neu", description="Raum"), revision="r2")
    base = written_base(
        Base.of(BEFORE, 1), {"summary": "neu"}, found, Written(id="1", revision="r2"), TARGET, conditional=True
    )
    assert base.values == {"summary": "neu", "when": WHEN, "description": "Raum"}


@pytest.mark.parametrize(("tells", "unsure"), [(True, set()), (False, {"description"})])
def test_a_text_that_a_server_cut_beside_a_write_is_no_edit_either_where_writes_are_unconditional(
    tells: bool, unsure: set[str]
) -> None:
    """What may be a server's form of what was there is not merged back: a person writes other things."""
    found = Observation(id="1", event=replace(BEFORE, summary="neu", description="Raum"), revision="r2")
    base = written_base(
        Base.of(BEFORE, 1),
        {"summary": "neu"},
        found,
        Written(id="1", revision="r2" if tells else None),
        TARGET,
        conditional=False,
    )
    assert base.values == {"summary": "neu", "when": WHEN, "description": "Raum"}
    assert base.unsure == unsure
