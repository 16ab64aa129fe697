"""Judges what became of what a person decided about what was held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.store.connection import fetch
from calsync.sync.choices import AMBIGUOUS, DECIDED, RELEASED, Choice
from calsync.sync.forms import may_be_form
from calsync.sync.model import BOTH, Side, State
from calsync.sync.plan import Kind
from calsync.testing.rows import Place
from tests.simulation.database import LINKS
from tests.simulation.rules import keeps_out
from tests.simulation.witness import key, lives
from tests.simulation.words import Word, asks, comes_back, hides, is_other, looks, shows, takes_away

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from calsync.desk.decisions import Case
    from calsync.records import AccountState, LedgerEntry
    from calsync.sync.model import Field, Observation
    from calsync.sync.plan import Operation
    from calsync.testing.rows import Row
    from tests.simulation.database import Left
    from tests.simulation.pair import Entry, Pair
    from tests.simulation.witness import Key, Node


class Decisions:
    """The decisions of one account's person."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.words: list[Word] = []
        self._told = 0
        self._forgotten = self._dropped = 0
        """How many words are not remembered any more, or may not be; and how many must not be."""
        self._put_back = 0
        """How long the journal was when these were dropped with an old disk, which may hold their open writes."""
        self._done: dict[int, int] = {}
        """The numbers of the words that a run has carried out, with how long the journal was when it had."""
        self._over: list[Word] = []
        """What a rule kept out that has gone since: nothing of that was held meanwhile, and it is asked anew."""
        self._overtaken: list[Word] = []
        """Words about what was held under other rules than those of the next run."""

    def ask(self, case: Case) -> None:
        """Take note that a person is asked about a case: once is enough, as long as nobody touches the pair."""
        for number, word in enumerate(self.words):
            if word.case.kind is Kind.CREATE and word.choice is Choice.RELEASE:
                continue  # its request may be lost, and then nothing is known of it any more
            asked = asks(word.case) == asks(case) and self._counts(word)
            if not asked or self._touched(word) or self._carried_out(word):
                continue
            if self._showed_otherwise(word, self._done.get(number)):
                self.pair.world.excuse("beside another thing")
            else:
                self.pair.fail("decision", f"{case.side} {case.event_id}: {case.reason} was decided before")

    def said(self, case: Case) -> Collection[Choice]:
        """Return what a person has said before of what is held now, for the same reason."""
        held = case.side, case.event_id, case.kind, case.reason
        words = ((word.choice, word.case) for word in self.words)
        return {choice for choice, of in words if (of.side, of.event_id, of.kind, of.reason) == held}

    def take(self, case: Case, choice: Choice) -> None:
        """Take note of a decision that counts."""
        node, number = (case.side, case.event_id), len(self.pair.journal)
        history = list(self._history(node))
        known = all(self.pair.witness.dealt_with(past) for past in history)
        known = known and not any(past.change.after.id in self._misled or self._untold(past) for past in history)
        fields = tuple(name for each in self._held(case) for name in each.fields)
        came_back = any(comes_back(past) and not self.pair.witness.dealt_with(past) for past in history)
        now, beside = self.pair.world.clock.now(), all(map(self.pair.witness.dealt_with, self._alike(case)))
        self.words.append(Word(number, self.pair.runs, case, choice, fields, known, now, came_back, beside))
        if not self.pair.ruled and self.pair.runs:
            self._overtaken.append(self.words[-1])
            self.pair.world.excuse("other rules")
        self.pair.world.mix[f"person: {case.reason} {case.kind} {choice}"] += 1
        self.pair.note(f"person: {case.side} {case.event_id} {case.reason} {case.kind} {choice}")

    def _alike(self, case: Case) -> Iterator[Entry]:
        """Yield what made any event look as the twin does that is asked about: it may stand beside it."""
        seen = case.left or case.right
        if case.reason != AMBIGUOUS or seen is None:
            return
        for past in self.pair.journal:
            event = past.change.after.event
            if shows(past.change.after) and (event.summary, event.when) == (seen.event.summary, seen.event.when):
                yield past

    def forget(self, *, ran: bool) -> None:
        """Take note that the disk was put back; where a run has begun since it was kept, all words are dropped."""
        self._forgotten = len(self.words)
        if ran:
            self._dropped, self._put_back = self._forgotten, len(self.pair.journal)

    def left(self) -> None:
        """Take note that the account has left: all words are dropped."""
        self._forgotten = self._dropped = len(self.words)
        self._told = len(self.pair.witness.ledger)

    def told_apart(self, node: Node) -> bool:
        """Tell whether a person has said of an event that looks like others what it belongs to, or to none."""
        words = [word for word in self.words[self._forgotten :] if word.event == node or node in word.paired]
        return any(word.case.reason == AMBIGUOUS or word.choice is Choice.RELEASE for word in words)

    def drop(self) -> None:
        """Take note that a rebuild is over: what was said before a run noticed the old disk, it has dropped.

        The person saw what that disk tells, which may be older than the calendars.
        """
        for _ in self.words[self._forgotten :]:
            self.pair.world.excuse("old disk", "a word that nobody had heard")
        self._forgotten = len(self.words)

    def rules_change(self) -> None:
        """Take note that other rules hold from now on."""
        if self.pair.strict == "admit":
            self._over += [
                word
                for word in self.words
                if any(keeps_out(seen.event) for seen in (word.case.left, word.case.right) if seen is not None)
            ]

    def look(self, left: Left) -> None:
        """Judge what a run did with decisions."""
        entries = self.pair.witness.ledger[self._told :]
        self._told += len(entries)
        for entry in entries:
            if entry.reason == RELEASED:
                self._judge_release(entry)
            elif entry.reason == DECIDED:
                self._judge_choice(entry)
        for number, word in enumerate(self.words):
            if self._was_done(word):
                self._done.setdefault(number, len(self.pair.journal))
        self._judge_left_alone(left)

    def judge(self, entry: Entry) -> None:
        """Judge a write at the moment it reaches a calendar: what is kept is not carried out later."""
        node = entry.side, entry.change.after.id
        before, after = entry.change.before, entry.change.after
        if before is None:
            self._judge_copy(entry)
            return
        gone = after.place is not before.place
        words = [*self._words_about(node)]
        for word in words:
            if word.choice is not Choice.KEEP or self._touched(word) or not self._counts(word):
                continue
            changed = [  # a server may put a field in its own form when another one is written
                name
                for name in word.fields
                if word.known
                and not may_be_form(after.event.value(name), before.event.value(name))
                and not self._chosen_since(word, name, after)
            ]
            deleted = gone and not word.came_back and not self._released_since(word, words)
            if deleted if word.case.kind is Kind.DELETE else changed:
                what = f"{node} {'was deleted' if gone else f'got another {changed}'}"
                self.pair.fail("decision", f"{what}, although a person keeps it")

    def _released_since(self, word: Word, words: Sequence[Word]) -> bool:
        """Tell whether a person let an event be deleted later, when its delete was held for another reason."""
        later = [each for each in words if self.words.index(each) > self.words.index(word) and self._counts(each)]
        released = any(each.choice is Choice.RELEASE and each.case.kind is Kind.DELETE for each in later)
        if released:
            self.pair.world.excuse("chosen later")
        return released

    def _chosen_since(self, word: Word, name: Field, row: Row) -> bool:
        """Tell whether a person chose later what an event shows now, of a field that was held then."""
        pair, later = self.pair.witness.family(word.event), self.words[self.words.index(word) + 1 :]
        about = [each for each in later if self.pair.witness.family(each.event) == pair and self._counts(each)]
        chosen = any(each.chosen.get(name) == key(name, row.event.value(name)) for each in about)
        if chosen:
            self.pair.world.excuse("chosen later")
        return chosen

    def _judge_copy(self, entry: Entry) -> None:
        """Judge a create: what a person wants to be left alone, or has paired, is not copied."""
        source = self.pair.witness.source(entry)
        last = {word.event: word for word in self.words if word.event == source}
        for word in last.values():
            left_alone = word.choice in (Choice.KEEP, Choice.PAIR) and word.case.reason == AMBIGUOUS
            if (
                left_alone
                and word.known
                and self._counts(word)
                and not self._touched(word)
                and self._was_done(word)
                and self._stood(word)
                and not (self._is_paired_with_one_gone(word) or self._is_paired_twice(word))
            ):
                self.pair.fail("decision", f"{source} was copied, although a person said {word.choice}")

    def _stood(self, word: Word) -> bool:
        """Tell whether both that a person paired were there by then: of one that was not, the other is copied."""
        return all(self.pair.witness.was_there(node, word.number) for node in word.paired)

    def _is_paired_with_one_gone(self, word: Word) -> bool:
        """Tell whether a person had what is to be left alone paired, too, before a run heard of either."""
        beside = [each for each in self.words if each.runs == word.runs and self._counts(each)]
        gone = {(past.side, past.change.after.id) for past in self.pair.journal[: word.number] if takes_away(past)}
        paired = any(
            word.event in each.paired and gone & {*each.paired} and not self._stood(each) for each in beside
        )
        if paired:
            self.pair.world.excuse("said both ways")
        return paired

    def _was_done(self, word: Word) -> bool:
        """Tell whether a run has carried out what was said of a twin, so that it has a link since."""
        return word.event in self.pair.witness.linked

    def has_chosen(self, node: Node, value: Key, since: int) -> bool:
        """Tell whether a person has chosen a value for both events of a pair, behind one place of the journal."""
        pair, words = self.pair.witness.family(node), [word for word in self.words if word.number >= since]
        about = [word for word in words if self.pair.witness.family(word.event) == pair and self._counts(word)]
        chosen = any(value in word.possible.values() for word in about)
        if chosen:
            self.pair.world.excuse("chosen later")
        return chosen

    def passes(self, node: Node) -> bool:
        """Tell whether a person has let a write to this event pass the brakes."""
        return any(
            word.choice is not Choice.KEEP
            and not any(
                self.pair.witness.seen(past, None) and not (hides(past) and past.side is node[0])
                for past in self._since(word)
            )
            for word in self.words
            if self.pair.witness.family(word.node) == self.pair.witness.family(node)
        )

    def released(self, node: Node, reason: str) -> bool:
        """Tell whether a person has let calsync delete this event, for this reason."""
        words = [word for word in self.words if word.node == node and word.case.reason == reason]
        return any(word.choice is Choice.RELEASE for word in words)

    def kept(self, side: Side) -> list[str]:
        """Return the events of a side that a person did not let calsync delete."""
        kept = [word for word in self.words if word.choice is Choice.KEEP and word.case.kind is Kind.DELETE]
        return [word.case.event_id for word in kept if word.case.side is side]

    def at_rest(self, state: AccountState, waiting: Mapping[Node, Sequence[Operation]]) -> None:
        """Judge what has become of each decision in the end."""
        links = {(side, link.event_id(side)): link for link in state.links.values() for side in BOTH}
        for number, word in enumerate(self.words):
            link = links.get(word.node)
            if not word.known or self._touched(word) or not self._counts(word) or link is None:
                continue
            if word.choice is Choice.PAIR:
                continue  # its judge is the one of the pair that it makes
            nodes = [(side, link.event_id(side) or "") for side in BOTH]
            rows = [self.pair.calendars[side].rows.present(event_id) for side, event_id in nodes]
            later = [each for each in self.words[number + 1 :] if each.node in nodes and self._counts(each)]
            held = any(each.kind in (Kind.HOLD, Kind.BLOCK, Kind.SKIP) for node in nodes for each in waiting[node])
            if held or link.state is State.ASLEEP or any(node in state.attempts for node in nodes):
                self.pair.world.excuse("waits")
            elif not self.pair.direction.writes(word.case.side):  # it had turned just before
                self.pair.world.excuse("direction turned")
            elif word.choice is Choice.RELEASE and word.case.kind is Kind.DELETE:
                row = self.pair.calendars[word.case.side].rows.present(word.case.event_id)
                again = any(each.case.kind is Kind.DELETE for each in later)  # as a rule held it then
                there = row is not None and not row.event.cancelled and not self.pair.optional.leave_out(row.event)
                if there and not again and self._lost_against_an_edit(word):
                    self.pair.world.excuse("edited after the delete")
                elif there and not again and self._is_kept_too(word):
                    self.pair.world.excuse("said both ways")
                elif there and not again:
                    self.pair.fail("decision", f"{word.node} was released, but is not deleted")
            else:
                overruled = {name for each in later for name in each.about}
                self._shows_what_was_chosen(word, overruled, [row for row in rows if row is not None])

    def _is_paired_twice(self, word: Word) -> bool:
        """Tell whether a person had the other one of a pair paired with another event, too, and so it is."""
        beside = (each for each in self.words if each.runs == word.runs and word.event not in each.paired)
        both = {frozenset(each.paired) for each in beside if {*each.paired} & {*word.paired}}
        links = fetch(self.pair.world.disk.raw, LINKS, {"account": self.pair.name})
        twice = any(frozenset({(Side.LEFT, left), (Side.RIGHT, right)}) in both for left, right, _ in links)
        if twice:
            self.pair.world.excuse("said both ways")
        return twice

    def _is_kept_too(self, word: Word) -> bool:
        """Tell whether a person, asked whether an event stays without its pair, kept what was to be deleted."""
        beside = (each for each in self.words if each.node == word.node and 0 <= each.runs - word.runs <= 1)
        kept = (each for each in beside if each.choice is Choice.KEEP and each.case.kind is Kind.HOLD)
        return any(each.case.reason == word.case.reason and self._counts(each) for each in kept)

    def _lost_against_an_edit(self, word: Word) -> bool:
        """Tell whether a user had edited what was to be deleted while that was held, so that its pair is back."""
        side, ids = word.case.side, self._ids(word.node)
        edited = any(
            past.change.before is not None
            and not past.change.after.by_us
            and (past.side, past.change.after.id) in ids
            and past.change.after.modified > word.case.since
            and looks(past.change.before.event) != looks(past.change.after.event)
            for past in self.pair.journal[: word.number]
        )
        there = self.pair.witness.present(len(self.pair.journal), side.other)
        return edited and any(self.pair.witness.kin(side.other, row, word.node) for row in there)

    def _shows_what_was_chosen(self, word: Word, overruled: Collection[Field], rows: Sequence[Row]) -> None:
        """Judge the values that a person has chosen, and of which nothing else was said later."""
        for name, value in word.chosen.items():
            for row in rows:
                if name not in overruled and key(name, row.event.value(name)) != value:
                    self.pair.fail("decision", f"{row.id}: {name} is not {value}, which a person chose")

    @property
    def _misled(self) -> set[str]:
        return self.pair.hidden | self.pair.retold

    def _untold(self, past: Entry) -> bool:
        """Tell whether an event was deleted, or moved away, outside the window, where nothing tells of that."""
        window, row = self.pair.account().window(self.pair.world.clock.now()), past.change.after
        return row.place is not Place.CALENDAR and not window.holds(row.event.when)

    def _held(self, case: Case) -> Iterator[Operation]:
        operations = self.pair.report.plan.operations if self.pair.report is not None else ()
        for each in operations:
            if (each.side, each.event_id, each.reason) == (case.side, case.event_id, case.reason):
                yield each

    def _judge_release(self, entry: LedgerEntry) -> None:
        """A release is about the write that the person saw, and no other one."""
        node = entry.side, (entry.source_id if entry.kind == Kind.CREATE else entry.event_id) or ""
        by_a_user = self._was_done_by_a_user(entry)
        heard = by_a_user or self._was_sent_before(entry)
        since = self.words if heard else self.words[self._dropped :]
        words = [word for word in since if word.node == node and word.choice is Choice.RELEASE]
        if not words:
            self.pair.fail("decision", f"{node}: its {entry.kind} was released, they say, but nobody did")
            return
        if entry.kind != Kind.DELETE or by_a_user:
            return
        gone = (Place.TRASH, Place.ELSEWHERE)
        deletes = [past.number for past in self._history(node) if past.change.after.place in gone]
        for past in self._since(words[-1]):
            misled = past.change.after.id in self._misled
            again = next((number for number in deletes if number > past.number), 0)
            # What this run was told at its begin, it asked about once more before it deleted.
            until = again if again < self.pair.begun else self.pair.begun - 1
            if (
                past.side is not entry.side
                and self._was_shown(words[-1], past)
                and comes_back(past)
                and not misled
                and past.change.after.revision in self.pair.calendars[past.side].told
                and self.pair.witness.seen(past, until)
            ):
                self.pair.fail("decision", f"{node} was deleted by a release from before it was restored")

    def _was_shown(self, word: Word, past: Entry) -> bool:
        """Tell whether a change was one of an event that a person was shown, and not of another one of its kin."""
        seen = word.case.left if past.side is Side.LEFT else word.case.right
        return seen is None or (past.side, seen.id) in self._ids((past.side, past.change.after.id))

    def _was_done_by_a_user(self, entry: LedgerEntry) -> bool:
        """Tell whether it was a user who deleted what a delete that was open, maybe on an old disk, found gone."""
        own = (
            past for past in self.pair.journal if (past.side, past.change.after.id) == (entry.side, entry.event_id)
        )
        deletes = [past for past in own if takes_away(past)]
        return entry.kind == Kind.DELETE and bool(deletes) and not deletes[-1].change.after.by_us

    def _was_sent_before(self, entry: LedgerEntry) -> bool:
        """Tell whether a write was carried out before an old disk was put back, and so is only found to be."""
        before = (past for past in self.pair.journal[: self._put_back] if past.change.after.by_us)
        own = (past for past in before if (past.side, past.change.after.id) == (entry.side, entry.event_id))
        if entry.kind == Kind.CREATE:
            return any(past.change.before is None for past in own)
        return any(entry.kind != Kind.DELETE or not lives(past.change.after) for past in own)

    def _judge_left_alone(self, left: Left) -> None:
        """A twin that is to be left alone has a link of its own behind the next run, if users are idle."""
        broken = self.pair.poisoned or self.pair.hanging or self.pair.strict or self.pair.was_put_back
        if self.pair.report is None or left.intents or broken:
            return
        for word in self.words:
            if word.choice is not Choice.KEEP or word.case.reason != AMBIGUOUS or word.at >= self.pair.begun_at:
                continue
            idle = all(past.change.after.by_us for past in self.pair.journal[word.number :])
            asked = [
                (side, seen) for side, seen in zip(Side, (word.case.left, word.case.right), strict=True) if seen
            ]
            sure = (
                word.known
                and word.beside
                and self._counts(word)
                and all(self._is_as_seen(side, seen) for side, seen in asked)
                and not (len(asked) == 1 and self._has_twin(*asked[0]))
            )
            if idle and sure and not (self._was_done(word) or self._is_let_be(word)):
                self.pair.fail("decision", f"{word.event} was to be left alone, and is still held, or copied")

    def _has_twin(self, side: Side, seen: Observation) -> bool:
        """Tell whether one looks like an event that was shown alone, as it was not to be found then."""
        calendar, looks_like = self.pair.calendars[side.other], (seen.event.summary, seen.event.when)
        lost = (twin for each, twin in calendar.events().items() if each in calendar.lost)
        return any((twin.summary, twin.when) == looks_like for twin in lost)

    def _is_let_be(self, word: Word) -> bool:
        """Tell whether an event on the target of a one-way account waits for nothing any more: it stays."""
        operations = self.pair.report.plan.operations if self.pair.report is not None else ()
        held = any(each.kind is Kind.HOLD and (each.side, each.event_id) == word.node for each in operations)
        return not (held or self.pair.direction.writes(word.case.side))

    def _is_as_seen(self, side: Side, seen: Observation) -> bool:
        """Tell whether an event is what a person saw of it, and a run is told so."""
        row, window = (
            self.pair.calendars[side].rows.present(seen.id),
            self.pair.account().window(self.pair.begun_at),
        )
        same = row is not None and looks(row.event) == looks(seen.event) and not row.event.cancelled
        synced = row is not None and not self.pair.optional.leave_out(row.event)
        return same and synced and window.holds(seen.event.when) and seen.id not in self._misled

    def _judge_choice(self, entry: LedgerEntry) -> None:
        """Whatever is written as decided is a value that a person chose."""
        chosen = {value for word in self.words[self._dropped :] for value in word.possible.items()}
        written = {(name, key(name, value)) for name, value in entry.after.items()}
        if chosen and not written & chosen:
            self.pair.fail("decision", f"{entry.side} {entry.event_id}: nobody chose {sorted(written)}")

    def _words_about(self, node: Node) -> Iterator[Word]:
        """Yield the last word about each thing that was held of an event, also under an id of before."""
        ids = self._ids(node)
        last = {(word.case.kind, word.case.reason): word for word in self.words if word.node in ids}
        yield from last.values()

    def _ids(self, node: Node) -> Sequence[Node]:
        """Return an event under all ids that it has had."""
        ids = [node]
        while ids[-1] in self.pair.reborn:
            ids.append(self.pair.reborn[ids[-1]])
        return ids

    def _counts(self, word: Word) -> bool:
        """Tell whether calsync still remembers a decision, under the direction and the rules it was made under."""
        turned = any(number >= word.number for number in self.pair.turned)
        lost = word in self._over or word in self._overtaken
        return word in self.words[self._forgotten :] and not turned and not lost

    def _carried_out(self, word: Word) -> bool:
        """Tell whether calsync has written to a pair since a decision: its server may give the same form again."""
        return any(past.number >= word.number and past.change.after.by_us for past in self._history(word.node))

    def _touched(self, word: Word) -> bool:
        return any(True for _ in self._since(word))

    def _showed_otherwise(self, word: Word, until: int | None) -> bool:
        """Tell whether a user made one of the events another thing than a person saw, if only for a while.

        That may be before it was said, where calsync showed the person what it had read before.
        """
        shown = zip(Side, (word.case.left, word.case.right), strict=True)
        return any(
            past.change.before is not None
            and not past.change.after.by_us
            and (past.side, past.change.after.id) == (side, seen.id)
            and is_other(past.change.before, past.change.after)
            for side, seen in shown
            if seen is not None
            for past in self.pair.journal[self._shown_at(word, side, seen) : until]
        )

    def _shown_at(self, word: Word, side: Side, seen: Observation) -> int:
        """Return how long the journal was when an event became what a person saw of it."""
        became = (
            past.number + 1
            for past in self.pair.journal[: word.number]
            if (past.side, past.change.after.id, past.change.after.revision) == (side, seen.id, seen.revision)
        )
        return next(became, word.number)

    def _since(self, word: Word) -> Iterator[Entry]:
        """Yield what users did to a pair since a decision; a new id alone is nothing."""
        reborn = {*self.pair.reborn, *self.pair.reborn.values()}
        for past in self._history(word.event):
            node = past.side, past.change.after.id
            purged = past.change.after.place is Place.GONE or past.change.before is None
            theirs = past.undoes or not past.change.after.by_us
            if past.number >= word.number and theirs and not (node in reborn and purged):
                yield past

    def _history(self, node: Node) -> Iterator[Entry]:
        family = self.pair.witness.family(node)
        for past in self.pair.journal:
            if self.pair.witness.family((past.side, past.change.after.id)) == family:
                yield past
