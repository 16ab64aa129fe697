"""Records as rows of their tables, and back. A row made here lacks only the account.

Where thousands are written, members of enumerations become plain texts here: for each member sqlite3 would look
for somebody who adapts it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from calsync.records import Attempt, Held, Intent, Lease, LedgerEntry, SideState, Tombstone
from calsync.store import codec
from calsync.sync.asking import Hang, Version
from calsync.sync.choices import Choice, Decision
from calsync.sync.model import BOTH, Link, Side, State, Window
from calsync.sync.plan import Kind
from calsync.sync.view import Seen, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import TypeVar

    from calsync.store.connection import Found
    from calsync.store.images import Images

    T = TypeVar("T")

Row = dict[str, Any]
_decode = msgspec.json.Decoder().decode
STANDINGS = {standing.value: standing for standing in Standing}
STATES = {state.value: state for state in State}
SIDES = {side.value: side for side in BOTH}
"""Members by their text: thousands of rows are read in every run, and calling an enumeration is slow."""
EARLIER = 9
"""So many questions about the same events are kept besides the last one: each has ended a process."""


def side_row(side: Side, state: SideState) -> Row:
    window = state.window
    return {
        "side": side,
        "token": state.token,
        "window_start": window and codec.instant_text(window.start),
        "window_end": window and codec.instant_text(window.end),
        "round": state.round,
        "listed_run": state.listed_run,
        "listed_at": state.listed_at and codec.instant_text(state.listed_at),
        "mapping_version": state.reading,
        "written": None if state.written is None else int(state.written),
        "calendar": state.calendar,
    }


def side_state(row: Found) -> SideState:
    start, end = _read(codec.instant, row["window_start"]), _read(codec.instant, row["window_end"])
    return SideState(
        token=row["token"],
        window=Window(start, end) if start and end else None,
        round=row["round"],
        listed_run=row["listed_run"],
        listed_at=_read(codec.instant, row["listed_at"]),
        reading=row["mapping_version"],
        written=None if row["written"] is None else bool(row["written"]),
        calendar=row["calendar"],
    )


def seen_row(side: Side, seen: Seen) -> Row:
    return {
        "side": str(side),
        "event_id": seen.observation.id,
        "observation": codec.text(seen.observation),
        "first_run": seen.first_run,
        "round": seen.round,
        "standing": str(seen.standing),
        "standing_run": seen.standing_run,
    }


def seen(row: Found, same: codec.Same | None = None) -> Seen:
    return Seen(
        observation=codec.observation(row["observation"], same),
        first_run=row["first_run"],
        round=row["round"],
        standing=STANDINGS[row["standing"]],
        standing_run=row["standing_run"],
    )


def events_text(events: Collection[tuple[Side, str]]) -> str | None:
    """Return sides with ids, or with uids, as statements take them; None for none."""
    return json.dumps(sorted(events)) if events else None


def stands_as_it_is(uid: str) -> bool:
    """Tell whether JSON writes a uid as it is, so that each database finds it in the text of an event."""
    return json.dumps(uid, ensure_ascii=False) == f'"{uid}"'


def events(text: str | None) -> frozenset[tuple[Side, str]]:
    return frozenset() if text is None else frozenset((SIDES[side], name) for side, name in _decode(text))


def link_row(link: Link) -> Row:
    return {
        "id": link.id,
        "left_id": link.left,
        "right_id": link.right,
        "state": str(link.state),
        "reason": link.reason,
        "origin": link.origin and str(link.origin),
        "left_base": codec.text(link.left_base),
        "right_base": codec.text(link.right_base),
    }


def link(row: Found, same: codec.Same | None = None) -> Link:
    return Link(
        id=row["id"],
        left=row["left_id"],
        right=row["right_id"],
        state=STATES[row["state"]],
        reason=row["reason"],
        origin=SIDES.get(row["origin"]),
        left_base=codec.base(row["left_base"], same),
        right_base=codec.base(row["right_base"], same),
    )


def intent_row(intent: Intent) -> Row:
    return {
        "marker": intent.marker,
        "kind": str(intent.kind),
        "side": str(intent.side),
        "reason": intent.reason,
        "link": intent.link,
        "source_id": intent.source and intent.source.id,
        "source": intent.source and codec.text(intent.source),
        "target": intent.target and codec.text(intent.target),
        "draft": intent.draft and codec.text(intent.draft),
        "changes": codec.text(intent.changes),
        "run": intent.run,
        "undoes": intent.undoes,
        "begun": codec.instant_text(intent.begun),
        "looks": intent.looks,
    }


def intent(row: Found) -> Intent:
    return Intent(
        marker=row["marker"],
        kind=Kind(row["kind"]),
        side=Side(row["side"]),
        reason=row["reason"],
        link=row["link"],
        source=_read(codec.observation, row["source"]),
        target=_read(codec.observation, row["target"]),
        draft=_read(codec.draft, row["draft"]),
        changes=codec.values(row["changes"]),
        run=row["run"],
        undoes=row["undoes"],
        begun=codec.instant(row["begun"]),
        looks=row["looks"],
    )


def attempt_row(attempt: Attempt) -> Row:
    return {
        "side": attempt.side,
        "event_id": attempt.event_id,
        "failures": attempt.count,
        "due": codec.instant_text(attempt.due),
        "error": attempt.error,
    }


def attempt(row: Found) -> Attempt:
    return Attempt(
        side=Side(row["side"]),
        event_id=row["event_id"],
        count=row["failures"],
        due=codec.instant(row["due"]),
        error=row["error"],
    )


def hold_row(held: Held) -> Row:
    return {
        "side": held.side,
        "event_id": held.event_id,
        "kind": held.kind,
        "reason": held.reason,
        "since": codec.instant_text(held.since),
        "rule": held.rule,
    }


def held(row: Found) -> Held:
    return Held(
        side=Side(row["side"]),
        event_id=row["event_id"],
        kind=Kind(row["kind"]),
        reason=row["reason"],
        since=codec.instant(row["since"]),
        rule=row["rule"],
    )


def decision_row(decision: Decision) -> Row:
    return {
        "side": decision.side,
        "event_id": decision.event_id,
        "kind": decision.kind,
        "reason": decision.reason,
        "choice": decision.choice,
        "partner": decision.partner,
        "fingerprint": decision.fingerprint,
        "since": codec.instant_text(decision.since),
        "at": codec.instant_text(decision.at),
    }


def decision(row: Found) -> Decision:
    return Decision(
        side=Side(row["side"]),
        event_id=row["event_id"],
        kind=Kind(row["kind"]),
        reason=row["reason"],
        choice=Choice(row["choice"]),
        partner=row["partner"],
        fingerprint=row["fingerprint"],
        since=codec.instant(row["since"]),
        at=codec.instant(row["at"]),
    )


def tombstone_row(tombstone: Tombstone) -> Row:
    return {
        "side": tombstone.side,
        "event_id": tombstone.event_id,
        "revision": tombstone.revision,
        "at": codec.instant_text(tombstone.at),
    }


def tombstone(row: Found) -> Tombstone:
    return Tombstone(
        side=Side(row["side"]),
        event_id=row["event_id"],
        revision=row["revision"],
        at=codec.instant(row["at"]),
    )


def hang_key(hang: Hang) -> Row:
    """Return what tells a row of questions from others: the events, in whichever version."""
    left, right = hang.about
    return {"left_id": left or "", "right_id": right or ""}


def hang_row(hang: Hang, before: Iterable[Hang]) -> Row:
    """`before`: what the row told so far, the oldest first."""
    earlier = [_asked(one) for one in before if one != hang][-EARLIER:]
    return {
        **hang_key(hang),
        **_asked(hang),
        "earlier": json.dumps(earlier) if earlier else None,
        "noted_run": hang.noted_run,
    }


def hangs(row: Found) -> Iterator[Hang]:
    """Yield the questions of a row, the oldest first."""
    for asked in (*json.loads(row["earlier"] or "[]"), row):
        yield Hang(
            rule=asked["rule"],
            version=asked["version"],
            left=Version(row["left_id"], asked["left_revision"]) if row["left_id"] else None,
            right=Version(row["right_id"], asked["right_revision"]) if row["right_id"] else None,
            noted_run=row["noted_run"],
        )


def _asked(hang: Hang) -> Row:
    return {
        "left_revision": hang.left and hang.left.revision,
        "right_revision": hang.right and hang.right.revision,
        "rule": hang.rule,
        "version": hang.version,
    }


def ledger_row(entry: LedgerEntry, account: str, images: Images) -> Row:
    before, after = images.put(account, entry.before, entry.after)
    return {
        "run": entry.run,
        "at": codec.instant_text(entry.at),
        "kind": str(entry.kind),
        "side": str(entry.side),
        "reason": entry.reason,
        "undoes": entry.undoes,
        "event_id": entry.event_id,
        "source_id": entry.source_id,
        "link": entry.link,
        "uid": entry.uid,
        "source_uid": entry.source_uid,
        "private": int(entry.private),
        "attendees": entry.attendees,
        "before_image": before,
        "after_image": after,
    }


def ledger_entry(row: Found, images: Images) -> LedgerEntry:
    found = images.get(row["account"], row["before_image"], row["after_image"])
    before, after = found or ({}, {})
    return LedgerEntry(
        run=row["run"],
        at=codec.instant(row["at"]),
        kind=row["kind"],
        side=Side(row["side"]),
        reason=row["reason"],
        id=row["id"],
        undoes=row["undoes"],
        event_id=row["event_id"],
        source_id=row["source_id"],
        link=row["link"],
        uid=row["uid"],
        source_uid=row["source_uid"],
        private=bool(row["private"]),
        attendees=row["attendees"],
        readable=found is not None,
        before=before,
        after=after,
    )


def lease(row: Found) -> Lease:
    until = codec.instant(row["until"])
    return Lease(account=row["account"], holder=row["holder"], fence=row["fence"], until=until)


def _read(decode: Callable[[str], T], text: str | None) -> T | None:
    return None if text is None else decode(text)
