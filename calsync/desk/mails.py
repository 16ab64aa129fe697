"""What would have mailed somebody, and did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from calsync.desk.wording import events, in_language
from calsync.reasons import Language, Sentences

SPAN = timedelta(days=30)
"""What is counted lies within it: the ledger goes no further back."""
_NOTHING = Sentences(
    "0 invitations sent: calsync cannot send any.",
    "0 Einladungen versendet: calsync kann keine versenden.",
)
_PREVENTED = Sentences(
    "0 invitations sent. Copied without their attendees in the last 30 days: {copies} ({people} attendees). "
    "Left alone right now, as a change might mail somebody: {blocked}. Mails prevented so far: {prevented}.",
    "0 Einladungen versendet. In den letzten 30 Tagen ohne ihre Teilnehmer übernommen: {copies} "
    "({people} Teilnehmer). Derzeit unberührt, weil eine Änderung jemandem eine E-Mail schicken könnte: "
    "{blocked}. Bisher verhinderte E-Mails: {prevented}.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mails:
    """One account's."""

    prevented: int
    """Writes since the account began that would have mailed somebody: made without a mail, or left undone."""
    copies: int
    """Copies made within SPAN of originals that had attendees: each would have been an invitation."""
    people: int
    """How many attendees these originals had together."""
    blocked: int
    """Events that are not written now, as a write might mail somebody."""

    sent: ClassVar[int] = 0
    """Nothing of calsync can send one: no encoder for attendees, and every write says that nobody is told."""

    def sentence(self, language: Language) -> str:
        if not self.prevented and not self.copies and not self.blocked:
            return in_language(_NOTHING, language)
        return in_language(_PREVENTED, language).format(
            copies=events(self.copies, language),
            people=self.people,
            blocked=events(self.blocked, language),
            prevented=self.prevented,
        )
