"""What a person asked for and cannot have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import CalsyncError

if TYPE_CHECKING:
    from calsync.people import Person

SENTENCES = {
    "calendar_read_only": "this calendar can only be read; pick one that you may write to",
    "calendar_taken": "this calendar belongs to an account already",
    "calendar_unknown": "the mailbox has no such calendar; pick one of the list",
    "has_account": "you have an account already",
    "mailbox_not_own": "this mailbox is not your own, or cannot be opened with this sign-in",
    "member_taken": "your calendar on the other side belongs to an account already; ask your administrator",
    "nobody_assigned": "your administrator has not said yet who you are on the other side",
    "other_microsoft": "this Microsoft account is not the one that you sign in with here",
    "self_service_off": "accounts are added by your administrator only",
    "sign_in_over": "that took too long, or was begun elsewhere; begin again",
    "administrators_only": "only administrators may do this",
    "account_unknown": "there is no account of this name",
    "invitation_over": "the invitation was used, has expired or was replaced by a newer one",
    "last_administrator": "this is the last administrator; make somebody else one first",
    "microsoft_taken": "somebody else signs in with this Microsoft account",
    "name_bad": "a name has 1 to 64 characters, all of them visible",
    "oneself": "nobody removes themselves; another administrator does it",
    "own_role": "nobody changes their own role; another administrator does it",
    "password_long": "a password has at most 256 characters",
    "password_name": "a password must not be made of the name",
    "password_short": "a password has at least 12 characters",
    "password_wrong": "the present password is not right",
    "person_unknown": "nobody of this name was invited",
    "tokens_many": "there are 20 API tokens already; revoke one that is not needed any more",
}
"""By word. Pages say it in the reader's language: `refused.WORD` of their texts."""


class Refused(CalsyncError):  # noqa: N818 - errors are named as outcomes
    """Nothing was done. `word` says why."""

    def __init__(self, word: str) -> None:
        super().__init__(SENTENCES[word])
        self.word = word


def expect_administrator(person: Person) -> None:
    """Raise Refused, administrators_only, for anybody else."""
    if not person.administrator:
        raise Refused("administrators_only")
