"""Bad input: one line that names file, line or connection and says what to do; nothing written, nothing lost."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.configuration import POLL_SECONDS
from calsync_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.testing import FakeClock
    from tests.e2e.conftest import Ended, World


def broken_yaml(live: World) -> Callable[[], None]:
    live.rewrite("connections:", "connections: [")
    return lambda: live.rewrite("connections: [", "connections:")


def unknown_rule(live: World) -> Callable[[], None]:
    live.rewrite('"attendee_stripping"', '"attendee_striping"')
    return live.configure


def unknown_key(live: World) -> Callable[[], None]:
    live.rewrite("direction:", "directoin:")
    return live.configure


def wrong_token(live: World) -> Callable[[], None]:
    return wrong_secret_value(live, live.sandbox.flowfact.api_token)


def wrong_client_secret(live: World) -> Callable[[], None]:
    return wrong_secret_value(live, live.sandbox.client_secret)


def wrong_secret_value(live: World, secret: str) -> Callable[[], None]:
    path = live.folder / "secrets.yaml"
    path.write_text(path.read_text("utf-8").replace(secret, "abgelaufen"), "utf-8")
    return live.configure


def no_such_field(live: World) -> Callable[[], None]:
    properties = live.sandbox.flowfact.schemas["appointments"]["properties"]
    field = properties.pop("calsync_marker")
    return lambda: properties.update(calsync_marker=field)


def no_such_schema(live: World) -> Callable[[], None]:
    live.rewrite('schema: "appointments"', 'schema: "appointment"')
    return live.configure


def no_such_mailbox(live: World) -> Callable[[], None]:
    live.rewrite('mailbox: "anna@', 'mailbox: "anne@')
    return live.configure


def read_only_mailbox(live: World) -> Callable[[], None]:
    live.anna.mailbox.can_edit = False

    def repair() -> None:
        live.anna.mailbox.can_edit = True

    return repair


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        (broken_yaml, "calsync.yaml:6: this is no valid YAML"),
        (unknown_rule, 'did you mean "attendee_stripping"?'),
        (unknown_key, 'did you mean "direction"?'),
        (wrong_token, "connection flowfact: FLOWFACT refused the API token; create a new one"),
        (wrong_client_secret, "connection m365: signing in was refused (invalid_client): its client_secret"),
        (
            no_such_field,
            "connection flowfact: fields.marker: the schema appointments has no field 'calsync_marker'",
        ),
        (no_such_schema, "connection flowfact: FLOWFACT has no schema 'appointment'"),
        (no_such_mailbox, "account anna: connection m365: Microsoft Graph knows no active mailbox"),
        (read_only_mailbox, "account anna: connection m365: the calendar can only be read: give the application"),
    ],
)
async def test_what_is_wrong_before_a_run_is_exit_2(
    live: World, breaks: Callable[[World], Callable[[], None]], told: str
) -> None:
    live.appointment()
    live.event("Teamrunde", hours=2)
    repair = breaks(live)
    ended, checked = await asyncio.gather(live.command("sync"), live.command("check"))
    expect_one_line(ended, told)
    assert (ended.code, checked.code) == (2, 2)
    assert told in checked.errors
    assert live.writes() == []
    repair()
    await live.settle()
    live.expect_converged(2)


async def test_a_mailbox_that_is_only_read_need_not_be_writable(live: World) -> None:
    live.anna.mailbox.can_edit = False
    live.configure("right_to_left")
    live.event()
    ended, checked = await live.command("sync"), await live.command("check")
    assert (ended.code, checked.code) == (0, 0)
    live.expect_converged(1, direction="right_to_left")


@pytest.mark.parametrize("server", ["flowfact", "graph", "authority"])
async def test_a_server_that_cannot_be_reached_fails_its_account(live: World, server: str) -> None:
    live.appointment()
    live.event("Teamrunde", hours=2)
    gone = getattr(live.sandbox, server)
    await gone.stop()
    ended = await live.command("sync")
    connection = "flowfact" if server == "flowfact" else "m365"
    expect_one_line(ended, f"{connection}: ")
    assert ended.code == 1
    assert live.writes() == []
    await gone.start(gone.port)
    await live.settle()
    live.expect_converged(2)


@pytest.mark.parametrize("marker", [True, False], ids=["marker", "no marker"])
@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "not carried out"])
async def test_a_server_that_dies_in_the_middle_loses_nothing(
    world: World, clock: FakeClock, marker: bool, carried_out: bool
) -> None:
    if not marker:
        world.without_marker()
    for number in range(60):
        world.event(f"Rückruf {number}", hours=number)
    dead = Fault(method="POST", path="/entity-service/schemas/", times=None, drop=True, after_commit=carried_out)
    world.at_request(30, lambda: world.sandbox.flowfact.faults.add(dead))
    result = (await world.sync_all()).accounts["anna"]
    assert result.ok is (result.error is None)
    world.sandbox.flowfact.faults.clear()
    world.rewrite("overlap_seconds: 120", "overlap_seconds: 0")
    await world.sync_all()
    clock.advance(POLL_SECONDS + 1)  # what one account has read answers for all others for so long
    await world.settle()
    world.expect_converged(60)
    assert len(world.sandbox.flowfact.entities) == 60


async def test_a_store_in_a_folder_that_is_missing(live: World) -> None:
    live.event()
    live.rewrite("/calsync.db", "/missing/calsync.db")
    ended = await live.command("sync")
    expect_one_line(ended, f"store {live.folder}/missing/calsync.db: the file cannot be created")
    assert "its folder must exist" in ended.errors
    assert ended.code == 1
    assert live.writes() == []
    live.configure()
    await live.settle()
    live.expect_converged(1)


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
sys.argv = ["calsync", "sync", "-c", {path!r}]
runpy.run_module("calsync", run_name="__main__")
"""
"""A file cannot grow over the limit: the operating system refuses the write, as it does on a full disk, with
another number. What SQLite itself calls a full disk is tested with the store."""


@pytest.mark.parametrize(
    ("kilobytes", "writes"), [(4, False), (200, False), (1500, True)], ids=["opening", "reading", "writing"]
)
async def test_a_full_disk(live: World, kilobytes: int, writes: bool) -> None:
    live.rewrite("overlap_seconds: 120", "overlap_seconds: 0")
    for number in range(150):
        live.event(f"Rückruf {number}", hours=number, body={"contentType": "text", "content": "x" * 300})
    code = LIMITED.format(size=kilobytes * 1024, path=str(live.configuration))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=pipe, stderr=pipe)
    output, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.startswith(b"calsync: ")
    assert errors.count(b"\n") == 1
    assert f"store {live.folder}/calsync.db: ".encode() in errors
    assert b"disk" in errors
    assert b"Traceback" not in output
    assert bool(live.sandbox.flowfact.entities) is writes
    await live.settle()
    live.expect_converged(150)
    assert len(live.sandbox.flowfact.entities) == 150


def expect_one_line(ended: Ended, told: str) -> None:
    assert ended.errors.startswith("calsync: ")
    assert ended.errors.count("\n") == 1
    assert told in ended.errors
