"""`calsync user`: the first administrator's way in, and what else is said about people on the command line."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING

from tests.e2e.conftest import World, ended

if TYPE_CHECKING:
    from tests.e2e.conftest import Ended


def with_pages(world: World) -> None:
    text = world.configuration.read_text("utf-8")
    world.configuration.write_text(f"{text}web: {{}}\n", "utf-8")


async def user(world: World, *options: str) -> Ended:
    arguments = ["-m", "calsync", "user", *options, "-c", str(world.configuration)]
    pipe = asyncio.subprocess.PIPE
    return await ended(await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe, stderr=pipe))


async def test_people_are_invited_listed_and_removed(live: World) -> None:
    with_pages(live)
    invited = await user(live, "invite", "Chef", "--admin")
    assert (invited.code, invited.errors) == (0, "")
    assert re.search(r"^http://127\.0\.0\.1:8765/invitation/[\w-]{43}$", invited.output, re.MULTILINE)
    await user(live, "invite", "Anna Beispiel", "--account", "anna")
    listed = await user(live, "list")
    assert [re.split(r"  +", line) for line in listed.output.splitlines()] == [
        ["name", "role", "signs in with", "accounts"],
        ["Anna Beispiel", "user", "invited", "anna"],
        ["Chef", "administrator", "invited"],
    ]
    last = await user(live, "invite", "Chef", "--no-admin")
    assert (last.code, "last administrator" in last.errors) == (1, True)
    assert (await user(live, "invite", "chef")).code == 0
    assert "administrator" in (await user(live, "list")).output
    removed = await user(live, "remove", "chef")
    assert (removed.code, removed.output) == (0, "chef: removed\n")
    again = await user(live, "remove", "chef")
    assert (again.code, again.errors) == (1, "calsync: nobody of this name was invited\n")


async def test_an_account_that_is_not_there_cannot_be_given(live: World) -> None:
    with_pages(live)
    found = await user(live, "invite", "Anna", "--account", "anne")
    assert (found.code, found.output) == (1, "")
    assert found.errors == "calsync: there is no account of this name\n"


async def test_without_pages_nobody_is_invited_to_them(live: World) -> None:
    found = await user(live, "invite", "Anna")
    assert (found.code, found.output) == (2, "")
    assert "there are no pages; add a section `web: {}`" in found.errors
