"""What `calsync sync` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.cli.plan_report import said_of
from calsync.cli.text import plain, table
from calsync.cli.words import SIDES
from calsync.reasons import known, sentence
from calsync.results import AccountResult
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.engine import Counts
    from calsync.reasons import Language
    from calsync.results import Message, SyncResult
    from calsync.sync.approved import Moved

EMPTY: Mapping[str, Any] = {"seconds": 0.0, "requests": {}, "accounts": {}}
COLUMNS = ("created", "updated", "deleted", "linked", "held", "blocked", "failed")
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        **{column: column for column in (*COLUMNS, "skipped", "waiting", "noted")},
        "off": "switched off",
        "requests": "requests: {requests}; {seconds:.1f} seconds",
        "none": "none",
    },
    "de": {
        "created": "neu",
        "updated": "geändert",
        "deleted": "gelöscht",
        "linked": "zugeordnet",
        "held": "wartend",
        "blocked": "gesperrt",
        "failed": "gescheitert",
        "skipped": "ausgelassen",
        "waiting": "offen",
        "noted": "vermerkt",
        "off": "ausgeschaltet",
        "requests": "Anfragen: {requests}; {seconds:.1f} Sekunden",
        "none": "keine",
    },
}
MOVED: Mapping[Language, Mapping[str, str]] = {
    "en": {"added": "added", "gone": "gone", "changed": "changed"},
    "de": {"added": "dazugekommen", "gone": "entfallen", "changed": "anders"},
}
WINDOW: Mapping[Language, str] = {
    "en": "The window moved: some of these events lie in only one of both.",
    "de": "Der Zeitraum ist weitergerückt: Einige dieser Termine liegen nur in einem von beiden.",
}
STATES = {"hold": "held", "block": "blocked"}
"""How a message's operation is counted; every other one failed, or waits."""
WAITING = frozenset({"waits", "doubt", "retry", "quarantined"})


def as_json(result: SyncResult) -> dict[str, Any]:
    return {
        "seconds": round(result.seconds, 3),
        "requests": dict(result.requests),
        "accounts": {name: _account(account) for name, account in result.accounts.items()},
    }


def lines(result: SyncResult, language: Language) -> list[str]:
    """Return a table for each account, what waits or was left out and why, and a last line about the whole."""
    accounts = [line for name, account in result.accounts.items() for line in _lines(name, account, language)]
    words = WORDS[language]
    requests = ", ".join(f"{plain(name)} {count}" for name, count in result.requests.items()) or words["none"]
    return [*accounts, words["requests"].format(requests=requests, seconds=result.seconds)]


def _account(account: AccountResult) -> dict[str, Any]:
    return {
        "left": _counts(account.left),
        "right": _counts(account.right),
        "ok": account.ok,
        "off": account.off,
        "error": account.error,
        "messages": [_message(message) for message in account.messages],
        "moved": [_moved(one) for one in account.drift.moved],
        "window_moved": account.drift.window,
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {**{column: getattr(counts, column) for column in COLUMNS}, "skipped": dict(counts.skipped)}


def _message(message: Message) -> dict[str, Any]:
    """Return one message with its sentence in both languages, whatever the locale: it may be shown elsewhere."""
    return {
        "operation": message.kind.value,
        "side": message.side.value,
        "reason": message.reason,
        "count": message.count,
        "done": message.done,
        "en": _sentence(message.reason, "en"),
        "de": _sentence(message.reason, "de"),
    }


def _moved(one: Moved) -> dict[str, str]:
    """Return one line of a plan that is not as it was approved; no text of an appointment is in it."""
    said = one.line
    return {"what": one.what, "operation": said.kind.value, "side": said.side.value, "reason": said.reason}


def _drifted(account: AccountResult, language: Language) -> list[str]:
    """Return what is not as it was approved: who carries out a plan may read the appointments in it."""
    rows = [
        [
            f"  {MOVED[language][one.what]}:",
            *said_of(one.line, language),
            plain(_sentence(one.line.reason, language)),
        ]
        for one in account.drift.moved
    ]
    return table(rows) + ([f"  {WINDOW[language]}"] if account.drift.window else [])


def _lines(name: str, account: AccountResult, language: Language) -> list[str]:
    words = WORDS[language]
    state = "off" if account.off else None if account.ok else "failed"
    title = plain(name) if state is None else f"{plain(name)}: {words[state]}"
    if account.drift.moved:
        return [title, *_drifted(account, language), ""]
    if account == AccountResult(ok=account.off, off=account.off, error=account.error):  # nothing was done
        return [title, ""]
    head = ["", *(words[column] for column in (*COLUMNS, "skipped"))]
    rows = [_row(SIDES[language][side], _side(account, side)) for side in Side]
    return [
        title,
        *table([head, *rows], right=True),
        *_skipped(account, language),
        *(_told(message, language) for message in account.messages),
        "",
    ]


def _row(side: str, counts: Counts) -> list[str]:
    numbers = [getattr(counts, column) for column in COLUMNS]
    return [f"  {side}", *map(str, numbers), str(sum(counts.skipped.values()))]


def _skipped(account: AccountResult, language: Language) -> list[str]:
    return [
        f"  {SIDES[language][side]}: {count} {WORDS[language]['skipped']}. {plain(_sentence(reason, language))}"
        for side in Side
        for reason, count in _side(account, side).skipped.items()
    ]


def _told(message: Message, language: Language) -> str:
    side, state = SIDES[language][message.side], WORDS[language][_state(message)]
    return f"  {side}: {message.count} {state}. {plain(_sentence(message.reason, language))}"


def _state(message: Message) -> str:
    if message.done:
        return "noted"
    return STATES.get(message.kind, "waiting" if message.reason in WAITING else "failed")


def _sentence(reason: str, language: Language) -> str:
    """Return a reason's sentence. The reason of a failure is a sentence already: the error's own."""
    return sentence(reason, language) if known(reason) or " " not in reason else reason


def _side(account: AccountResult, side: Side) -> Counts:
    return account.left if side is Side.LEFT else account.right
