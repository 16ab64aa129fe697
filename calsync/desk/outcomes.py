"""What each choice about a case would do, in one sentence of English and of German."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
_OUTCOMES: Mapping[tuple[Kind, Choice], Sentences] = {
    (Kind.CREATE, Choice.RELEASE): Sentences(
        "It is copied {side}.",
        "Der Termin wird {side} angelegt.",
    ),
    (Kind.DELETE, Choice.RELEASE): Sentences(
        "It is deleted {side}, too.",
        "Der Termin wird auch {side} gelöscht.",
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
        "What stands on the left is written on the right; what it replaces stays in the ledger.",
        "Was links steht, wird rechts eingetragen. Was dabei ersetzt wird, bleibt im Protokoll.",
    ),
    (Kind.UPDATE, Choice.RIGHT): Sentences(
        "What stands on the right is written on the left; what it replaces stays in the ledger.",
        "Was rechts steht, wird links eingetragen. Was dabei ersetzt wird, bleibt im Protokoll.",
    ),
}


def outcome(kind: Kind, side: Side, choice: Choice, language: Language) -> str:
    """Return what a choice does that is offered for something held of this kind on this side."""
    sentences = _OUTCOMES[kind, choice]
    sides = SIDES[language]
    text = sentences.de if language == "de" else sentences.en
    return text.format(side=sides[side], other=sides[side.other])
