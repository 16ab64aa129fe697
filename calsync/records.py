"""What calsync remembers of an account, and the store that keeps it.

The engine reads an account whole (`Store.load`), works on that copy, and writes every change in a transaction
that checks its lease. What is to be done is never stored: it is derived in each run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

from calsync.sync.budget import NOTHING
from calsync.values import Struct, field

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta

    from calsync.sync.asking import Hang
    from calsync.sync.budget import Spent
    from calsync.sync.choices import Decision
    from calsync.sync.model import Changes, Direction, Draft, Field, Link, Observation, Side, Value, Window
    from calsync.sync.plan import HoldKey, Kind
    from calsync.sync.view import Seen


Rebuild = Literal["restored", "behind", "lost"]
"""A backup was put back; a number beside the store knows of later runs; an empty store found marked events."""


class SideState(Struct, frozen=True, kw_only=True):
    """How far one side has been read."""

    token: str | None = None
    window: Window | None = None
    """The window that the token belongs to."""
    round: int = 0
    """The number of the last complete listing; observations remember the last one that showed them. It only rises,
    also past the listings that broke off."""
    listed_run: int | None = None
    """The run of the last complete listing; None before the first."""
    listed_at: datetime | None = None
    reading: int | None = None
    """The way (`Capabilities.reading`) in which all was read that the last complete listing showed; None where it
    is not known, as after a listing in another one broke off."""
    written: bool | None = None
    """Whether calsync writes to this side, as far as a person knows; None where no run has begun yet."""
    calendar: str | None = None
    """The key of the calendar that all this is about; None where no run has begun yet."""


class Intent(Struct, frozen=True, kw_only=True):
    """A remote write that was decided and is not confirmed yet; written before the request is sent."""

    marker: str
    """What a create leaves on its event; for other kinds the stamp. Unique."""
    kind: Kind
    side: Side
    reason: str
    link: int | None
    """The link that an update or a delete belongs to; a create that renews a link's lost side names it too."""
    source: Observation | None
    target: Observation | None
    draft: Draft | None = None
    changes: Changes = field(default_factory=dict)
    run: int
    begun: datetime
    """When it was about to be sent; once its marker was searched for without success, when that was first: it may
    have been sent until then."""
    undoes: int | None = None
    """The ledger's entry of a write that this one undoes."""
    looks: int = 0
    """How often the marker of a create was searched for, or the event of a delete, without success."""


class Attempt(Struct, frozen=True, kw_only=True):
    """An operation on an event that failed `count` times in a row: not tried again before `due`."""

    side: Side
    event_id: str
    count: int
    due: datetime
    error: str
    """The class of `calsync.errors` that all of `count` failures are of."""


class Held(Struct, frozen=True, kw_only=True):
    """An operation that waits for a person. Kept while it is planned, at any age."""

    side: Side
    event_id: str
    kind: Kind
    reason: str
    since: datetime
    rule: str | None = None
    """The rule that holds it; None where it is no rule that does."""

    @property
    def key(self) -> HoldKey:
        return self.side, self.event_id, self.kind, self.reason


class Tombstone(Struct, frozen=True, kw_only=True):
    """What our own unlink leaves behind: this id counts as new only after a read finds it outside the trash."""

    side: Side
    event_id: str
    revision: str | None
    at: datetime


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """One thing that calsync did or decided, for ever in order. Values are of the synced fields only."""

    run: int
    """Of a write: the run that sent it, whichever learnt that it was carried out."""
    at: datetime
    kind: str
    side: Side
    reason: str
    id: int | None = None
    """The number by which a person names it; None as long as it is not stored."""
    undoes: int | None = None
    """The entry of a write that this one has undone."""
    event_id: str | None = None
    source_id: str | None = None
    """Of a write: the event on the other side that it was made from."""
    link: int | None = None
    uid: str | None = None
    """Of a write: what the written event is called, whatever its id."""
    source_uid: str | None = None
    private: bool = False
    """Of a write: whether the written event was private before it."""
    attendees: int | None = None
    """Of a write: how many people were invited to the event, or to the one it was made from, at that moment. None
    where nobody could tell."""
    readable: bool = True
    """Whether the values can be told: not where the key is another one than they were sealed with."""
    before: Mapping[Field, Value] = field(default_factory=dict)
    after: Mapping[Field, Value] = field(default_factory=dict)


class Selection(Struct, frozen=True, kw_only=True):
    """Which writes of one account a person means: of these numbers, of a run, or since an instant."""

    ids: Sequence[int] = ()
    run: int | None = None
    since: datetime | None = None


class Writes(Struct, frozen=True):
    """What the ledger tells of some writes."""

    entries: Sequence[LedgerEntry]
    """All writes to the pairs that are concerned, and what has undone them, the oldest first. Also those of which
    nobody can tell whether they were carried out; none of these is chosen."""
    chosen: frozenset[int]
    """The numbers of those that a person means."""


class AccountState(Struct, kw_only=True):
    """All that is remembered of one account; the engine's working copy, changed together with the store."""

    run: int
    """The number of the last run that began; 0 before the first."""
    sides: dict[Side, SideState]
    seen: dict[Side, dict[str, Seen]]
    links: dict[int, Link]
    intents: dict[str, Intent]
    attempts: dict[tuple[Side, str], Attempt]
    holds: dict[HoldKey, Held]
    tombstones: dict[tuple[Side, str], Tombstone]
    deleted_lately: dict[Side, int]
    """How many deletes the ledger has for each side since the instant given to `Store.load`, without those that a
    person has released."""
    last_link: int = 0
    """The highest number that a link has or had, as far as the ledger knows; never used again."""
    begun: int | None = None
    """The run of the ledger's oldest entry; None where it has none."""
    spent: Spent = NOTHING
    """What was written within the day that began with the instant given to `Store.load`, as the budget counts."""
    rebuild: Rebuild | None = None
    """Why all this may be older than the calendars. Then nothing is written to them until a person confirms."""
    rules: str | None = None
    """What names the rules that it was planned under last; None where no run has planned it yet."""
    was_read: bool = False
    """A run that has ended had read both sides well."""
    hangs: list[Hang] = field(default_factory=list)
    """The questions to rules that were never answered."""
    decisions: dict[HoldKey, Decision] = field(default_factory=dict)
    """What persons have decided about what is held, and is not carried out yet."""
    scope: Scope | None = None
    """Of which events it is; None: of all."""


class Rest(Struct, frozen=True, kw_only=True):
    """That the last run of an account has left nothing to be found out before a side tells of something.

    Nothing but of the events that are not settled: the next run plans for them.
    """

    terms: str
    """What names the account's terms of that run."""
    run: int
    """Its number."""
    sides: Mapping[Side, SideState]
    unsettled: frozenset[tuple[Side, str]] = frozenset()


class Scope(Struct, frozen=True, kw_only=True):
    """The events of an account at rest that a run plans for, and all that a decision about them depends on."""

    rest: Rest
    """The rest that proves that nothing is to be decided about any other event."""
    events: frozenset[tuple[Side, str]]
    """Whether they are known or not."""
    uids: frozenset[tuple[Side, str]]
    """What all events are looked up by that carry them."""
    others: int = 0
    """How many awake links there are besides: what brakes and budgets count."""


class Lease(Struct, frozen=True, kw_only=True):
    """The right of one runner to work on an account until an instant. The fence rises with each new holder."""

    account: str
    holder: str
    fence: int
    until: datetime


class Setting(Struct, frozen=True, kw_only=True):
    """What people have chosen for one account, and how it last went."""

    enabled: bool | None = None
    """Whether it is synced; None: nobody has switched it."""
    direction: Direction | None = None
    """None: as the configuration says."""
    good_at: datetime | None = None
    """When the last run began that read both sides without an error."""

    @property
    def off(self) -> bool:
        return self.enabled is False


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Who changed what. A value is None where the configuration decides."""

    at: datetime
    who: str
    account: str | None
    what: str
    before: str | None
    after: str | None


class Transaction(ABC):
    """Writes to one account that become durable together, or not at all. No provider call and no sleep inside.

    A write that is refused raises StoreError at the latest when the transaction ends.
    """

    @abstractmethod
    def begin_run(self, run: int) -> None:
        """Record that this run has begun. The account is not at rest any more."""

    @abstractmethod
    def set_rest(self, terms: str, unsettled: Collection[tuple[Side, str]]) -> None:
        """Record that the account is at rest under these terms, but for these events."""

    @abstractmethod
    def set_rebuild(self, why: Rebuild | None) -> None:
        """Begin the account's rebuild, or end it. What persons have decided before it began is dropped."""

    @abstractmethod
    def set_rules(self, rules: str) -> None:
        """Record what names the rules that the account is planned under."""

    @abstractmethod
    def put_side(self, side: Side, state: SideState) -> None: ...

    @abstractmethod
    def put_seen(self, side: Side, seen: Iterable[Seen]) -> None:
        """Insert or replace by the observations' ids."""

    @abstractmethod
    def drop_seen(self, side: Side, event_ids: Iterable[str]) -> None: ...

    @abstractmethod
    def put_links(self, links: Iterable[Link]) -> None:
        """Insert or replace by id. An event id may stand in one link of a side only (StoreError)."""

    @abstractmethod
    def drop_links(self, ids: Iterable[int]) -> None: ...

    @abstractmethod
    def put_intents(self, intents: Iterable[Intent]) -> None:
        """Insert or replace by marker. A source has one open create per side (StoreError)."""

    @abstractmethod
    def drop_intents(self, markers: Iterable[str]) -> None: ...

    @abstractmethod
    def put_attempts(self, attempts: Iterable[Attempt]) -> None: ...

    @abstractmethod
    def drop_attempts(self, keys: Iterable[tuple[Side, str]]) -> None: ...

    @abstractmethod
    def set_holds(self, holds: Iterable[Held]) -> None:
        """Replace all holds of the account, those excepted about which something is decided."""

    @abstractmethod
    def drop_decisions(self, decisions: Iterable[Decision]) -> None:
        """Drop these; one that a person has put in the place of one of them meanwhile stays."""

    @abstractmethod
    def put_tombstones(self, tombstones: Iterable[Tombstone]) -> None: ...

    @abstractmethod
    def drop_tombstones(self, keys: Iterable[tuple[Side, str]]) -> None: ...

    @abstractmethod
    def drop_hangs(self, hangs: Iterable[Hang]) -> None: ...

    @abstractmethod
    def add_ledger(self, entries: Iterable[LedgerEntry]) -> None: ...

    @abstractmethod
    def expire(self, before: datetime) -> None:
        """Forget tombstones and ledger entries that are older."""


class Runs(ABC):
    """The number of each account's last run, kept beside the store: it shows a store that was put back or lost."""

    @abstractmethod
    async def get(self, account: str) -> int:
        """Return the highest number that was put; 0 before the first. Raises StoreError."""

    @abstractmethod
    async def put(self, account: str, run: int) -> None:
        """Make durable that this run has begun; a lower number changes nothing. Raises StoreError."""


class Settings(ABC):
    """What people choose for accounts. It wins over the configuration, in every process at once."""

    @abstractmethod
    async def all(self) -> Mapping[str, Setting]:
        """Return the settings of all accounts that the store knows of."""

    @abstractmethod
    async def get(self, account: str) -> Setting:
        """Return an account's settings; nothing is set of an unknown one."""

    @abstractmethod
    async def is_off(self, account: str) -> bool:
        """Tell whether somebody has switched an account off, as of now. It is asked before each run and write."""

    @abstractmethod
    async def set_enabled(self, account: str, value: bool | None, who: str, now: datetime) -> None:
        """Switch an account on or off. The audit tells it, with `who` did it."""

    @abstractmethod
    async def set_all_enabled(self, accounts: Collection[str], value: bool, who: str, now: datetime) -> None:
        """Switch many accounts on or off: all of them, or none. The audit tells each."""

    @abstractmethod
    async def set_direction(self, account: str, value: Direction | None, who: str, now: datetime) -> None:
        """Choose an account's direction. The audit tells it, with `who` did it."""

    @abstractmethod
    async def audit(self, last: int, account: str | None = None) -> Sequence[AuditEntry]:
        """Return the newest changes of one account, or of all, oldest first."""

    @abstractmethod
    async def note(self, entry: AuditEntry) -> None:
        """Have the audit tell of a change that is kept elsewhere."""


class Store(ABC):
    """Remembers accounts. Raises StoreError with the place and what to do; nothing is ever half-written."""

    @property
    @abstractmethod
    def settings(self) -> Settings:
        """What people choose for accounts."""

    @abstractmethod
    async def load(self, account: str, lately: datetime, scope: Scope | None = None) -> AccountState:
        """Return all that is remembered of an account; a new account is empty, with both sides present.

        `lately` is the instant a day ago. Of a `scope` it is what is remembered of its events, of those that are
        linked with them or carry a uid of it or of any of these, and what belongs to no event. That is so while
        the account is at the scope's rest, and has an awake link besides; else it is all.
        """

    @abstractmethod
    async def rest(self, account: str) -> Rest | None:
        """Return what an account is known by that is at rest; None for one that is off, or is worked on."""

    @abstractmethod
    async def stay(self, account: str, rest: Rest, tokens: Mapping[Side, str | None], good_at: datetime) -> bool:
        """Remember how far both sides were read without news, and that it was read well then. Needs no lease.

        Return False, and change nothing, where the account is not at this rest any more, or is worked on.
        """

    @abstractmethod
    async def acquire(self, account: str, holder: str, now: datetime, life: timedelta) -> Lease | None:
        """Take the account's lease, or return None while another holder's is alive."""

    @abstractmethod
    async def renew(self, lease: Lease, now: datetime, life: timedelta) -> Lease:
        """Prolong a lease. Raises StoreError if it was lost."""

    @abstractmethod
    async def release(self, lease: Lease, good_at: datetime | None = None) -> None:
        """Give a lease back. `good_at`: when the run began, where it read both sides without an error."""

    @abstractmethod
    async def holders(self) -> Sequence[str]:
        """Return who holds a lease, alive or not."""

    @abstractmethod
    async def leases(self) -> Sequence[Lease]:
        """Return all leases that were not given back, alive or not."""

    @abstractmethod
    async def expire(self, holder: str) -> None:
        """End all leases of a holder that is known to be dead. Its fence still rises with the next holder."""

    @abstractmethod
    async def add_hang(self, account: str, hang: Hang) -> None:
        """Take over what a process noted at its end. Needs no lease: it holds from the next run on."""

    @abstractmethod
    def transaction(self, lease: Lease) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction of the lease's account.

        Committed on a normal exit, nothing is kept on every other; shielded from cancellation. Raises StoreError
        where the fence is no longer the newest, at the latest when the transaction ends.
        """

    @abstractmethod
    async def ledger(self, account: str, last: int) -> Sequence[LedgerEntry]:
        """Return the newest entries of the ledger, oldest first."""

    @abstractmethod
    async def writes(self, account: str, selection: Selection) -> Writes:
        """Return the writes that a person means, together with the others to the same pairs."""

    @abstractmethod
    async def forget_ledger(self, before: datetime) -> None:
        """Forget older entries of the ledger, also of accounts that nobody runs any more."""

    @abstractmethod
    async def repeats(self, account: str, since: datetime, times: int) -> Sequence[LedgerEntry]:
        """Return what was carried out again and again since an instant, oldest first.

        That is every update of a link that was updated, and every create from a source that was copied to the same
        side, at least so many times.
        """

    @abstractmethod
    async def close(self) -> None: ...
