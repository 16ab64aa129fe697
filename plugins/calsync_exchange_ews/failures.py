"""What Exchange's refusals mean: ONE table from response codes to what the host does, and one for HTTP statuses.

Source: Microsoft's documentation of the codes, and what client authors have reported. A code that nobody knows has
a fate as well: of one item, that item's; of a whole request, it is tried again, three times in a row at most.
"""

# ruff: noqa: PLR2004 - HTTP statuses are this module's subject

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

from calsync.errors import (
    AccountError,
    CalsyncError,
    EventError,
    LoginError,
    Lost,
    Retry,
    TokenLost,
    UnknownAddress,
    UnknownOutcome,
)
from calsync.http import lost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.http import Answer
    from calsync_exchange_ews.responses import Reply


class Fate(Enum):
    """What a refusal means."""

    BUSY = auto()
    """Nothing was carried out; later it will be."""
    DOWN = auto()
    """A part of the server is down: a write may have been carried out all the same."""
    BROKEN = auto()
    """It failed half-way, perhaps because of one item: a write may have been carried out all the same."""
    MOVING = auto()
    """The mailbox is on its way to another server; that takes a while."""
    REST = auto()
    """The server stopped before this item: it is asked for again."""
    CONFLICT = auto()
    """The item is not of the version that was named: it is read again."""
    GONE = auto()
    """There is no item of this id."""
    RESYNC = auto()
    """The feed's state is lost."""
    STOP = auto()
    """The account cannot go on until somebody acts."""
    EVENT = auto()
    """This one item is refused."""
    PROPERTY = auto()
    """One property is refused; without it the item may be taken."""
    VERSION = auto()
    """The server does not know the version of the protocol that was asked for."""
    BUG = auto()
    """The request was wrong: calsync's own mistake."""
    UNKNOWN = auto()
    """Nobody knows."""


_CODES: Mapping[Fate, str] = {
    Fate.BUSY: """
        ServerBusy TooManyObjectsOpened NoRespondingCASInDestinationSite ExceededConnectionCount
        ExceededFindCountLimit ExceededSubscriptionCount
    """,
    Fate.DOWN: """
        InternalServerTransientError MailboxStoreUnavailable MailboxFailover NotEnoughMemory ConnectionFailed
    """,
    Fate.BROKEN: "InternalServerError TimeoutExpired",
    Fate.MOVING: "MailboxMoveInProgress",
    Fate.REST: "BatchProcessingStopped",
    Fate.CONFLICT: """
        IrresolvableConflict StaleObject ChangeKeyRequired ChangeKeyRequiredForWriteOperations InvalidChangeKey
    """,
    Fate.GONE: "ItemNotFound",
    Fate.RESYNC: "InvalidSyncStateData",
    Fate.STOP: """
        SyncFolderNotFound FolderNotFound ParentFolderNotFound NoCalendar CannotUseFolderIdForItemId
        CannotUseItemIdForFolderId CalendarFolderIsInvalidForCalendarView CreateItemAccessDenied
        ImpersonateUserDenied ImpersonationDenied ImpersonationFailed NonExistentMailbox CannotFindUser
        NonPrimarySmtpAddress MissingEmailAddress MissingInformationEmailAddress AccountDisabled PasswordExpired
        PasswordChangeRequired MailboxLogonFailed QuotaExceeded
    """,
    Fate.EVENT: """
        AccessDenied ItemCorrupt CorruptData ContentConversionFailed PropertyUpdate ItemSavePropertyError
        CalendarDurationIsTooLong CalendarEndDateIsEarlierThanStartDate CalendarOutOfRange DataSizeLimitExceeded
        MessageSizeExceeded RequestStreamTooBig CannotDeleteObject CalendarCannotUpdateDeletedItem
        OccurrenceCrossingBoundary OccurrenceTimeSpanTooBig RecurrenceHasNoOccurrence ItemSave InvalidId
        InvalidIdMalformed InvalidIdEmpty InvalidIdNotAnItemAttachmentId InvalidIdStoreObjectIdTooLong
        InvalidRestriction UnsupportedQueryFilter UnsupportedPathForQuery
    """,
    Fate.PROPERTY: "InvalidPropertySet TimeZone",
    Fate.VERSION: "InvalidServerVersion IncorrectSchemaVersion InvalidSchemaVersionForMailboxVersion",
    Fate.BUG: """
        SchemaValidation InvalidRequest SendMeetingInvitationsRequired SendMeetingCancellationsRequired
        SendMeetingInvitationsOrCancellationsRequired InvalidPropertyRequest DuplicateSOAPHeader
        UpdatePropertyMismatch
    """,
}
FATES: Mapping[str, Fate] = {code: fate for fate, codes in _CODES.items() for code in codes.split()}
ADVICE: Mapping[str, str] = {
    "ImpersonateUserDenied": "give the user the role ApplicationImpersonation for this mailbox",
    "ImpersonationDenied": "give the user the role ApplicationImpersonation for this mailbox",
    "ImpersonationFailed": "give the user the role ApplicationImpersonation for this mailbox",
    "NonExistentMailbox": "check the address; if it is right, the mailbox may have been moved to Microsoft 365, "
    "where the provider `graph` reaches it",
    "CannotFindUser": "check the address",
    "NonPrimarySmtpAddress": "give the mailbox's primary address",
    "AccountDisabled": "the mailbox's user is disabled",
    "PasswordExpired": "the password has expired",
    "PasswordChangeRequired": "the password has to be changed first",
    "QuotaExceeded": "the mailbox is full",
    "CreateItemAccessDenied": "give the user the right to create items in this calendar",
    "AccessDenied": "give the user the right to read and write this calendar",
    "SyncFolderNotFound": "the calendar is not there any more",
    "FolderNotFound": "the calendar is not there any more, or the user may not see it",
}
NO_MAILBOX = frozenset({"NonExistentMailbox", "CannotFindUser"})
"""Nobody has the address that a request names."""
MOVING_SECONDS = 600.0
_WORD = re.compile(r"[A-Za-z0-9]{1,80}")


class Refused(EventError):  # noqa: N818 - errors are named as outcomes
    """A request was refused for what it is about. Who asked knows what that means; nobody else: quarantine."""

    def __init__(self, connection: str, reply: Reply) -> None:
        super().__init__(f"connection {connection}: Exchange refuses the request ({shown(reply)})")
        self.reply = reply
        self.fate = fate_of(reply)


class Failed(Retry):
    """A whole read failed for a reason that lies in the request, perhaps in one item of it."""

    def __init__(self, message: str, reply: Reply) -> None:
        super().__init__(message, after=reply.back_off)
        self.reply = reply


class UnknownFailure(Failed):
    """A whole request was refused with a code that nobody knows."""


class Nonsense(Lost):
    """An answer of HTTP to a read that says neither what is wrong, nor who says so."""


def fate_of(reply: Reply) -> Fate:
    """Look a reply's code up. Some servers name the real one inside of `InternalServerError`."""
    inner = reply.values.get("InnerErrorResponseCode", "").removeprefix("Error")
    if inner in FATES and FATES[inner] is Fate.BUSY:
        return Fate.BUSY
    return FATES.get(reply.code, Fate.UNKNOWN)


def shown(reply: Reply) -> str:
    """Return a reply's code, fit to be shown."""
    return reply.code if _WORD.fullmatch(reply.code) else "an unknown error"


def failure(connection: str, reply: Reply, *, changes: bool, whole: bool = False) -> CalsyncError:
    """Return the error that a refusal stands for. `whole`: it is about the request, not about one item of it."""
    fate, code = fate_of(reply), shown(reply)
    problem = f"connection {connection}: Exchange"
    if fate is Fate.BUSY:
        return Retry(f"{problem} is busy ({code})", after=reply.back_off)
    if fate is Fate.MOVING:
        return Retry(f"{problem} is moving the mailbox ({code})", after=MOVING_SECONDS)
    if fate in (Fate.DOWN, Fate.BROKEN, Fate.REST):
        if changes:
            return UnknownOutcome(f"{problem} failed during a write ({code})")
        return Failed(f"{problem} failed ({code})", reply)
    if fate is Fate.RESYNC:
        return TokenLost("Exchange accepts the state of its feed no more")
    if fate is Fate.STOP or (whole and code == "AccessDenied"):
        kind = UnknownAddress if code in NO_MAILBOX else AccountError
        return kind(f"{problem} refuses ({code}): {ADVICE.get(code, 'ask the administrator of Exchange')}")
    if fate is Fate.UNKNOWN and whole:
        if changes:
            return UnknownOutcome(f"{problem} failed during a write ({code})")
        return UnknownFailure(f"{problem} failed ({code})", reply)
    return Refused(connection, reply)


def http_failure(connection: str, answer: Answer, after: float | None, *, changes: bool) -> CalsyncError:
    """Return the error of an answer that is no SOAP."""
    problem, status = f"connection {connection}: Exchange", answer.status
    if status == 429 or (not changes and (status == 503 or _busy_page(answer))):
        return Retry(f"{problem} is busy ({status})", after=after)
    if status == 503 or _busy_page(answer):  # said by whoever stands before Exchange, which may have written it
        return UnknownOutcome(f"{problem} failed during a write ({status})")
    if 300 <= status < 400:
        return LoginError(
            f"{problem} sends calsync to another address ({status}), which is not followed: check `url`"
        )
    if status == 403:
        return LoginError(
            f"{problem} denies access (403): let its administrator allow Exchange Web Services for this user, and "
            "for the application calsync"
        )
    if status in (404, 405):
        return LoginError(f"{problem} has no Exchange Web Services at this address ({status}): check `url`")
    if status == 413:
        return EventError(f"{problem} refuses the request as too large (413)")
    if status in (400, 500) and not changes:
        return Nonsense(f"{problem} failed ({status})")
    return lost(f"{problem} failed ({status})", changes)


def _busy_page(answer: Answer) -> bool:
    """Tell whether a busy server shows a page instead of saying so (reported for 302 and 500)."""
    if answer.status == 302:
        return "genericerrorpage" in answer.headers.get("Location", "").lower()
    return answer.status == 500 and b"Server Error in '/EWS' Application" in answer.body
