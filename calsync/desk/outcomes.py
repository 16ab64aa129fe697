"""What each choice about a case would do, in one sentence of English and of German."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk.wording import in_language
from calsync.reasons import Sentences
from calsync.sync.choices import Choice
from calsync.sync.model import Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.reasons import Language

SIDES: Mapping[Language, Mapping[Side, str]] = {
    "en": {Side.LEFT: "on the left", Side.RIGHT: "on the right"},
    "de": {Side.LEFT: "links", Side.RIGHT: "rechts"},
}
_PAIR = Sentences(
    "Both events that are shown belong together from now on, and nothing is written. Of the others like them, "
    "whatever then has no counterpart is copied, unless you decide to leave it alone.",
    "Die beiden gezeigten Termine gehören von jetzt an zusammen; geschrieben wird nichts. Was von den übrigen "
    "gleichen Terminen dann kein Gegenstück hat, wird übernommen, sofern Sie nicht „nicht übernehmen“ wählen.",
)
_OUTCOMES: Mapping[tuple[Kind, Choice], Sentences] = {
    (Kind.CREATE, Choice.RELEASE): Sentences(
        "It is copied {side}.",
        "Der Termin wird {side} angelegt.",
    ),
    (Kind.CREATE, Choice.KEEP): Sentences(
        "It stays {other}, is not copied {side}, and is not synced. Of the others like it, whatever then has no "
        "counterpart is copied, unless you decide to leave it alone, too.",
        "Der Termin bleibt {other} stehen, wird {side} nicht angelegt und nicht synchronisiert. Was von den "
        "übrigen gleichen Terminen dann kein Gegenstück hat, wird übernommen, sofern Sie das nicht auch dort "
        "ablehnen.",
    ),
    (Kind.CREATE, Choice.PAIR): _PAIR,
    (Kind.HOLD, Choice.PAIR): _PAIR,
    (Kind.HOLD, Choice.KEEP): Sentences(
        "Both sides stay as they are. The event is not synced.",
        "Beide Seiten bleiben, wie sie sind. Der Termin wird nicht synchronisiert.",
    ),
    (Kind.DELETE, Choice.RELEASE): Sentences(
        "It is deleted {side}.",
        "Der Termin wird {side} gelöscht.",
    ),
    (Kind.DELETE, Choice.KEEP): Sentences(
        "It stays {side}, and is not synced any more unless it comes back {other}.",
        "Der Termin bleibt {side} stehen. Er wird erst wieder synchronisiert, wenn er {other} zurückkommt.",
    ),
    (Kind.UPDATE, Choice.RELEASE): Sentences(
        "What was changed {other} is written {side}.",
        "Was {other} geändert wurde, wird {side} eingetragen.",
    ),
    (Kind.UPDATE, Choice.KEEP): Sentences(
        "Both sides stay as they are; whatever is edited later travels again.",
        "Beide Seiten bleiben, wie sie sind. Was später geändert wird, wird wieder übertragen.",
    ),
    (Kind.UPDATE, Choice.LEFT): Sentences(
        "What stands {left} is written {right}; what it replaces stays in the ledger.",
        "Was {left} steht, wird {right} eingetragen. Was dabei ersetzt wird, bleibt im Protokoll.",
    ),
    (Kind.UPDATE, Choice.RIGHT): Sentences(
        "What stands {right} is written {left}; what it replaces stays in the ledger.",
        "Was {right} steht, wird {left} eingetragen. Was dabei ersetzt wird, bleibt im Protokoll.",
    ),
}


def outcome(
    kind: Kind, side: Side, choice: Choice, language: Language, titles: Mapping[Side, str] | None = None
) -> str:
    """Return what a choice does that is offered for something held of this kind on this side.

    `titles`: what both systems are called; without them it is said as left and right.
    """
    sides = SIDES[language] if titles is None else {each: f"in {title}" for each, title in titles.items()}
    text = in_language(_OUTCOMES[kind, choice], language)
    return text.format(side=sides[side], other=sides[side.other], left=sides[Side.LEFT], right=sides[Side.RIGHT])
