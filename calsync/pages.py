"""The pages of a configuration, put together."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING

from calsync.connections import connections_of
from calsync.desk import (
    Access,
    Audit,
    Checks,
    Desk,
    Explaining,
    Members,
    OwnMailboxes,
    OwnSignIns,
    Passwords,
    People,
    Setup,
    Showing,
    Steering,
)
from calsync.desk.repairs import Disabled
from calsync.preview import first_run
from calsync.signin import CodeFlow, Registration
from calsync.values import replace
from calsync.web.origins import Origins
from calsync.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator

    from calsync.config import Config, Ignored, MicrosoftSignIn
    from calsync.desk import Known
    from calsync.desk.accounts import Accounts
    from calsync.desk.steering import Steered
    from calsync.http import HttpFactory
    from calsync.ports import Clock
    from calsync.store import SqlStore


@dataclass(frozen=True, slots=True)
class Work:
    """What serves the accounts, as far as people steer it."""

    accounts: Accounts
    served: Steered
    ran: Callable[[], Awaitable[Collection[str]]]
    """Returns the names of all accounts that have run before."""
    changed: Callable[[], None]
    """Has the configuration read anew that people have changed."""
    http: HttpFactory
    """Opens the sessions of the connections that are served."""


@contextmanager
def site_of(
    config: Config,
    store: SqlStore,
    clock: Clock,
    known: Known,
    work: Work,
    signed_in: Callable[[str], None],
) -> Iterator[Site | None]:
    """Make the pages, and close what they hold in the end. None where the configuration wants none.

    `signed_in` counts what came of sign-ins.
    """
    if config.web is None:
        yield None
        return
    passwords, sign_in = Passwords(), config.web.sign_in
    microsoft = None if sign_in is None else _code_flow(sign_in, clock)
    at = config.service.listen
    origins = Origins(at.host, at.port, config.service.public_url)
    try:
        desk = _desk(config, store, clock, known, work, passwords)
        proxy = config.web.trusted_proxy
        yield Site(desk, clock, origins, microsoft=microsoft, proxy=proxy, signed_in=signed_in)
    finally:
        passwords.close()
        if microsoft is not None:
            microsoft.close()


def disabled(ignored: Ignored) -> Disabled:
    """Return what people are told of an entry that the second file says in vain."""
    return Disabled(
        account=ignored.name if ignored.section == "accounts" else None,
        connection=ignored.name if ignored.section == "connections" else None,
        problem="; ".join(ignored.problems),
        why=ignored.why.value,
    )


def _desk(config: Config, store: SqlStore, clock: Clock, known: Known, work: Work, passwords: Passwords) -> Desk:
    def changed() -> None:
        checks.forget()
        work.changed()

    def signed_in(connection: str) -> None:
        checks.forget(connection)
        for name, account in known.accounts().items():
            if connection in connections_of(account):
                work.served.wake(name, "somebody signed in")

    setup = Setup(config.path, clock, changed, signed_in, http=work.http)
    checks, audit = Checks(setup.check_connection, clock, work.served.proven), Audit(store.settings, clock)
    people = People(store.people, clock, known.accounts, audit)
    showing = Showing(store, people, clock, replace(known, findings=checks.last))
    return Desk(
        people=people,
        access=Access(store.people, passwords, clock, audit),
        showing=showing,
        explaining=Explaining(store, showing, known),
        steering=Steering(store, people, clock, known.accounts, work.accounts, work.served, audit),
        own=OwnMailboxes(setup, store.people, store.assignments, work.ran, clock, audit),
        own_sign_ins=OwnSignIns(setup, store.people, audit),
        members=Members(setup, store.assignments, people, audit),
        checks=checks,
        audit=audit,
        accounts=known.accounts,
        everybodys=setup,
        first_run=partial(first_run, clock=clock, random=SystemRandom(), http=work.http),
    )


def _code_flow(sign_in: MicrosoftSignIn, clock: Clock) -> CodeFlow:
    registration = Registration(
        connection="web.sign_in",
        tenant_id=sign_in.tenant_id,
        client_id=sign_in.client_id,
        authority_url=sign_in.authority_url,
        scopes=(),
    )
    return CodeFlow(registration, sign_in.client_secret, clock)
