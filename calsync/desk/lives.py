"""The life of one appointment: what was read, what the rules make of it, what was decided, and done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.desk import explain_texts as texts
from calsync.desk.outcomes import outcome
from calsync.desk.wording import field_names, in_language
from calsync.reasons import sentence
from calsync.sync.choices import LEAVING, UNDONE
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, tzinfo

    from calsync.desk.activity import Activity
    from calsync.desk.left_out import Found
    from calsync.reasons import Language
    from calsync.store.lives import Life
    from calsync.sync.opinions import Opinion
    from calsync.sync.view import Seen

    Titles = Mapping[Side, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened, or is so since."""

    at: datetime | None
    """None where nobody knows when."""
    run: int | None = None
    word: str
    """One of explain_texts.STEPS; of what the ledger tells `activity`."""
    system: str = ""
    reason: str | None = None
    rule: str | None = None
    """The rule that holds or blocks it since, as it was noted then."""
    count: int = 0
    due: datetime | None = None
    outcomes: Mapping[Language, str] | None = None
    activity: Activity | None = None

    def sentence(self, language: Language, zone: tzinfo) -> str:
        """Return what happened, without the time; times in it are of `zone`."""
        if self.activity is not None:
            why = self.activity.why(language)
            told = self.activity.sentence(language)
            return told if why is None else f"{told} {why}"
        told = in_language(texts.STEPS[self.word], language).format(
            system=self.system,
            why="" if self.reason is None else sentence(self.reason, language),
            count=self.count,
            at="" if self.due is None else moment(self.due, language, zone),
            outcome="" if self.outcomes is None else self.outcomes[language],
        )
        return told if self.rule is None else f"{told} ({self.rule})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one rule makes of the event of one side."""

    side: Side
    opinion: Opinion

    def sentences(self, language: Language) -> list[str]:
        """Return what the rule says, one sentence for each thing."""
        told = self.opinion
        words: list[tuple[str, dict[str, object]]] = []
        for word, reason in (("failed", told.failed), ("refuses", told.refuses), ("blocks", told.blocks)):
            if reason is not None:
                words.append((word, {"why": sentence(reason, language)}))
        if told.fields:
            words.append(("fields", {"fields": field_names(told.fields, language)}))
        if told.reminder is not None:
            words.append(("reminder", {"minutes": told.reminder}))
        return [
            in_language(texts.RULES[word], language).format(**values) for word, values in words or [("silent", {})]
        ]


def moment(at: datetime, language: Language, zone: tzinfo) -> str:
    """Return an instant as it stands in a sentence."""
    local = at.astimezone(zone)
    return f"{local:%d.%m.%Y um %H:%M}" if language == "de" else f"{local:%Y-%m-%d at %H:%M}"


def steps(life: Life, done: Sequence[Activity], found: Sequence[Found], titles: Titles) -> Sequence[Step]:
    """Return what happened, the oldest first; what nobody knows the time of stands where it belongs."""
    told = [
        *(step for side in Side for step in _read(life, side, titles)),
        *(Step(at=one.at, run=one.run, word="activity", activity=one) for one in done),
        *_waiting(life, found, titles),
    ]
    return sorted(told, key=_order)


def _order(step: Step) -> tuple[int, float, int]:
    """Return where a step stands: of one moment first what was read, then what was done, then what is so since."""
    rank = {"first": 0, "modified": 0, "activity": 1}.get(step.word, 2)
    if step.at is None:
        return (0 if step.word == "first" else 2), 0.0, rank
    return 1, step.at.timestamp(), rank


def _read(life: Life, side: Side, titles: Titles) -> Iterator[Step]:
    seen, system = life.seen[side], titles[side]
    if seen is None:
        return
    observation = seen.observation
    made = (Kind.CREATE, side, observation.id)  # what calsync has made was not read first, but written
    if made not in {(row.entry.kind, row.entry.side, row.entry.event_id) for row in life.ledger}:
        yield Step(at=life.runs.get(seen.first_run), run=seen.first_run, word="first", system=system)
    if observation.modified is not None and seen.standing is Standing.PRESENT:
        yield Step(at=observation.modified, word="modified", system=system)
    word, run = _stands(seen), seen.standing_run or seen.first_run
    if word != "read" or run > seen.first_run:
        yield Step(at=_behind(life, run), run=run, word=word, system=system)


def _behind(life: Life, run: int) -> datetime | None:
    """Return when a run had done what is told of it; None where nobody knows when it was."""
    begun = [] if run not in life.runs else [life.runs[run]]
    return max([*begun, *(row.entry.at for row in life.ledger if row.entry.run == run)], default=None)


def _stands(seen: Seen) -> str:
    if seen.standing is Standing.DELETED or seen.observation.event.cancelled:
        return "deleted"
    if seen.standing is Standing.ELSEWHERE:
        return "elsewhere"
    if seen.standing.in_doubt:
        return "doubt"
    if seen.observation.revision is None:
        return "unread"
    return "ours" if seen.observation.written_by_us else "read"


def _waiting(life: Life, found: Sequence[Found], titles: Titles) -> Iterator[Step]:
    for one in found:
        if one.how.value in texts.STEPS and one.since is not None:
            yield Step(at=one.since, word=one.how.value, reason=one.reason, rule=one.rule)
    for intent in life.intents:
        yield Step(at=intent.begun, run=intent.run, word="intent", system=titles[intent.side])
    for attempt in life.attempts:
        system = titles[attempt.side]
        yield Step(at=None, word="attempt", system=system, count=attempt.count, due=attempt.due)
    for decision in life.decisions:
        outcomes: dict[Language, str] = {
            language: outcome(decision.kind, decision.side, decision.choice, language, titles)
            for language in ("en", "de")
        }
        yield Step(at=decision.at, word="decided", outcomes=outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Where an appointment is, and why: the first sentence."""

    place: str
    """both, one, neither; or forgotten, where nobody knows any more."""
    here: Side
    """Of `one` the side where it is."""
    end: str = ""
    """One of explain_texts.ENDS."""
    reason: str | None = None
    at: datetime | None = None
    origin: Side = Side.LEFT
    """The side that it came from, or was lost on first."""

    def sentence(self, what: str, titles: Titles, language: Language, zone: tzinfo) -> str:
        """Return it. `what`: how the sentence begins."""
        where = {
            "both": texts.BOTH,
            "one": texts.ONE,
            "neither": texts.NEITHER,
            "forgotten": texts.FORGOTTEN,
        }[self.place]
        values = {
            "what": what,
            "left": titles[Side.LEFT],
            "right": titles[Side.RIGHT],
            "here": titles[self.here],
            "there": titles[self.here.other],
            "origin": titles[self.origin],
            "copy": titles[self.origin.other],
            "at": "" if self.at is None else moment(self.at, language, zone),
            "why": "" if self.reason is None else sentence(self.reason, language),
        }
        return in_language(where, language).format(**values) + in_language(texts.ENDS[self.end], language).format(
            **values
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the answer depends on beside the appointment: how its account is."""

    off: bool
    failing: bool
    reason: str | None
    """Why nothing is written before a person has confirmed it; a word of calsync.reasons."""


def answer(life: Life, found: Sequence[Found], ground: Ground, *, decided: bool) -> Answer:
    """Return where an appointment is, and why. `found`: why it is left out, what needs a person first.

    `decided`: a person has said what is to become of it, and the next run does that.
    """
    here = [side for side in Side if _is_there(life.seen[side])]
    place = {0: "neither", 1: "one", 2: "both"}[len(here)]
    told = Answer(place=place, here=here[0] if here else Side.LEFT)
    if not here and _is_forgotten(life):
        return replace(told, place="forgotten", end="left")
    if decided:
        return replace(told, end="decided")
    if found:
        return replace(told, end=found[0].how.value, reason=found[0].reason)
    if place == "both" and life.link is not None:
        return _together(life, told)
    return _apart(life, told, ground)


def _together(life: Life, told: Answer) -> Answer:
    origin = None if life.link is None else life.link.origin
    if origin is None:
        return replace(told, end="matched")
    made = [
        row.entry.at for row in life.ledger if row.entry.kind == Kind.CREATE and row.entry.side is origin.other
    ]
    end = "copied_at" if made else "copied"
    return replace(told, end=end, origin=origin, at=made[-1] if made else None)


def _apart(life: Life, told: Answer, ground: Ground) -> Answer:
    """Return why an event stands on one side only, or on none, and no run has left it out."""
    deletes = [row.entry for row in life.ledger if row.entry.kind == Kind.DELETE]
    if told.place == "neither":
        if not deletes:
            return replace(told, end="skipped", reason="both_deleted")
        last = deletes[-1]
        end = "wanted_at" if last.reason in {UNDONE, LEAVING} else "deleted_at"
        return replace(told, end=end, origin=last.side.other, at=last.at)
    if life.intents:
        return replace(told, end="skipped", reason="waits")
    if any(seen is not None and seen.standing.in_doubt for seen in life.seen.values()):
        return replace(told, end="skipped", reason="doubt")
    if life.link is not None:  # what becomes of the rest, the next run decides
        return replace(told, end="gone")
    if ground.off:
        return replace(told, end="off")
    if ground.reason is not None:
        return replace(told, end="skipped", reason=ground.reason)
    there = life.sides.get(told.here.other)
    if there is None or there.listed_run is None:
        return replace(told, end="unread")
    return replace(told, end="failing" if ground.failing else "next")


def _is_forgotten(life: Life) -> bool:
    """Tell whether the account has left since: neither calendar was read to its end since all was forgotten."""
    read = any(state.listed_run is not None for state in life.sides.values())
    return not read and not any(life.seen.values())


def _is_there(seen: Seen | None) -> bool:
    if seen is None or seen.deleted:
        return False
    return seen.standing is not Standing.ELSEWHERE
