"""What `calsync holds` and `calsync decide` print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table
from calsync.cli.words import SIDES, begin, ruled
from calsync.desk.outcomes import outcome
from calsync.desk.wording import events
from calsync.reasons import sentence
from calsync.sync.brakes import LEFT_ACCOUNT
from calsync.sync.model import Side
from calsync.sync.plan import render_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calsync.desk.decisions import Case
    from calsync.desk.left_out import LeftOut, LeftOutPage
    from calsync.reasons import Language
    from calsync.sync.choices import Choice
    from calsync.sync.model import Event, Observation

EMPTY: Mapping[str, Any] = {"accounts": {}}
NOTES = 40
"""So much of an event's notes is shown."""
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "nothing": "nothing waits for you",
        "blocked": "calsync never changes these, and nobody can release them here",
        "waiting": "waiting",
        "since": "since",
        "gone": "(deleted)",
        "elsewhere": "(elsewhere)",
        "decided": "decided",
        "next": "the next run carries it out",
        "none": "there is no such case that waits; see calsync holds",
        "not_so": "cannot be decided so; see calsync holds",
        "over": "is over, shows other values by now, or was decided before; see calsync holds",
    },
    "de": {
        "nothing": "Es wartet nichts auf Sie",
        "blocked": "Das ändert calsync nie, und hier lässt es sich nicht freigeben",
        "waiting": "wartend",
        "since": "seit",
        "gone": "(gelöscht)",
        "elsewhere": "(woanders)",
        "decided": "entschieden",
        "next": "der nächste Lauf führt es aus",
        "none": "einen solchen wartenden Fall gibt es nicht; siehe calsync holds",
        "not_so": "kann so nicht entschieden werden; siehe calsync holds",
        "over": "hat sich erledigt, zeigt jetzt andere Werte oder wurde schon entschieden; siehe calsync holds",
    },
}


def as_json(accounts: Mapping[str, Sequence[Case]], blocked: Mapping[str, LeftOutPage]) -> dict[str, Any]:
    """Return what waits by account, each case with its sentences in both languages, whatever the locale.

    Beside it stands what nobody can release.
    """
    return {
        "accounts": {
            name: {
                "cases": [_case(case) for case in cases],
                "blocked": [_blocked(one) for one in blocked[name].rows],
                "all_blocked": blocked[name].total,
            }
            for name, cases in accounts.items()
        }
    }


def lines(
    accounts: Mapping[str, Sequence[Case]], blocked: Mapping[str, LeftOutPage], language: Language
) -> list[str]:
    """Return what waits in each account: what has the same reason stands together, below what may be decided.

    What nobody can release follows, with what to do about it.
    """
    told = [line for name, cases in accounts.items() if cases for line in _account(name, cases, language)]
    told = told or [WORDS[language]["nothing"]]
    return told + [line for name, page in blocked.items() if page.rows for line in _refused(name, page, language)]


def decided(account: str, cases: Sequence[Case], choice: Choice, language: Language) -> str:
    words = WORDS[language]
    return f"{plain(account)}: {len(cases)} {words['decided']} ({choice}); {words['next']}"


def problem(
    account: str, wanted: Sequence[Case], taken: Sequence[Case], choice: Choice, language: Language
) -> str | None:
    """Return why not all that was meant is decided now, in one sentence."""
    words, left = WORDS[language], len(wanted) - len(taken)
    if not wanted:
        return f"{account}: {words['none']}"
    if not left:
        return None
    offered = any(choice in case.choices for case in wanted)
    return f"{account}: {left} {words['over' if offered else 'not_so']}"


def _case(case: Case) -> dict[str, Any]:
    return {
        "case": case.name,
        "operation": case.kind.value,
        "side": case.side.value,
        "reason": case.reason,
        "rule": case.rule,
        "since": case.since.isoformat(),
        "left": _values(case.left),
        "right": _values(case.right),
        "gone": case.gone and case.gone.value,
        "decided": case.decided and case.decided.value,
        "choices": [_choice(case, choice) for choice in case.choices],
        "en": sentence(case.reason, "en"),
        "de": sentence(case.reason, "de"),
    }


def _blocked(one: LeftOut) -> dict[str, Any]:
    return {
        "event": one.event_id,
        "side": one.side.value,
        "reason": one.reason,
        "rule": one.rule,
        "since": None if one.since is None else one.since.isoformat(),
        "summary": one.summary,
        "when": None if one.when is None else render_value(one.when),
        "en": sentence(one.reason, "en"),
        "de": sentence(one.reason, "de"),
    }


def _values(seen: Observation | None) -> dict[str, str] | None:
    if seen is None:
        return None
    event = seen.event
    return {"summary": event.summary, "when": render_value(event.when), "description": event.description}


def _choice(case: Case, choice: Choice) -> dict[str, str]:
    return {
        "choice": choice.value,
        "en": outcome(case.kind, case.side, choice, "en"),
        "de": outcome(case.kind, case.side, choice, "de"),
    }


def _account(name: str, cases: Sequence[Case], language: Language) -> Iterator[str]:
    words = WORDS[language]
    yield f"{plain(name)}: {len(cases)} {words['waiting']}"
    for together in _groups(cases):
        case = together[0]
        yield f"  {ruled(sentence(case.reason, language), case.rule)}"
        yield from (f"    {choice}: {outcome(case.kind, case.side, choice, language)}" for choice in case.choices)
        yield from table([cell for each in together for cell in _rows(each, language)])


def _refused(name: str, page: LeftOutPage, language: Language) -> Iterator[str]:
    yield f"{plain(name)}: {WORDS[language]['blocked']}: {events(page.total, language)}"
    for reason, rule in dict.fromkeys((one.reason, one.rule) for one in page.rows):
        yield f"  {ruled(sentence(reason, language), rule)}"
        rows = [one for one in page.rows if (one.reason, one.rule) == (reason, rule)]
        yield from table(
            [
                [
                    f"  {SIDES[language][one.side]}",
                    "" if one.when is None else begin(one.when),
                    plain(one.summary or ""),
                ]
                for one in rows
            ]
        )


def _groups(cases: Sequence[Case]) -> Sequence[Sequence[Case]]:
    groups: dict[tuple[Any, ...], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.reason, case.rule, case.kind, case.side, case.choices), []).append(case)
    return list(groups.values())


def _rows(case: Case, language: Language) -> Iterator[list[str]]:
    """Yield a line for each side's event; the first one begins with the case's name."""
    words = WORDS[language]
    marks = [f"  {case.name}", f"{words['since']} {case.since:%Y-%m-%d %H:%M} UTC"]
    if case.decided is not None:
        marks[1] += f" ({words['decided']}: {case.decided})"
    for side, seen in ((Side.LEFT, case.left), (Side.RIGHT, case.right)):
        if seen is not None:
            gone = words["elsewhere" if case.reason == LEFT_ACCOUNT else "gone"]
            where = f"{SIDES[language][side]} {gone}" if case.gone is side else SIDES[language][side]
            yield [*marks, where, *_shown(seen.event, notes="description" in case.differing)]
            marks = ["", ""]


def _shown(event: Event, *, notes: bool) -> list[str]:
    return [begin(event.when), plain(event.summary), plain(event.description[:NOTES]) if notes else ""]
