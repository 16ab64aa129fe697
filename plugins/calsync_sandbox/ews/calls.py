"""A request as the operations see it: who asks, in which schema and zone, and which mailboxes that opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync_sandbox.ews.errors import EwsError, SoapFault
from calsync_sandbox.ews.names import find, text_of
from calsync_sandbox.mailbox.errors import MailboxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync_sandbox.ews.envelope import Envelope
    from calsync_sandbox.ews.names import Element
    from calsync_sandbox.ews.state import State
    from calsync_sandbox.ews.switches import EwsSwitches
    from calsync_sandbox.ews.users import User
    from calsync_sandbox.mailbox.mailbox import Mailbox

    FindMailbox = Callable[[str], Mailbox]

SCHEMAS = (
    "Exchange2007",
    "Exchange2007_SP1",
    "Exchange2009",
    "Exchange2010",
    "Exchange2010_SP1",
    "Exchange2010_SP2",
    "Exchange2012",
    "Exchange2013",
    "Exchange2013_SP1",
    "Exchange2015",
    "Exchange2016",
    "V2015_10_05",
    "V2016_01_06",
    "V2016_04_13",
    "V2016_07_13",
    "V2016_10_10",
)
"""The legal values of RequestServerVersion, oldest first (types.xsd)."""
_NAMES = ("PrincipalName", "SID", "PrimarySmtpAddress", "SmtpAddress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `address` is the mailbox that it acts as: the user's own, or the impersonated one."""

    name: str
    operation: Element
    user: User
    address: str
    impersonated: bool
    schema: str
    zone: str | None
    """The id of the header's TimeZoneContext."""
    find_mailbox: FindMailbox
    switches: EwsSwitches
    state: State

    def open(self, address: str | None) -> Mailbox:
        """Return the mailbox that a folder or an item names. Raises EwsError where it may not be opened."""
        wanted = address or self.address
        if not wanted:
            raise EwsError("ErrorMissingEmailAddress", "The account does not have a mailbox.")
        mailbox = _found(self.find_mailbox, wanted)
        names = {mailbox.address.lower(), *(alias.lower() for alias in mailbox.aliases)}
        own = self.address.lower() in names
        if not own and (self.impersonated or not self.user.may_open(mailbox.address)):
            raise EwsError("ErrorAccessDenied")
        return mailbox

    def is_before(self, schema: str) -> bool:
        """Tell whether the request speaks an older schema than this one."""
        return SCHEMAS.index(self.schema) < SCHEMAS.index(schema)


def new_call(
    envelope: Envelope, user: User, find_mailbox: FindMailbox, switches: EwsSwitches, state: State
) -> Call:
    """Read the header. Raises SoapFault for an unknown version and a forbidden impersonation."""
    impersonated = _impersonated(envelope, user, find_mailbox)
    return Call(
        name=envelope.name,
        operation=envelope.operation,
        user=user,
        address=user.address if impersonated is None else impersonated,
        impersonated=impersonated is not None,
        schema=_schema(envelope, switches),
        zone=_zone(envelope, switches),
        find_mailbox=find_mailbox,
        switches=switches,
        state=state,
    )


def _found(find: FindMailbox, address: str) -> Mailbox:
    """Return a mailbox. Raises EwsError."""
    try:
        return find(address)
    except MailboxError as error:
        raise EwsError("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.") from error


def _schema(envelope: Envelope, switches: EwsSwitches) -> str:
    """Return the schema that is asked for; without a header it is the oldest that the server knows."""
    header = envelope.headers.get("RequestServerVersion")
    if header is None:
        return "Exchange2007"
    asked = header.get("Version", "")
    newest = SCHEMAS.index(switches.version.newest)
    if asked not in SCHEMAS[: newest + 1]:
        raise SoapFault("ErrorInvalidServerVersion", "The specified server version is invalid.")
    return asked


def _zone(envelope: Envelope, switches: EwsSwitches) -> str | None:
    header = envelope.headers.get("TimeZoneContext")
    definition = find(header, "TimeZoneDefinition") if header is not None else None
    named = None if definition is None else definition.get("Id")
    if named in switches.unknown_zones:
        raise SoapFault("ErrorTimeZone", "The time zone is not known.")
    return named


def _impersonated(envelope: Envelope, user: User, find_in: FindMailbox) -> str | None:
    header = envelope.headers.get("ExchangeImpersonation")
    if header is None:
        return None
    name = next(filter(None, (text_of(header, "ConnectingSID", kind) for kind in _NAMES)), "")
    if not user.impersonates:
        raise SoapFault("ErrorImpersonateUserDenied", "The account does not have permission to impersonate.")
    try:
        return _found(find_in, name.strip()).address
    except EwsError as error:
        raise SoapFault(error.code, error.message) from error
