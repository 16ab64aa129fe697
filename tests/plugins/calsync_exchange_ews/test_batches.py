"""Reading many items: what is left out, what is too slow, too large or broken, and which one it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ServerDisconnectedError

from calsync.errors import Retry
from calsync.http import door
from calsync_exchange_ews.batches import read_items
from tests.plugins.calsync_exchange_ews.conftest import answer, fault, item, message, read
from tests.plugins.calsync_exchange_ews.test_client import CALLER, client, status

if TYPE_CHECKING:
    from calsync_exchange_ews.client import Client
    from tests.plugins.calsync_exchange_ews.conftest import Script

__all__ = ["client"]
IDS = ["a", "b", "c", "d"]
HALVED = [4, 2, 1, 1, 2]


def asked(script: Script) -> list[int]:
    return [body.count("<t:ItemId ") for body in script.sent("GetItem")]


async def test_what_a_batch_left_out_is_asked_for_again(client: Client, script: Script) -> None:
    stopped = message("GetItem", code="ErrorBatchProcessingStopped", kind="Warning")
    found = message("GetItem", f"<m:Items>{item('a')}</m:Items>")
    script.on("GetItem", answer("GetItem", found, stopped, stopped), read(item("b"), item("c")))
    replies = await read_items(client, ["a", "b", "c"], CALLER)
    assert [reply.ok for reply in replies] == [True, True, True]
    assert [body.count("<t:ItemId ") for body in script.sent("GetItem")] == [3, 2]


@pytest.mark.parametrize("slow", [fault("ErrorTimeoutExpired"), None])
async def test_a_batch_that_is_too_slow_is_halved(client: Client, script: Script, slow: bytes | None) -> None:
    ids = ["a", "b", "c", "d"]
    expired = message("GetItem", code="ErrorTimeoutExpired")
    script.on(
        "GetItem",
        slow or answer("GetItem", *[expired] * 4),
        slow or answer("GetItem", *[expired] * 2),
        *[read(item(each)) for each in ids[:2]],
        read(item("c"), item("d")),
    )
    replies = await read_items(client, ids, CALLER)
    assert all(reply.ok for reply in replies)
    assert [body.count("<t:ItemId ") for body in script.sent("GetItem")] == [4, 2, 1, 1, 2]


async def test_what_fails_alone_is_that_item_s(client: Client, script: Script) -> None:
    for reply, code in (
        (fault("ErrorTimeoutExpired"), "TimeoutExpired"),
        (status(500, fault("")), ""),
        (fault("ErrorItemCorrupt"), "ItemCorrupt"),
        (answer("GetItem", message("GetItem", code="ErrorTimeoutExpired")), "TimeoutExpired"),
    ):
        script.on("GetItem", reply)
        for _ in range(4):
            (told,) = await read_items(client, ["a"], CALLER)
            assert told.code == code


async def test_one_item_that_brings_down_a_batch_is_found(client: Client, script: Script) -> None:
    bad = status(500, fault(""))
    script.on("GetItem", bad, read(item("a"), item("b")), bad, bad, read(item("d")))
    replies = await read_items(client, ["a", "b", "c", "d"], CALLER)
    assert [reply.ok for reply in replies] == [True, True, False, True]


@pytest.mark.parametrize(
    "answered",
    [
        read(item("a"))[:-30],
        b"",
        read(item("a"), item("b"), item("c")),
        read(item("a").replace("Notartermin", "<![CDATA[<!DOCTYPE html>]]>")),
        status(400, b"Bad Request"),
        status(504),
        TimeoutError(),
        ServerDisconnectedError(),
    ],
)
async def test_an_item_for_which_a_server_has_no_answer_is_found(
    client: Client, script: Script, answered: Any
) -> None:
    script.on("GetItem", answered, answered, read(item("a")), answered, read(item("c"), item("d")))
    replies = await read_items(client, IDS, CALLER)
    assert [reply.code for reply in replies] == ["NoError", "NoAnswer", "NoError", "NoError"]
    assert asked(script) == HALVED


async def test_items_that_are_too_large_together_are_read_apart(
    client: Client, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MAX_ANSWER_BYTES", 30_000)
    large = [item(each, Body="x" * 10_000) for each in IDS]
    script.on("GetItem", read(*large), read(*large[:2]), read(*large[2:]))
    assert [reply.ok for reply in await read_items(client, IDS, CALLER)] == [True] * 4
    assert asked(script) == [4, 2, 2]


@pytest.mark.parametrize("dead", [status(502), TimeoutError(), b""])
async def test_a_server_that_answers_nothing_is_not_asked_for_halves(
    client: Client, script: Script, dead: Any
) -> None:
    script.on("GetItem", dead)
    script.on("GetFolder", dead)
    with pytest.raises(Retry):
        await read_items(client, IDS, CALLER)
    assert asked(script) == [4]


async def test_a_server_that_is_too_slow_for_many_is_asked_for_fewer_later(client: Client, script: Script) -> None:
    ids = [f"e{number}" for number in range(100)]
    parts = [read(*map(item, ids[start : start + 25])) for start in (0, 25, 50, 75)]
    script.on("GetItem", TimeoutError(), *parts)
    assert all(reply.ok for reply in await read_items(client, ids, CALLER))
    assert asked(script) == [50, 25, 25, 25, 25]


async def test_a_broken_item_makes_no_batch_smaller(client: Client, script: Script) -> None:
    script.on("GetItem", b"", read(item("a")), b"", *[read(*map(item, IDS * 12))] * 2)
    await read_items(client, ["a", "b"], CALLER)
    assert client.batch == 50
