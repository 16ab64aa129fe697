"""Requests: headers, tokens, links, batches, and answers that are none of Graph's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from yarl import URL

from calsync.errors import LoginError, Retry, UnknownOutcome
from calsync_graph import client as client_module
from calsync_graph.bodies import Edit
from calsync_graph.client import quoted
from calsync_graph.refusals import Refused

if TYPE_CHECKING:
    from aioresponses import aioresponses as Wire  # noqa: N812

    from calsync.testing import FakeClock
    from calsync_graph.client import Client

GRAPH = "https://graph.microsoft.com"
EVENT = f"{GRAPH}/v1.0/users/a/events/1"
PATH = "/users/a/events/1"
BATCH = f"{GRAPH}/v1.0/$batch"


def sent(wire: Wire, method: str, url: str = EVENT) -> list[dict[str, Any]]:
    """Return the arguments of the requests to an address."""
    return [dict(call.kwargs) for call in wire.requests[method, URL(url, encoded=True)]]


async def test_every_read_says_how_it_wants_ids_times_and_notes(client: Client, wire: Wire) -> None:
    wire.get(EVENT, payload={"id": "1"})
    assert await client.get(PATH, page_size=200) == {"id": "1"}
    (request,) = sent(wire, "GET")
    preferences = request["headers"]["Prefer"].split(", ")
    assert preferences == [
        'IdType="ImmutableId"',
        'outlook.timezone="UTC"',
        'outlook.body-content-type="text"',
        "odata.maxpagesize=200",
    ]
    assert request["headers"]["Authorization"] == "Bearer token-1"
    assert len(request["headers"]["client-request-id"]) == 36
    assert request["headers"]["return-client-request-id"] == "true"


async def test_requests_have_ids_of_their_own(client: Client, wire: Wire) -> None:
    wire.get(EVENT, payload={}, repeat=True)
    for _ in range(2):
        await client.get(PATH)
    first, second = (request["headers"]["client-request-id"] for request in sent(wire, "GET"))
    assert first != second


async def test_writes_name_the_revision(client: Client, wire: Wire) -> None:
    wire.patch(EVENT, payload={"id": "1"})
    wire.delete(EVENT, status=204)
    assert await client.patch(PATH, Edit(subject="Neu"), 'W/"1"') == {"id": "1"}
    await client.delete(PATH, 'W/"1"')
    (patch,), (delete,) = sent(wire, "PATCH"), sent(wire, "DELETE")
    assert patch["data"].decode() == '{"subject":"Neu"}'
    assert patch["headers"]["If-Match"] == delete["headers"]["If-Match"] == 'W/"1"'


async def test_a_refused_token_is_renewed_once(client: Client, wire: Wire) -> None:
    wire.get(EVENT, status=401, payload={"error": {"code": "InvalidAuthenticationToken"}})
    wire.get(EVENT, payload={"id": "1"})
    assert await client.get(PATH) == {"id": "1"}
    assert [one["headers"]["Authorization"] for one in sent(wire, "GET")] == ["Bearer token-1", "Bearer token-2"]


async def test_a_token_that_is_refused_again_stops_the_connection(client: Client, wire: Wire) -> None:
    wire.get(EVENT, status=401, payload={"error": {"code": "InvalidAuthenticationToken"}}, repeat=True)
    with pytest.raises(LoginError, match="m365"):
        await client.get(PATH)
    assert len(sent(wire, "GET")) == 2


@pytest.mark.parametrize(("header", "after"), [({"Retry-After": "70"}, 70), ({}, 60)])
async def test_a_busy_server_says_how_long(
    client: Client, wire: Wire, header: dict[str, str], after: float
) -> None:
    wire.get(EVENT, status=429, headers=header, payload={"error": {"code": "ApplicationThrottled"}})
    with pytest.raises(Retry) as busy:
        await client.get(PATH)
    assert busy.value.after == after


@pytest.mark.parametrize("body", ["", "<html>proxy</html>"])
async def test_a_proxys_page_counts_by_its_status(client: Client, wire: Wire, body: str) -> None:
    wire.get(EVENT, status=404, body=body)
    with pytest.raises(Refused) as refused:
        await client.get(PATH)
    assert not refused.value.not_found
    wire.patch(EVENT, status=502, body=body)
    with pytest.raises(UnknownOutcome):
        await client.patch(PATH, Edit(subject="x"), "r")
    wire.patch(EVENT, status=400, body=body)
    with pytest.raises(Refused):
        await client.patch(PATH, Edit(subject="x"), "r")


@pytest.mark.parametrize("body", ["", "<html>portal</html>", "[]"])
async def test_a_success_without_an_object_is_no_answer(client: Client, wire: Wire, body: str) -> None:
    wire.get(EVENT, body=body)
    with pytest.raises(Retry):
        await client.get(PATH)


async def test_a_write_whose_answer_is_no_json_has_an_unknown_outcome(client: Client, wire: Wire) -> None:
    wire.patch(EVENT, body="<html>portal</html>")
    with pytest.raises(UnknownOutcome):
        await client.patch(PATH, Edit(subject="x"), "r")
    wire.patch(EVENT, status=200, body="")
    assert await client.patch(PATH, Edit(subject="x"), "r") == {}


async def test_pages_follow_the_servers_links_as_they_are(client: Client, wire: Wire) -> None:
    link = f"{GRAPH}/v1.0/users/a/events?$skiptoken=a%2Bb%2F%3D"
    wire.get(f"{GRAPH}/v1.0/users/a/events", payload={"value": [{"id": "1"}], "@odata.nextLink": link})
    wire.get(URL(link, encoded=True), payload={"value": [{"id": "2"}]})
    pages = [page async for page in client.pages("/users/a/events")]
    assert pages == [[{"id": "1"}], [{"id": "2"}]]


async def test_a_link_to_another_host_is_not_followed(client: Client, wire: Wire) -> None:
    link = "https://evil.example/v1.0/users/a/events"
    wire.get(f"{GRAPH}/v1.0/users/a/events", payload={"value": [], "@odata.nextLink": link})
    with pytest.raises(Retry, match="another host"):
        async for _ in client.pages("/users/a/events"):
            pass


async def test_pages_end_some_day(client: Client, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_PAGES", 3)
    url = f"{GRAPH}/v1.0/users/a/events"
    wire.get(url, payload={"value": [], "@odata.nextLink": url}, repeat=True)
    with pytest.raises(Retry, match="no end"):
        async for _ in client.pages("/users/a/events"):
            pass
    assert len(sent(wire, "GET", url)) == 3


async def test_a_read_that_is_answered_with_nothing_is_no_answer(client: Client, wire: Wire) -> None:
    wire.post(BATCH, payload={"responses": [{"id": "0", "status": 200}]})
    with pytest.raises(Retry, match="empty"):
        await client.get_many(["/users/a/events/1"])


@pytest.mark.parametrize("content", [{}, {"value": None}, {"value": ["x"]}])
async def test_a_page_without_a_list_is_no_page(client: Client, wire: Wire, content: Any) -> None:
    wire.get(f"{GRAPH}/v1.0/users/a/events", payload=content)
    with pytest.raises(Retry):
        async for _ in client.pages("/users/a/events"):
            pass


def part(number: int, status: int = 200, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "status": status, "body": {"id": f"e{number}"}, **more}


async def test_many_reads_go_in_twenties_and_come_in_order(client: Client, wire: Wire) -> None:
    wire.post(BATCH, payload={"responses": [part(number) for number in reversed(range(20))]})
    wire.post(BATCH, payload={"responses": [part(0, 404)]})
    replies = await client.get_many([f"/users/a/events/{number}" for number in range(21)])
    assert [reply.content["id"] for reply in replies[:20]] == [f"e{number}" for number in range(20)]
    assert replies[20].status == 404
    first, second = sent(wire, "POST", BATCH)
    assert first["data"].count(b"ImmutableId") == 20
    assert second["data"].count(b"ImmutableId") == 1


@pytest.mark.parametrize(("status", "after"), [(429, 50), (503, 50), (423, None)])
async def test_one_read_that_was_put_off_puts_off_all(
    client: Client, wire: Wire, status: int, after: float | None
) -> None:
    headers = {} if after is None else {"retry-after": str(after)}
    wire.post(BATCH, payload={"responses": [part(0), part(1, status, headers=headers)]})
    with pytest.raises(Retry) as busy:
        await client.get_many(["/users/a/events/1", "/users/a/events/2"])
    assert busy.value.after == after
    wire.get(EVENT, payload={"id": "1"})
    if after is not None:  # the whole connection waits
        with pytest.raises(Retry, match="nothing was sent"):
            await client.get(PATH)


async def test_one_read_that_failed_fails_no_other(client: Client, wire: Wire) -> None:
    wire.post(BATCH, payload={"responses": [part(0), part(1, 500)]})
    replies = await client.get_many(["/users/a/events/1", "/users/a/events/2"])
    assert [reply.status for reply in replies] == [200, 500]


async def test_reads_of_a_batch_that_were_too_many_are_sent_once_more(
    client: Client, wire: Wire, clock: FakeClock
) -> None:
    short = {"headers": {"retry-after": "5"}}
    wire.post(BATCH, payload={"responses": [part(0), part(1, 429, **short), part(2, 429, **short)]})
    wire.post(BATCH, payload={"responses": [part(0), part(1, 404)]})
    reading = asyncio.create_task(client.get_many([f"/users/a/events/{number}" for number in range(3)]))
    await clock.until_sleeping()
    clock.advance(5)
    assert [reply.status for reply in await reading] == [200, 200, 404]
    _, again = sent(wire, "POST", BATCH)
    assert b"events/0" not in again["data"]
    assert again["data"].count(b"ImmutableId") == 2


async def test_reads_that_are_too_many_again_are_put_off(client: Client, wire: Wire, clock: FakeClock) -> None:
    wire.post(BATCH, payload={"responses": [part(0, 429, headers={"retry-after": "5"})]}, repeat=True)
    reading = asyncio.create_task(client.get_many(["/users/a/events/1"]))
    await clock.until_sleeping()
    clock.advance(5)
    with pytest.raises(Retry) as busy:
        await reading
    assert (busy.value.after, len(sent(wire, "POST", BATCH))) == (5, 2)


async def test_a_read_that_is_not_answered_is_no_answer(client: Client, wire: Wire) -> None:
    wire.post(BATCH, payload={"responses": [part(0)]})
    with pytest.raises(Retry):
        await client.get_many(["/users/a/events/1", "/users/a/events/2"])


async def test_no_reads_are_no_request(client: Client, wire: Wire) -> None:
    assert await client.get_many([]) == []
    assert not wire.requests


def test_own_links_are_known(client: Client) -> None:
    assert client.is_own(f"{GRAPH}/v1.0/x?$deltatoken=1")
    assert not client.is_own("https://graph.microsoft.com.evil.example/v1.0/x")
    assert not client.is_own("http://graph.microsoft.com/v1.0/x")


def test_text_in_addresses_is_quoted() -> None:
    assert quoted("a b/c+d='e'") == "a%20b%2Fc%2Bd%3D%27e%27"


async def test_refusals_are_logged_without_text(
    client: Client, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "calsync.graph")
    error = {"code": "ErrorInvalidRequest", "message": "anna@example.de 'Notar'"}
    wire.get(EVENT, status=400, payload={"error": error})
    with pytest.raises(Refused):
        await client.get(PATH)
    assert "ErrorInvalidRequest" in caplog.text
    assert "Notar" not in caplog.text
    assert "token-1" not in caplog.text
