"""What goes wrong with change feeds: lost tokens, tombstones without a delete, late and endless pages."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mailbox import Mailbox

Ask = Callable[..., Awaitable[Any]]
Drain = Callable[..., Awaitable[tuple[list[dict[str, Any]], str]]]
Draft = Callable[..., dict[str, Any]]
Json = dict[str, Any]


def told(entities: list[Json]) -> list[tuple[str, bool]]:
    return [(entity["id"], "@removed" in entity) for entity in entities]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (410, "SyncStateNotFound"),
        (410, "resyncRequired"),
        (410, "fullSyncRequired"),
        (404, "SyncStateNotFound"),
        (400, "SyncStateInvalid"),
        (400, "InvalidDeltaToken"),
    ],
)
async def test_evicted_tokens(
    server: GraphServer, anna: Mailbox, ask: Ask, drain: Drain, draft: Draft, march: str, status: int, code: str
) -> None:
    for _ in range(3):
        anna.create(draft())
    _, link = await drain(march)
    middle = (await ask("GET", march, prefer="odata.maxpagesize=1")).body["@odata.nextLink"]
    server.feed(anna).evict(status, code, location="/v1.0/fresh")
    for lost in (link, middle):
        answer = await ask("GET", lost)
        assert (answer.status, answer.code, answer.headers["Location"]) == (status, code, "/v1.0/fresh")
    assert len((await drain(march))[0]) == 3


async def test_a_damaged_token(ask: Ask) -> None:
    for token in ("$deltatoken=xyz", "$skiptoken=WzFd", "$deltatoken=%20"):
        answer = await ask("GET", f"/calendarView/delta?{token}")
        assert (answer.status, answer.code) == (400, "InvalidDeltaToken")


async def test_old_rounds_are_forgotten(anna: Mailbox, ask: Ask, draft: Draft, march: str) -> None:
    for _ in range(2):
        anna.create(draft())
    link = (await ask("GET", march, prefer="odata.maxpagesize=1")).body["@odata.nextLink"]
    for _ in range(64):
        await ask("GET", march)
    assert (await ask("GET", link)).status == 410


async def test_an_event_that_goes_while_a_round_is_read_is_removed(
    anna: Mailbox, ask: Ask, draft: Draft, march: str
) -> None:
    kept, gone = anna.create(draft())["id"], anna.create(draft())["id"]
    page = (await ask("GET", march, prefer="odata.maxpagesize=1")).body
    anna.delete(gone)
    rest = (await ask("GET", page["@odata.nextLink"])).body["value"]
    assert told([*page["value"], *rest]) == [(kept, False), (gone, True)]


async def test_false_removed(anna: Mailbox, drain: Drain, draft: Draft, march: str, server: GraphServer) -> None:
    event_id = anna.create(draft())["id"]
    _, link = await drain(march)
    server.switches.false_removed.add(event_id)
    entities, link = await drain(link)
    assert told(entities) == [(event_id, True)]
    assert event_id in anna.events
    assert (await drain(link))[0] == []


async def test_removed_ids_in_the_default_form(
    anna: Mailbox, drain: Drain, draft: Draft, march: str, server: GraphServer
) -> None:
    event_id = anna.create(draft())["id"]
    _, link = await drain(march)
    anna.delete(event_id)
    server.switches.removed_ids = "default"
    [entity] = (await drain(link))[0]
    assert entity["id"] != event_id


async def test_repeats_and_replays(
    anna: Mailbox, drain: Drain, draft: Draft, march: str, server: GraphServer
) -> None:
    first, second = anna.create(draft())["id"], anna.create(draft())["id"]
    server.switches.delta_repeats = True
    entities, link = await drain(march)
    assert told(entities) == [(first, False), (second, False), (first, False)]
    server.switches.delta_repeats = False
    server.switches.delta_replays = 1
    assert told((await drain(link))[0]) == [(second, False)]


async def test_late_changes(
    anna: Mailbox, drain: Drain, draft: Draft, march: str, now: list[float], server: GraphServer
) -> None:
    old = anna.create(draft())["id"]
    now[0] += 100
    server.switches.delta_lag = 60
    young = anna.create(draft())["id"]
    entities, link = await drain(march)
    assert told(entities) == [(old, False)]
    anna.edit(old, {"subject": "Neu"})
    entities, link = await drain(link)
    assert entities == []
    now[0] += 61
    assert told((await drain(link))[0]) == [(young, False), (old, False)]


async def test_empty_pages(
    anna: Mailbox, ask: Ask, draft: Draft, drain: Drain, march: str, server: GraphServer
) -> None:
    server.switches.empty_pages = True
    anna.create(draft())
    first = (await ask("GET", march)).body
    assert first["value"] == []
    assert len((await drain(first["@odata.nextLink"]))[0]) == 1


async def test_endless_pages(anna: Mailbox, ask: Ask, draft: Draft, march: str, server: GraphServer) -> None:
    anna.create(draft())
    server.switches.endless_pages = True
    first = (await ask("GET", march)).body
    second = (await ask("GET", first["@odata.nextLink"])).body
    assert first["value"] == second["value"]
    assert first["@odata.nextLink"] != second["@odata.nextLink"]


async def test_a_nextlink_to_another_host(
    anna: Mailbox, ask: Ask, draft: Draft, march: str, server: GraphServer
) -> None:
    for _ in range(2):
        anna.create(draft())
    server.switches.foreign_next_link = "http://127.0.0.2:9"
    link = (await ask("GET", march, prefer="odata.maxpagesize=1")).body["@odata.nextLink"]
    assert link.startswith("http://127.0.0.2:9/v1.0/users/anna@example.de/calendarView/delta?$skiptoken=")


async def test_a_deltalink_to_another_host(
    anna: Mailbox, ask: Ask, draft: Draft, march: str, server: GraphServer
) -> None:
    server.switches.foreign_delta_link = "http://127.0.0.2:9"
    link = (await ask("GET", march)).body["@odata.deltaLink"]
    assert link.startswith("http://127.0.0.2:9/v1.0/users/anna@example.de/calendarView/delta?$deltatoken=")


async def test_the_rest_of_a_round_cannot_be_read(
    anna: Mailbox, ask: Ask, draft: Draft, march: str, server: GraphServer
) -> None:
    for _ in range(2):
        anna.create(draft())
    server.switches.later_pages = (503, "ErrorServerBusy")
    first = await ask("GET", march, prefer="odata.maxpagesize=1")
    assert first.status == 200
    second = await ask("GET", first.body["@odata.nextLink"])
    assert (second.status, second.code) == (503, "ErrorServerBusy")


async def test_text_bodies_on_the_feed_can_be_switched_off(
    anna: Mailbox, drain: Drain, draft: Draft, march: str, server: GraphServer
) -> None:
    anna.create(draft(body={"contentType": "text", "content": "Hallo"}))
    prefer = 'outlook.body-content-type="text"'
    [event] = (await drain(march, prefer))[0]
    assert event["body"] == {"contentType": "text", "content": "Hallo\r\n"}
    server.switches.delta_text_body = False
    [event] = (await drain(march, prefer))[0]
    assert event["body"]["contentType"] == "html"
