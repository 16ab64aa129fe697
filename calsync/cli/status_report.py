"""What `calsync status` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.text import plain, table
from calsync.cli.words import ruled
from calsync.sync.model import Side
from calsync.sync.plan import render_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calsync.desk.chart import Day
    from calsync.desk.left_out import LeftOut, LeftOutPage
    from calsync.desk.overview import Overview, Row
    from calsync.desk.repairs import Repair
    from calsync.desk.showing import AccountPage
    from calsync.history import RunRecord, Tally
    from calsync.reasons import Language

EMPTY: Mapping[str, Any] = {"accounts": [], "repairs": []}
COUNTS = ("created", "updated", "deleted", "linked", "failed")
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "account": "account",
        "state": "state",
        "direction": "direction",
        "good": "last read",
        "linked": "synced",
        "held": "waiting",
        "blocked": "blocked",
        "skipped": "left out",
        "none": "there is no account",
        "never": "never",
        "off": "off",
        "starting": "starting",
        "waiting": "works",
        "running": "at work",
        "failing": "fails",
        "attention": "needs you",
        "day": "day",
        "created": "created",
        "updated": "changed",
        "deleted": "deleted",
        "failed": "failed",
        "more": "{} more",
    },
    "de": {
        "account": "Konto",
        "state": "Zustand",
        "direction": "Richtung",
        "good": "zuletzt gelesen",
        "linked": "synchron",
        "held": "wartend",
        "blocked": "gesperrt",
        "skipped": "ausgelassen",
        "none": "Es gibt kein Konto",
        "never": "nie",
        "off": "aus",
        "starting": "beginnt",
        "waiting": "läuft",
        "running": "arbeitet",
        "failing": "scheitert",
        "attention": "braucht Sie",
        "day": "Tag",
        "created": "neu",
        "updated": "geändert",
        "deleted": "gelöscht",
        "failed": "gescheitert",
        "more": "{} weitere",
    },
}
_ARROWS = {"both": "<->", "left_to_right": "-->", "right_to_left": "<--"}


def as_json(page: Overview, cards: Sequence[Repair]) -> dict[str, Any]:
    return {"accounts": [_row(row) for row in page.rows], "repairs": [_card(card) for card in cards]}


def account_json(page: AccountPage, left_out: LeftOutPage) -> dict[str, Any]:
    """Return one account: `accounts` holds it alone."""
    about = {
        "days": [{"day": day.day.isoformat(), "broken": day.broken, **_tally(day.tally)} for day in page.days],
        "runs": [_run(record) for record in page.runs],
        "mails": {
            "sent": page.mails.sent,
            "prevented": page.mails.prevented,
            "copies_without_attendees": page.mails.copies,
            "attendees": page.mails.people,
            "blocked": page.mails.blocked,
            "en": page.mails.sentence("en"),
            "de": page.mails.sentence("de"),
        },
        "left_out": {
            "counts": [
                {"how": how.value, "reason": reason, "count": count}
                for (how, reason), count in left_out.counts.items()
            ],
            "events": [_event(each) for each in left_out.rows],
            "total": left_out.total,
        },
    }
    return {"accounts": [_row(page.row) | about], "repairs": [_card(card) for card in page.repairs]}


def lines(page: Overview, cards: Sequence[Repair], language: Language) -> list[str]:
    """Return a line for each account, and below them what somebody should look at."""
    if not page.rows:
        return [WORDS[language]["none"]]
    return [*_table(page.rows, language), *_cards(cards, language)]


def account_lines(page: AccountPage, left_out: LeftOutPage, language: Language) -> list[str]:
    """Return one account: what was written lately, what is left out, and what somebody should look at."""
    return [
        *_table([page.row], language),
        *_days(page.days, language),
        "",
        page.mails.sentence(language),
        *_left_out(left_out, language),
        *_cards(page.repairs, language),
    ]


def _table(rows: Sequence[Row], language: Language) -> list[str]:
    words = WORDS[language]
    head = [
        words[name] for name in ("account", "state", "direction", "good", "linked", "held", "blocked", "skipped")
    ]
    return table([head, *(_cells(row, words) for row in rows)])


def _cells(row: Row, words: Mapping[str, str]) -> list[str]:
    titles = row.titles
    direction = f"{titles[Side.LEFT]} {_ARROWS[row.direction]} {titles[Side.RIGHT]}"
    counts = map(str, (row.linked, row.held, row.blocked, row.skipped))
    return [plain(row.account), words[row.health], plain(direction), _good(row.good_at, words), *counts]


def _good(good_at: datetime | None, words: Mapping[str, str]) -> str:
    return words["never"] if good_at is None else f"{good_at:%Y-%m-%d %H:%M} UTC"


def _days(days: Sequence[Day], language: Language) -> list[str]:
    """Return the days on which something happened."""
    words, counts = WORDS[language], ("created", "updated", "deleted", "failed")
    busy = [day for day in days if day.tally.wrote or day.tally.failed or day.broken]
    if not busy:
        return []
    head = [words["day"], *(words[name] for name in counts)]
    rows = [[day.day.isoformat(), *(str(getattr(day.tally, name)) for name in counts)] for day in busy]
    return ["", *table([head, *rows], right=True)]


def _left_out(page: LeftOutPage, language: Language) -> list[str]:
    if not page.rows:
        return []
    told = [ruled(each.sentence(language), each.rule) for each in page.rows]
    more = page.total - len(page.rows)
    return ["", *told, *([WORDS[language]["more"].format(more)] if more else [])]


def _cards(cards: Sequence[Repair], language: Language) -> list[str]:
    return [line for card in cards for line in _card_lines(card, language)]


def _card_lines(card: Repair, language: Language) -> list[str]:
    about = ", ".join(plain(name) for name in (card.account, card.connection) if name)
    told = [card.happened(language), card.means(language), card.todo(language), card.detail or ""]
    return ["", f"{about}: {plain(told[0])}", *(f"  {plain(line)}" for line in told[1:] if line)]


def _row(row: Row) -> dict[str, Any]:
    status = row.status
    return {
        "account": row.account,
        "left": row.titles[Side.LEFT],
        "right": row.titles[Side.RIGHT],
        "direction": row.direction.value,
        "state": row.health.value,
        "since": status.since.isoformat(),
        "good_at": _text(status.good_at),
        "error": status.error,
        "linked": row.linked,
        "held": row.held,
        "blocked": row.blocked,
        "skipped": row.skipped,
    }


def _card(card: Repair) -> dict[str, Any]:
    return {
        "key": card.key,
        "cause": card.cause.value,
        "action": card.action.value,
        "account": card.account,
        "connection": card.connection,
        "side": card.side and card.side.value,
        "reason": card.reason,
        "events": card.events,
        "accounts": card.accounts,
        "since": _text(card.since),
        "detail": card.detail,
        **{
            language: {
                "happened": card.happened(language),
                "means": card.means(language),
                "todo": card.todo(language),
                "button": card.button(language),
            }
            for language in WORDS
        },
    }


def _event(each: LeftOut) -> dict[str, Any]:
    return {
        "how": each.how.value,
        "reason": each.reason,
        "rule": each.rule,
        "side": each.side.value,
        "event": each.event_id,
        "summary": each.summary,
        "when": None if each.when is None else render_value(each.when),
        "since": _text(each.since),
        "en": each.sentence("en"),
        "de": each.sentence("de"),
    }


def _run(record: RunRecord) -> dict[str, Any]:
    return {
        "run": record.number,
        "began": record.began.isoformat(),
        "ended": record.ended.isoformat(),
        **{side.value: _tally(tally) for side, tally in record.sides.items()},
        "error": record.error,
    }


def _tally(tally: Tally) -> dict[str, int]:
    return {name: getattr(tally, name) for name in COUNTS}


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
