"""Every excuse that the judges grant, by its name, with the reason why calsync cannot do better.

An excuse that is not in this table cannot be granted, and each one that is granted is counted and printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EXCUSES: Mapping[str, str] = {
    # I1: why the two events of a pair differ at rest
    "waits": "a person, a meeting's attendees or a join link stand in the way, and the plan says so",
    "refused": "a server refuses the event for ever; it is tried again each day, and shown",
    "mask": "one of the pair is or was private: the other one shows the mask, or what a user wrote over it",
    "one-way: target edited": "what a user changes on the target of a one-way account stays there",
    "direction turned": "an edit or a delete counts as a target's where its side is not the source any more",
    "undone": "a person has undone a write: both sides stay as they are until one of them is edited",
    "left": "what differed when the account left, or was edited meanwhile, stays so until somebody edits it",
    "linked different": "what a match-up found differing stays so until somebody edits it",
    # I2: why a value of a user is nowhere any more
    "lost": "the ledger holds it, with the reason why it lost",
    "edited between read and write": "a system without conditional writes: nothing prevents it",
    "private when its pair was deleted": "what a user writes over a mask is no edit against a delete",
    "left without its original": "a copy that stayed as its account left is an event like any other from then on",
    # I3: why there are more copies than users made
    "delete waits": "it is to be deleted, once a person or the next proof lets it",
    "duplicate of a lost copy": "a copy whose create was lost looks like a user's, or only its duplicate is shown",
    "left while it was edited": "who comes back cannot know again what was edited meanwhile, and asks first",
    "its partner takes no part": "who comes back does not look for copies among what is left out",
    "copied as a person said": "who was asked about twins wanted the missing ones to be created",
    "late create": "it was on its way when its runner was frozen: no lease can call it back",
    "late write": "it was on its way when its runner was frozen: what came meanwhile it cannot know",
    "late undo": "it was on its way when its runner was frozen: it counts as a user's edit or delete then",
    # I4: why what a user deleted lives
    "deleted behind a cut of the server": "a text that a server cut beside a write may count as an edit",
    "deleted while unsettled": "calsync had not dealt with all that had happened to the pair before",
    "deleted while the pair differed": "what differs may be an edit that the delete must not take",
    "told after a month": "what is deleted is remembered for 30 days; then a feed that tells of it makes a copy",
    "edited after the delete": "the edit wins",
    # I5: why an event was deleted although its partner lives
    "a copy that a user had hidden": "calsync could not see this one: it made another one, or knew of none",
    "brought back": "a user brought the partner back: it is a new event",
    "equal creates": "without markers nobody can tell which of two equal copies is whose",
    "left the account": "a person, who knows that the partner lives on elsewhere, let this one be deleted",
    "moved back meanwhile": "a user moved the partner back while the delete that a person wanted was on its way",
    "out of sight": "out of the window nothing tells of a new id, nor of a copy that is forgotten, or never known",
    # I6: why somebody was mailed
    "mail in the gap": "attendees were added between the read before a write and that write",
    # I7, I14 and the judges of single writes
    "a rule in the gap": "what a rule stops was edited in between the read before a write and that write",
    "old disk": "what calsync knew is forgotten",
    "told as it was before": "a listing told an old state of the event, from when it was there, or not private",
    "gone before its pair followed": "its user deleted it under a new id, whose type no pair knows yet",
    "masks come and go": "what a mask shows was there before, and may be there again",
    # the rest
    "asked meanwhile": "a run, or a plan on a copy, knows of the notes that there were when it began",
    "beside another thing": "a word is about what both events showed: it is gone once one of them did not",
    "said both ways": "what is to be left alone, and to be paired, is paired; what is to go, and to stay, stays",
    "chosen later": "a person kept something from being written or deleted, or undid it, and wanted it later",
    "other rules": "a person decided just as the rules were changed: what is held by them may be another thing",
    "a busy server": "a lease is renewed behind each write; where a server takes longer, the next run sends it",
    "a rebuild that a person must sort out": "what cannot be told apart behind an old disk waits for ever",
}
