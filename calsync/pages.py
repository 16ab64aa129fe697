"""The pages of a configuration, put together."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from calsync.desk import Access, Desk, Passwords, People, Showing
from calsync.signin import CodeFlow, Registration
from calsync.web.origins import Origins
from calsync.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.config import Config, MicrosoftSignIn
    from calsync.desk import Known
    from calsync.ports import Clock
    from calsync.store import SqliteStore


@contextmanager
def site_of(config: Config, store: SqliteStore, clock: Clock, known: Known) -> Iterator[Site | None]:
    """Make the pages, and close what they hold in the end. None where the configuration wants none."""
    if config.web is None:
        yield None
        return
    passwords, sign_in = Passwords(), config.web.sign_in
    microsoft = None if sign_in is None else _code_flow(sign_in, clock)
    people = People(store.people, clock, known.accounts)
    desk = Desk(
        people=people,
        access=Access(store.people, passwords, clock),
        showing=Showing(store, people, clock, known),
        accounts=known.accounts,
    )
    at = config.service.listen
    origins = Origins(at.host, at.port, config.service.public_url)
    try:
        yield Site(desk, clock, origins, microsoft=microsoft, proxy=config.web.trusted_proxy)
    finally:
        passwords.close()
        if microsoft is not None:
            microsoft.close()


def _code_flow(sign_in: MicrosoftSignIn, clock: Clock) -> CodeFlow:
    registration = Registration(
        connection="web.sign_in",
        tenant_id=sign_in.tenant_id,
        client_id=sign_in.client_id,
        authority_url=sign_in.authority_url,
        scopes=(),
    )
    return CodeFlow(registration, sign_in.client_secret, clock)
