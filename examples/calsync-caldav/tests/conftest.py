"""The servers, once for all tests."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.servers import radicale, xandikos

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import DavServer


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, DavServer]]:
    with ExitStack() as running:
        yield {
            start.__name__: running.enter_context(start(tmp_path_factory.mktemp(start.__name__)))
            for start in (radicale, xandikos)
        }


@pytest.fixture(params=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest, servers: dict[str, DavServer]) -> DavServer:
    return servers[request.param]
