"""What the engine asks of the world: providers and their calendars, the clock. Contracts stand in the docstrings.

Whoever implements a port raises only errors of `calsync.errors`; anything else is a bug of the plugin and stops
its account.
"""

from calsync.ports.calendar import (
    NOTHING_NEW,
    Calendar,
    Elsewhere,
    Gone,
    Here,
    NoAccess,
    Page,
    Reader,
    ReadOnly,
    Ring,
    Trashed,
    Whereabouts,
    Written,
    may_change,
)
from calsync.ports.clock import Clock, SystemClock
from calsync.ports.host import Call, Doorbells, Host, Learnt, Vault
from calsync.ports.provider import (
    BrowserSignIn,
    CalendarRequest,
    DeviceCode,
    Finding,
    NamedCalendar,
    Person,
    Provider,
    SignedIn,
)
from calsync.ports.spec import OpenConnection, OwnConnection, ProviderSpec, RuleSpec

__all__ = [
    "NOTHING_NEW",
    "BrowserSignIn",
    "Calendar",
    "CalendarRequest",
    "Call",
    "Clock",
    "DeviceCode",
    "Doorbells",
    "Elsewhere",
    "Finding",
    "Gone",
    "Here",
    "Host",
    "Learnt",
    "NamedCalendar",
    "NoAccess",
    "OpenConnection",
    "OwnConnection",
    "Page",
    "Person",
    "Provider",
    "ProviderSpec",
    "ReadOnly",
    "Reader",
    "Ring",
    "RuleSpec",
    "SignedIn",
    "SystemClock",
    "Trashed",
    "Vault",
    "Whereabouts",
    "Written",
    "may_change",
]
