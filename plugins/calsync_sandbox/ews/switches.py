"""What differs between real Exchange servers, and what goes wrong on them, as switches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from calsync_sandbox.ews.spoiling import Spoilt

Scheme = Literal["Negotiate", "NTLM", "Basic", "Bearer"]


@dataclass(frozen=True, slots=True)
class Version:
    """What ServerVersionInfo says, and the newest schema that a request may name."""

    major: int = 15
    minor: int = 2
    build: int = 2562
    revision: int = 17
    name: str = "V2017_07_11"
    """Not always legal in a request, as on real servers."""
    newest: str = "V2016_10_10"

    def attributes(self) -> dict[str, str]:
        """Return the attributes of ServerVersionInfo."""
        return {
            "MajorVersion": str(self.major),
            "MinorVersion": str(self.minor),
            "MajorBuildNumber": str(self.build),
            "MinorBuildNumber": str(self.revision),
            "Version": self.name,
        }


EXCHANGE_2013_SP1 = Version(15, 0, 847, 30, "V2_8", "Exchange2013_SP1")
ANOTHER_MAKE = Version(15, 0, 847, 4040, "V2017_07_11")
"""What a server that is no Exchange says of itself, and it takes every schema."""
EXCHANGE_2010_SP2 = Version(14, 2, 247, 1, "Exchange2010_SP2", "Exchange2010_SP2")


@dataclass(slots=True, kw_only=True)
class EwsSwitches:
    """How one EWS server behaves; may be changed while it runs."""

    version: Version = field(default_factory=Version)
    schemes: tuple[Scheme, ...] = ("Negotiate", "NTLM", "Basic")
    """Offered to who comes without credentials, and accepted."""
    joined_challenges: bool = False
    """One WWW-Authenticate header for all schemes, not one for each."""
    channel_binding: Literal["off", "allow", "require"] = "require"
    """Extended Protection of NTLM over TLS. Over plain HTTP there is no channel to bind to."""
    zones_refused: bool = False
    """Writing StartTimeZone or EndTimeZone is answered ErrorInvalidPropertySet (davmail issue 192)."""
    unknown_zones: frozenset[str] = frozenset()
    """Zones that are not told of, and are refused wherever a request names them."""
    key_moves_after_create: bool = False
    """The server touches an item after its create, so that the answer's change key is old (php-ews issue 81)."""
    conflict_although_written: bool = False
    """UpdateItem writes and answers ErrorIrresolvableConflict (exchangelib issue 623)."""
    conflict_count: int = 0
    """What ConflictResults says about every successful update (exchangelib issue 746)."""
    change_keys_matter: bool = True
    """NeverOverwrite is honoured; servers of another make may not."""
    unknown_operations: frozenset[str] = frozenset()
    """Refused like those that nobody knows."""
    bare_faults: bool = False
    """Faults have no detail: their code says what is wrong, with HTTP 200, or nothing does."""
    tells_meetings: bool = True
    """Plain appointments say that they are no meetings; else they say nothing about it."""
    clears_texts: bool = True
    """DeleteItemField empties subject and body; else it is answered as a success and changes nothing."""
    searches_binary: bool = True
    """A restriction may compare a binary property, as the one that holds the UID."""
    expands_series: bool = True
    """A calendar view shows occurrences, which lead to their master; else masters, by their own times."""
    keeps_deleted: bool = False
    """An item that SoftDelete takes from everybody's sight can still be read by its id, in its folder."""
    fractions: bool = False
    """Times have nine decimals."""
    spoilt: dict[str, Spoilt] = field(default_factory=dict)
    """By their subjects, items that make an answer unusable which holds them."""
    settable_uid: bool = True
    """CreateItem keeps the UID that the client names."""
    folder_gone: bool = False
    """No calendar can be found any more."""
    empty_list: bool = False
    """A first synchronisation and every search find nothing."""
    restricted_page: int = 250
    """The most items on a page of a search with a restriction."""
    view_limit: int = 1000
    """The most items that a calendar view may ask for, and hold."""
    concurrency_limit: int | None = 27
    """Concurrent requests of one user; the next one is answered ErrorExceededConnectionCount."""
    heartbeat: float = 30.0
    """Seconds between the signs of life of a stream."""
    stream_chunk: int | None = None
    """Streams are written in pieces of so many bytes."""

    def become_another_make(self) -> None:
        """Behave like a server that is no Exchange, and knows only what common clients need."""
        self.version = ANOTHER_MAKE
        self.schemes = ("Basic",)
        self.change_keys_matter = False
        self.unknown_operations = frozenset({"GetServerTimeZones"})
        self.bare_faults = True
        self.tells_meetings = False
        self.clears_texts = False
        self.searches_binary = False
        self.expands_series = False
        self.keeps_deleted = True
        self.fractions = True
