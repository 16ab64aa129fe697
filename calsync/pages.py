"""The pages of a configuration, put together."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from calsync.desk import Access, Desk, Passwords, People
from calsync.signin import CodeFlow, Registration
from calsync.web.origins import Origins
from calsync.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from calsync.config import AccountConfig, Config, MicrosoftSignIn
    from calsync.ports import Clock
    from calsync.store.people import SqlitePeople


@contextmanager
def site_of(
    config: Config, store: SqlitePeople, clock: Clock, accounts: Callable[[], Mapping[str, AccountConfig]]
) -> Iterator[Site | None]:
    """Make the pages, and close what they hold in the end. None where the configuration wants none."""
    if config.web is None:
        yield None
        return
    passwords, sign_in = Passwords(), config.web.sign_in
    microsoft = None if sign_in is None else _code_flow(sign_in, clock)
    desk = Desk(people=People(store, clock, accounts), access=Access(store, passwords, clock), accounts=accounts)
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
