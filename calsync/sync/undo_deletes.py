"""Undoing deletes: what is gone is created anew, and stays alone until its partner is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.choices import LEAVING, UNDONE
from calsync.sync.decisions import decision
from calsync.sync.judgement import guarded, refusal
from calsync.sync.model import FIELDS, Draft, Event, Observation, State
from calsync.sync.plan import Kind, Operation
from calsync.sync.undoing import event_of
from calsync.sync.view import Standing
from calsync.sync.wrote import former
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calsync.sync.undoing import Case
    from calsync.sync.view import Seen


def undo_delete(case: Case) -> Iterator[Operation]:
    """Create anew what was deleted; where the delete had undone a create, end its link, and all begins anew."""
    if case.last.reason == UNDONE:
        yield _unlink(case)
        return
    why = _not_anew(case)
    if why is not None:
        yield case.skip(why)
        return
    image = event_of(case.last, former(case.rows))
    why = refusal(case.view, image)
    if why is not None:
        yield case.skip(why)
    else:
        yield from guarded(case.view, _anew(case, image))


def _not_anew(case: Case) -> str | None:
    """Return why what was deleted is not created anew."""
    row = case.last
    partners = _partners(case)
    if row.id in case.undoing.undoers:
        return "undo_done"
    if row.private or any(seen.observation.event.private for seen in partners):
        return "undo_private"
    if row.source_id is None or not all(name in row.before for name in FIELDS):
        return "undo_uncertain"
    if (case.side.other, row.source_id) in case.view.possibly_made:  # its copy may be on its way
        return "waits"
    if row.id not in case.undoing.gone:
        return "undo_back"
    back = _has_another if row.reason == LEAVING else _is_back
    return "undo_back" if any(back(case, seen) for seen in partners) else None


def _partners(case: Case) -> Sequence[Seen]:
    """Return what is remembered of the partner of what was deleted, under its id and its uid."""
    return [
        seen
        for event_id, seen in case.view.seen[case.side.other].items()
        if event_id == case.last.source_id or (case.last.source_uid or None) == (seen.observation.event.uid or "")
    ]


def _is_back(case: Case, partner: Seen) -> bool:
    """Tell whether a partner is or may be there, or one of a pair: it has a copy, or gets one by today's rules."""
    here = not partner.deleted and partner.standing is not Standing.ELSEWHERE
    return here or partner.observation.id in case.view.linked[case.side.other]


def _has_another(case: Case, original: Seen) -> bool:
    """Tell whether an original, which was there when its copy was removed, has got another one since."""
    link = case.view.linked[case.side.other].get(original.observation.id)
    return link is not None and (case.link is None or link != case.link.id or case.link.reason != LEAVING)


def _anew(case: Case, image: Event) -> Operation:
    """Return the create of what the ledger remembers: without a reminder, which it does not."""
    row = case.last
    return Operation(
        kind=Kind.CREATE,
        side=case.side,
        reason=UNDONE,
        link=case.link if row.reason == LEAVING else None,
        source=Observation(id=row.source_id or "", event=replace(image, uid=row.source_uid), revision=None),
        draft=Draft(summary=image.summary, when=image.when, description=image.description, reminder=None),
        undoes=row.id,
    )


def _unlink(case: Case) -> Operation:
    """Let the original of an undone copy be new again: it is copied by the rules of today."""
    link, copy, original = case.link, case.seen(case.side), case.seen(case.side.other)
    if link is None or link.state is not State.PARTED or link.reason != UNDONE:
        return case.skip("undo_done")
    if case.last.id not in case.undoing.gone or copy is None or not copy.deleted:
        return case.skip("undo_back")
    if original is None or original.standing is not Standing.PRESENT or original.deleted:
        return case.skip("undo_gone")
    return decision(link, case.side, original, copy, Kind.UNLINK, UNDONE)
