"""What makes calsync unready needs an operator: a mailbox that somebody has connected is mended on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from calsync.errors import StoreError
from calsync.readiness import in_the_way, lost
from calsync.service import State, Status
from calsync.testing.clock import START
from calsync.values import replace
from tests.test_discovery import account

OWN = "own-0123456789ab"
ANNA = account("anna", {}, {})
BERT = replace(account("bert", {}, {}), right=replace(ANNA.right, connection=OWN))


def failing(name: str, error: str, of: str) -> Status:
    return Status(account=name, state=State.FAILING, since=START, error=error, error_class=of)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (failing("anna", "connection mail: wrong password", "LoginError"), True),
        (failing("anna", "no mailbox", "AccountError"), False),
        (failing("bert", f"connection {OWN}: wrong password", "LoginError"), False),
        (failing("bert", "connection crm: FLOWFACT refused the API token", "LoginError"), True),
        (failing("bert", "the disk is full", "StoreError"), True),
        (failing("gone", "connection mail: wrong password", "LoginError"), True),
        (Status(account="anna", state=State.WAITING, since=START), False),
    ],
)
def test_an_account_tells_what_is_not_its_own(status: Status, told: bool) -> None:
    assert bool(lost([status], {"anna": ANNA, "bert": BERT})) is told


async def test_the_sign_in_of_a_person_s_own_connection_is_in_nobody_s_way() -> None:
    world = World({"crm": "connection crm: wrong token", OWN: f"connection {OWN}: wrong password"})
    assert await in_the_way(world, world, world) == ["connection crm: wrong token"]  # type: ignore[arg-type]
    world.signed_out.clear()
    world.error = StoreError("the disk is full")
    assert await in_the_way(world, world, world) == ["the disk is full"]  # type: ignore[arg-type]


class World:
    """Connections, the service and the store, as far as they are asked."""

    def __init__(self, signed_out: dict[str, str]) -> None:
        self.signed_out = signed_out
        self.error: StoreError | None = None
        self.configs = {"anna": ANNA, "bert": BERT}
        self.service = self.board = self

    def unready(self) -> dict[str, str]:
        return self.signed_out

    def all(self) -> list[Any]:
        return []

    async def expect_writable(self) -> None:
        if self.error is not None:
            raise self.error
