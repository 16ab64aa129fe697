"""Cards that say the same of many accounts, told once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calsync.desk.repairs import Repair

FEW = 2
"""So many cards that say the same stand one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Cards that say the same, each of another account; or one card."""

    lead: Repair
    """What they say together."""
    cards: Sequence[Repair]


def grouped(cards: Iterable[Repair]) -> Sequence[Group]:
    """Return the cards in their order, those that say the same at the place of the first."""
    alike: dict[object, list[Repair]] = {}
    for card in cards:
        alike.setdefault(_sameness(card), []).append(card)
    groups: list[Group] = []
    for each in alike.values():
        if len(each) > FEW:
            groups.append(Group(lead=_together(each), cards=each))
        else:
            groups += [Group(lead=card, cards=[card]) for card in each]
    return groups


def _sameness(card: Repair) -> object:
    """Return what cards have in common that say the same; a card about no account alone says it alone."""
    if card.account is None:
        return card.key
    own = card.connection is not None
    return card.cause, card.system, card.other, card.side, card.reason, card.here, own


def _together(cards: Sequence[Repair]) -> Repair:
    since = [card.since for card in cards if card.since is not None]
    return replace(
        cards[0],
        account=None,
        connection=None,
        events=sum(card.events for card in cards),
        accounts=len(cards),
        since=min(since, default=None),
        detail=None,
    )
