"""Before writes are undone, it is told what would be done and what is left alone; then what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli import undo_report
from calsync.desk.undo_plan import undo_plan
from calsync.records import Selection
from calsync.sync.model import Direction, Side
from calsync.sync.plan import Kind
from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    import pytest

    from calsync.engine import Undone
    from calsync.sync.model import Observation
    from tests.desk.office import Office


async def imported(office: Office, *names: str) -> Selection:
    """Have appointments copied to Outlook; return the run that did it."""
    for name in names:
        office.left.user_create(replace(MEETING, summary=name))
    report = await office.run()
    return Selection(run=report.number)


def copy_of(office: Office, name: str) -> str:
    return next(key for key, event in office.right.events().items() if event.summary == name)


async def test_what_is_left_alone_is_told_by_event_and_reason(office: Office) -> None:
    selection = await imported(office, "eins", "zwei")
    office.right.user_edit(copy_of(office, "zwei"), description="von Hand")
    found = undo_plan(await office.undo("anna", selection, None), selection, None)
    assert (found.why, found.does, found.anew) == (None, 1, False)
    assert found.plan.counts == {(Kind.DELETE, Side.RIGHT): 1}
    assert found.plan.others == {"undo_edited": 1}
    (left,) = found.plan.left_alone
    assert (left.sentence("de"), left.reason, left.when) == ("„zwei“", "undo_edited", MEETING.when)


async def test_of_fields_that_are_left_alone_it_is_told_which(office: Office) -> None:
    await imported(office, "eins")
    (original,) = office.left.events()
    office.left.user_edit(original, summary="eins B", description="neu")
    selection = Selection(run=(await office.run()).number)
    office.right.user_edit(copy_of(office, "eins B"), description="von Hand")
    found = undo_plan(await office.undo("anna", selection, None), selection, None)
    (update,) = found.plan.writes
    assert [(one.field, one.old, one.new) for one in update.changes] == [("summary", "eins B", "eins")]
    (left,) = found.plan.left_alone
    assert left.sentence("en") == "“eins B”: notes"


async def test_what_changes_under_the_plan_is_left_alone_and_counted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = await imported(office, "eins", "zwei")
    shown = await office.undo("anna", selection, None)
    assert shown.untouched == 2  # nothing is done yet
    preview = "\n".join(undo_report.lines("anna", shown, "de", done=False))
    assert "rückgängig gemacht" not in preview
    assert "2  löschen  rechts" in preview
    delete, edited = office.right.delete, copy_of(office, "zwei")

    async def late(target: Observation) -> None:
        if target.id == edited:
            office.right.user_edit(edited, summary="von Hand")
        await delete(target)

    monkeypatch.setattr(office.right, "delete", late)
    done = await office.undo("anna", selection, shown.plan.hash)
    found = undo_plan(done, selection, shown.plan.hash)
    assert (found.why, found.untouched, found.counts[Side.RIGHT].deleted) == (None, 1, 1)
    assert [event.summary for event in office.right.events().values()] == ["von Hand"]
    assert undo_report.lines("anna", done, "en", done=True)[-1].startswith("left alone, as it has changed")
    assert undo_report.lines("anna", done, "de", done=True)[-2] == (
        "Rückgängig gemacht rechts: 1 entfernt, 0 mit früheren Werten, 0 neu angelegt, 0 gescheitert"
    )


async def test_why_nothing_was_undone_is_told(office: Office) -> None:
    selection = await imported(office, "eins")
    seen = await office.undo("anna", selection, None)
    assert _why(await office.undo("anna", Selection(run=99), None), None) == "nothing"
    assert _why(await office.undo("anna", selection, "0" * 16), "0" * 16) == "changed"
    await office.runs.put("anna", 99)  # the store was put back
    assert _why(await office.undo("anna", selection, None), None) == "waits"
    assert _why(await office.undo("anna", selection, seen.plan.hash), seen.plan.hash) == "waits"
    assert len(office.right.events()) == 1


def _why(undone: Undone, plan_hash: str | None) -> Any:
    return undo_plan(undone, Selection(), plan_hash).why


async def test_what_is_held_is_not_told_as_a_write(office: Office) -> None:
    selection = await imported(office, "eins")
    settings, now = office.store.settings, office.clock.now()
    await settings.set_direction("anna", Direction.RIGHT_TO_LEFT, "Petra", now)
    await office.run()
    await settings.set_direction("anna", Direction.BOTH, "Petra", now)
    found = undo_plan(await office.undo("anna", selection, None), selection, None)
    assert (found.does, found.plan.counts, found.plan.others) == (0, {}, {"direction": 1})
