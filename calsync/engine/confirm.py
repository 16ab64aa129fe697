"""What becomes of a write that was carried out: link, bases, observation and ledger move together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.engine.doubts import doubted, fresh_seen
from calsync.engine.readback import written_base
from calsync.records import Intent, LedgerEntry
from calsync.sync.choices import ADOPTED, LEAVING, LOSING, UNDONE
from calsync.sync.forms import may_be_form
from calsync.sync.merge import delivered
from calsync.sync.model import BOTH, FIELDS, Base, Event, Link, Observation, Side, State
from calsync.sync.plan import Kind
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calsync.engine.account import Run
    from calsync.engine.notebook import Batch
    from calsync.ports import Written
    from calsync.sync.model import Changes, Draft, Field, Value


UNKNOWN = "unknown_outcome"
"""The reason of a write of which nobody can tell whether it was carried out."""


def confirm(run: Run, batch: Batch, intent: Intent, written: Written | None, found: Observation | None) -> None:
    """Add to `batch` what a confirmed write changes in what is remembered.

    `written` is the server's answer; None where a later look found the write carried out. `found` is the event as
    it was read back or looked up; None where it was not.
    """
    if intent.kind is Kind.CREATE:
        _created(run, batch, intent, written, found)
    elif intent.kind is Kind.UPDATE:
        _updated(run, batch, intent, written, found)
    else:
        _deleted(run, batch, intent)
    batch.intents[intent.marker] = None
    run.report.counts[intent.side].done(intent.kind)


def _created(run: Run, batch: Batch, intent: Intent, written: Written | None, found: Observation | None) -> None:
    draft, source = intent.draft, intent.source
    if draft is None or source is None:
        raise TypeError("a create's intent holds its draft and its source")
    observation, undone = found or _imagined(written, draft), intent.reason == UNDONE
    if observation is None:
        raise TypeError("a create is confirmed by its answer or by what was found")
    # The answer to a create that was sent before may show what somebody has made of its event since.
    answered = written if intent.run == run.number else None
    base = _base(run, intent.side, observation)
    certain = _is_certain(run, intent, written)
    if certain:
        base = written_base(base, draft.values(), found, answered)
    if not certain or _is_rewritten(run, draft.values(), base):
        same = all(base.values[name] == value for name, value in draft.values().items())
        intent = replace(intent, reason=ADOPTED if same else "linked_different")
        run.report.remark(intent.kind, intent.side, intent.reason)
    bases = {intent.side: base, intent.side.other: _base(run, intent.side.other, source)}
    link = _renewed(run, batch, intent, {intent.side: observation.id, intent.side.other: source.id}, bases)
    if not certain and not _is_masked(source, draft):  # a pair that was matched up, for all that anybody knows
        link = replace(link, origin=None)
    seen = run.notebook.state.seen
    known = seen[intent.side].get(observation.id)
    batch.seen[intent.side][observation.id] = fresh_seen(run, known, observation, intent.side)
    if source.id not in seen[intent.side.other]:  # forgotten while the create was open: is it still there?
        lost = fresh_seen(run, None, source, intent.side.other)
        lost = replace(lost, standing=Standing.DELETED) if undone else doubted(run, lost)
        batch.seen[intent.side.other][source.id] = lost
    batch.links[link.id] = _alone(run, link) if undone else link
    for reason in _left_behind(run, intent.side, source.event, draft):
        run.report.remark(intent.kind, intent.side, reason)
    _tell(run, batch, intent, link.id, observation.id, {}, base.values)


def _alone(run: Run, link: Link) -> Link:
    """Return the link of what was created anew: alone until its partner is back, then both are as found."""
    for side in BOTH:
        link = link.with_base(side, Base(mapping_version=run.account.calendars[side].capabilities.mapping_version))
    return replace(link, state=State.PARTED, reason=UNDONE)


def _is_certain(run: Run, intent: Intent, written: Written | None) -> bool:
    """Tell whether an event is the one that we created: without markers, a user may have entered the same one.

    Then what is different stays so: it may be an edit of our copy, or an event of a user's own.
    """
    return written is not None or run.account.calendars[intent.side].capabilities.marker


def _is_rewritten(run: Run, expected: Mapping[Field, Value], base: Base) -> bool:
    """Tell whether an event was written again since this write, which only a later disk than this one knew.

    That calsync wrote it last says nothing then of what users had made of it before.
    """
    forms = (may_be_form(base.values[name], value) for name, value in expected.items())
    return run.notebook.state.rebuild is not None and not all(forms)


def _is_masked(source: Observation, draft: Draft) -> bool:
    """Tell whether a copy shows less than its original, and so may never be taken for it."""
    return any(source.event.value(name) != value for name, value in draft.values().items())


def _left_behind(run: Run, side: Side, original: Event, draft: Draft) -> Iterator[str]:
    """Yield a reason for each thing of the original that its copy on this side does not have."""
    if original.attendee_count is None:
        yield "attendees_unknown"
    elif original.attendee_count:
        yield "attendees_not_carried"
    holds = run.account.calendars[side].capabilities.writes_reminder
    if original.reminder and (draft.reminder is None or not holds):
        yield "reminder_not_carried"


def _updated(run: Run, batch: Batch, intent: Intent, written: Written | None, found: Observation | None) -> None:
    link = _current(run, batch, intent)
    source, target = intent.source, intent.target
    if source is None or target is None:
        raise TypeError("an update's intent holds its source and its target")
    if link is None:
        tell_lost(run, batch, intent)
        return
    if found is not None and found.revision == target.revision:
        found = None  # read from before the write
    observation = found or _overwritten(target, intent)
    conditional = run.account.calendars[intent.side].capabilities.conditional_writes
    earlier, undone = link.base(intent.side), intent.reason == UNDONE
    base = written_base(earlier, intent.changes, found, written, target, conditional=conditional)
    expected = {**earlier.values, **intent.changes}
    unproven = _unproven(intent, written, found)
    after = {name: base.values[name] for name in intent.changes if name not in unproven}
    if intent.reason in LOSING:
        run.report.remark(intent.kind, intent.side, intent.reason)
    if _is_rewritten(run, expected, base):
        after = dict(intent.changes)  # what is there now may be a user's, and is told by itself
        differs = {name: base.values[name] for name, value in expected.items() if base.values[name] != value}
        taken = replace(intent, kind=Kind.LINK, reason="linked_different", undoes=None)
        run.report.remark(taken.kind, taken.side, taken.reason)
        _tell(run, batch, taken, link.id, target.id, {}, differs)
    link = link.with_base(intent.side, base)
    if not undone:  # then the other side has nothing that would have been delivered
        other = intent.side.other
        run.account.chain.about(intent.side, target, source)
        agreed = delivered(link.base(other), source.event, intent.changes.keys(), run.account.chain)
        link = link.with_base(other, agreed)
    batch.links[link.id] = link
    known = run.notebook.state.seen[intent.side].get(target.id)
    batch.seen[intent.side][target.id] = fresh_seen(run, known, observation, intent.side)
    before = {name: target.event.value(name) for name in after}
    _tell(run, batch, intent, link.id, target.id, before, after)
    if unproven:
        tell_lost(run, batch, replace(intent, changes=unproven))


def _unproven(intent: Intent, written: Written | None, found: Observation | None) -> Changes:
    """Return what of an update without an answer is there in no form: edited since, or it has never arrived.

    Then somebody has entered by himself what shows the rest of it.
    """
    if written is not None or found is None or found.written_by_us:
        return {}
    stored = found.event
    return {name: value for name, value in intent.changes.items() if not may_be_form(stored.value(name), value)}


def tell_lost(run: Run, batch: Batch, intent: Intent) -> None:
    """Put the before-image of an update into the ledger of which nobody can tell whether it was carried out."""
    if intent.target is not None:
        before = {name: intent.target.event.value(name) for name in intent.changes}
        lost = replace(intent, reason=UNKNOWN)
        _tell(run, batch, lost, intent.link, intent.target.id, before, intent.changes)


def _deleted(run: Run, batch: Batch, intent: Intent) -> None:
    target = intent.target
    if target is None:
        raise TypeError("a delete's intent holds its target")
    known = batch.seen[intent.side].get(target.id) or run.notebook.state.seen[intent.side].get(target.id)
    if known is not None:
        batch.seen[intent.side][target.id] = replace(known, standing=Standing.DELETED, standing_run=run.number)
    link = _current(run, batch, intent)
    if link is not None and intent.reason in {UNDONE, LEAVING}:
        # Both ids stay: nothing may copy the original anew, and the copy may come out of the trash.
        batch.links[link.id] = replace(link, state=State.PARTED, reason=intent.reason)
    elif link is not None:
        unlink(run, batch, link)
    before = {name: target.event.value(name) for name in FIELDS}
    _tell(run, batch, intent, intent.link, target.id, before, {})


def unlink(run: Run, batch: Batch, link: Link) -> None:
    """End a link whose events are both gone."""
    batch.links[link.id] = None
    for side in BOTH:
        let_go(run, batch, side, link.event_id(side))


def let_go(run: Run, batch: Batch, side: Side, event_id: str | None) -> None:
    """Forget a link's lost event, and keep late repetitions from bringing it back.

    A cancelled meeting is lost, too, but still there to be seen: it is remembered, and is never new. So is one in
    doubt, until it is known where it is.
    """
    if event_id is None:
        return
    known = batch.seen[side].get(event_id) or run.notebook.state.seen[side].get(event_id)
    if known is None or not (known.standing is Standing.PRESENT or known.standing.in_doubt):
        batch.bury(side, event_id, run.now, known.observation.revision if known else None)


def _renewed(run: Run, batch: Batch, intent: Intent, ids: Mapping[Side, str], bases: Mapping[Side, Base]) -> Link:
    """Return the link of a created copy: a new one, or the old one with its lost side replaced.

    What was created anew is the copy from now on, whichever side was there first.
    """
    link = _current(run, batch, intent)
    lost = link.event_id(intent.side) if link else None
    if lost != ids[intent.side]:
        let_go(run, batch, intent.side, lost)
    return Link(
        id=link.id if link else run.notebook.new_link_id(),
        left=ids[Side.LEFT],
        right=ids[Side.RIGHT],
        origin=intent.side.other,
        left_base=bases[Side.LEFT],
        right_base=bases[Side.RIGHT],
    )


def _current(run: Run, batch: Batch, intent: Intent) -> Link | None:
    if intent.link is None:
        return None
    if intent.link in batch.links:
        return batch.links[intent.link]
    return run.notebook.state.links.get(intent.link)


def _base(run: Run, side: Side, observation: Observation) -> Base:
    return Base.of(observation.event, run.account.calendars[side].capabilities.mapping_version)


def _imagined(written: Written | None, draft: Draft) -> Observation | None:
    """Return the copy as it was intended, to be read again before it is compared."""
    if written is None:
        return None
    event = Event(summary=draft.summary, when=draft.when, description=draft.description)
    return Observation(id=written.id, event=event, revision=None)


def _overwritten(target: Observation, intent: Intent) -> Observation:
    """Return the target as it was intended, to be read again before it is compared."""
    return replace(target, event=target.event.with_values(intent.changes), revision=None, modified=None)


def _invited(*events: Observation | None) -> int | None:
    """Return how many people another program would have told of a write; None where nobody can tell."""
    counts = [seen.event.attendee_count for seen in events if seen is not None]
    most = max((count for count in counts if count is not None), default=0)
    return most if most or None not in counts else None


def _tell(
    run: Run,
    batch: Batch,
    intent: Intent,
    link: int | None,
    event_id: str,
    before: Mapping[Field, Value],
    after: Mapping[Field, Value],
) -> None:
    source, target = intent.source, intent.target
    batch.ledger.append(
        LedgerEntry(
            run=intent.run,
            at=run.now,
            kind=intent.kind,
            side=intent.side,
            reason=intent.reason,
            undoes=intent.undoes,
            event_id=event_id,
            source_id=source.id if source else None,
            link=link,
            uid=target.event.uid if target else None,
            source_uid=source.event.uid if source else None,
            private=target is not None and target.event.private,
            attendees=None if intent.reason == UNKNOWN else _invited(source, target),
            before=before,
            after=after,
        )
    )
