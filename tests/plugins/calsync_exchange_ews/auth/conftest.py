"""A server that signs in, a door to it, and the credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.http import Http
from calsync.ports import SystemClock
from calsync_exchange_ews.auth.credential import Credential
from tests.plugins.calsync_exchange_ews.auth.iis import Certificate, certificate

if TYPE_CHECKING:
    from pathlib import Path

USER = "EX\\anna"
PASSWORD = "made-up"


@pytest.fixture
def tls(tmp_path: Path) -> Certificate:
    return certificate(tmp_path / "server.pem")


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server know two users."""
    path = tmp_path / "users"
    path.write_text("EX:anna:made-up\nEX:otto:made-up-too\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(path))


@pytest.fixture
def credential() -> Credential:
    return Credential(connection="exchange", username=USER, password=PASSWORD)


def door(url: str, tls: Certificate | None = None) -> Http:
    """Open a session as a channel does."""
    ca_file = str(tls.pem) if tls else None
    return Http("exchange", url, SystemClock(), concurrency=1, keep_alive=90, ca_file=ca_file)
