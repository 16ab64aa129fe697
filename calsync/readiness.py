"""What is in the way of working, for whoever asks whether calsync is ready.

The mailboxes that people have connected themselves are left out: a password that somebody has changed is mended on
the pages, which must not be taken away for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.connections import connections_of
from calsync.errors import LoginError, StoreError
from calsync.second import is_own_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from calsync.config import AccountConfig
    from calsync.connections import Connections
    from calsync.served import Served
    from calsync.service import Status
    from calsync.store import SqlStore


async def in_the_way(connections: Connections, served: Served, store: SqlStore) -> Sequence[str]:
    """Return each problem once, for a person."""
    signed_out = [problem for name, problem in connections.unready().items() if not is_own_name(name)]
    problems = [*signed_out, *lost(served.service.board.all(), served.configs)]
    try:
        await store.expect_writable()
    except StoreError as error:
        problems.insert(0, str(error))
    return list(dict.fromkeys(problems))


def lost(statuses: Iterable[Status], configs: Mapping[str, AccountConfig]) -> list[str]:
    """Return the problems of accounts that are not the account's own: a sign-in or the store is lost."""
    return [
        one.error
        for one in statuses
        if one.error is not None
        if one.error_class == StoreError.__name__
        or (one.error_class == LoginError.__name__ and not _names(one.error, _own(configs.get(one.account))))
    ]


def _own(config: AccountConfig | None) -> Collection[str]:
    return [] if config is None else [name for name in connections_of(config) if is_own_name(name)]


def _names(error: str, connections: Collection[str]) -> bool:
    """Tell whether an error is about one of these connections: each lost sign-in names its own."""
    return any(name in error for name in connections)
