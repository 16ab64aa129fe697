"""The judge of a soak sees what was not copied, and what calsync may not ask for."""

from pathlib import Path

from calsync.store import SqliteStore
from calsync_sandbox.sandbox import Sandbox
from tests.soak.agency import AT_FIRST, Agency


async def test_what_was_never_copied_is_missed_on_both_sides(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        agency = Agency(sandbox, tmp_path, 2, seed=1)
        agency.begin()
        await (await SqliteStore.open(tmp_path / "calsync.db")).close()
        assert agency.apart() == ["account-000", "account-001"]
        complaints = await agency.complaints()
        assert sum("missing on the left:" in one for one in complaints) == 2
        assert sum("missing on the right:" in one for one in complaints) == 2
        assert agency.entered == 2 * 2 * AT_FIRST * 3


async def test_an_answer_that_no_server_gives_is_told_though_the_requests_were_forgotten(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        agency = Agency(sandbox, tmp_path, 1, seed=1)
        await (await SqliteStore.open(tmp_path / "calsync.db")).close()
        sandbox.graph.not_allowed.append("PUT /users")
        agency.forget_requests()
        assert await agency.complaints() == ["PUT /users"]
