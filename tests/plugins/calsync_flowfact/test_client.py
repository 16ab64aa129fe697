"""What is sent, and what each refusal means. The table stands in `calsync_flowfact.failures`."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from yarl import URL

from calsync.errors import AccountError, CalsyncError, EventError, LoginError, Missing, Retry, UnknownOutcome
from calsync.http import HttpFactory
from calsync.ports import Host
from calsync_flowfact.client import Client
from calsync_flowfact.failures import NoRight, NotFound, Rejected, UnknownShape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aioresponses import aioresponses

    from calsync.testing import FakeClock
    from calsync_flowfact.config import Settings

BASE = "https://crm.example.de"
SIGN_IN = f"{BASE}/admin-token-service/public/adminUser/authenticate"
ENTITY = f"{BASE}/entity-service/schemas/appointments/entities/e1"
CREATE = f"{BASE}/entity-service/schemas/appointments"
SEARCH = f"{BASE}/search-service/schemas/appointments?offset=0&size=5&withCount=true"
TRASH = f"{BASE}/entity-service/recovery/entities?page=1&size=5&schema=appointments"
FIELDS = {"subject": {"values": ["Notar Meier"]}}
NEW = "9b2f0a63-52c1-4a7e-9d52-3f5b7c0f1a11"
ANY = re.compile(".*")


def client_of(settings: Settings, clock: FakeClock) -> Client:
    return Client(settings, Host(connection="ff", clock=clock, random=random.Random(1), http=HttpFactory(clock)))


@pytest.fixture
async def client(settings: Callable[..., Settings], clock: FakeClock, wire: aioresponses) -> AsyncIterator[Client]:
    made = client_of(settings(), clock)
    wire.get(SIGN_IN, body="a.e30.s", repeat=True)
    yield made
    await made.close()


CALLS: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "search": lambda client: client.search({}, 0, 5),
    "get": lambda client: client.get("e1"),
    "trash": lambda client: client.trash(1, 5),
    "users": lambda client: client.users(),
    "create": lambda client: client.create(FIELDS),
    "patch": lambda client: client.patch("appointments", "e1", FIELDS),
    "delete": lambda client: client.delete("appointments", "e1"),
}
LOOKS = ("search", "trash", "users")
CHANGES = ("patch", "delete")
WRITES = ("create", *CHANGES)


def answer(wire: aioresponses, **what: Any) -> None:
    for method in ("GET", "POST", "PATCH", "DELETE"):
        wire.add(re.compile(rf"{BASE}/(?!admin).*"), method, repeat=True, **what)


@pytest.mark.parametrize(
    ("names", "status", "error"),
    [
        (LOOKS, 400, Rejected),
        (LOOKS, 403, NoRight),
        (LOOKS, 404, NotFound),
        (["get"], 403, NoRight),
        (WRITES, 400, EventError),
        (WRITES, 413, EventError),
        (WRITES, 422, EventError),
        (["create"], 403, AccountError),
        (["create"], 404, AccountError),
        (CHANGES, 403, EventError),
        (CHANGES, 404, Missing),
        (CHANGES, 410, Missing),
        (CALLS, 401, LoginError),
        (CALLS, 429, Retry),
        (CALLS, 302, Retry),
        ([*LOOKS, "get"], 408, Retry),
        ([*LOOKS, "get"], 500, Retry),
        ([*LOOKS, "get"], 503, Retry),
        (WRITES, 408, UnknownOutcome),
        (WRITES, 500, UnknownOutcome),
        (WRITES, 502, UnknownOutcome),
        (WRITES, 503, UnknownOutcome),
        (WRITES, 504, UnknownOutcome),
    ],
)
async def test_the_table(
    client: Client, wire: aioresponses, names: list[str], status: int, error: type[CalsyncError]
) -> None:
    headers = {"Retry-After": "90"} if status == 429 else {}
    answer(wire, status=status, payload={"message": "subject of Notar Meier"}, headers=headers)
    for name in names:
        with pytest.raises(error) as caught:
            await CALLS[name](client)
        assert type(caught.value) is error
        assert "a.e30.s" not in str(caught.value)
        if name in WRITES:
            assert "Meier" not in str(caught.value)
        if isinstance(caught.value, Retry) and status == 429:
            assert caught.value.after == 90


async def test_a_refused_event_names_the_fields_that_the_server_speaks_of(
    client: Client, wire: aioresponses
) -> None:
    answer(wire, status=400, payload={"message": "field 'subject' does not take Notar Meier"})
    with pytest.raises(EventError, match=r"HTTP 400, about subject\)"):
        await client.create(FIELDS)


async def test_a_refused_query_says_what_the_server_says(client: Client, wire: aioresponses) -> None:
    answer(wire, status=400, payload={"message": "sort is not supported"})
    with pytest.raises(Rejected, match=r"HTTP 400: sort is not supported"):
        await client.search({}, 0, 5)


@pytest.mark.parametrize("status", [404, 410])
async def test_an_entity_that_is_not_there(client: Client, wire: aioresponses, status: int) -> None:
    wire.get(ENTITY, status=status)
    assert await client.get("e1") is None


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_whose_answer_is_lost(client: Client, wire: aioresponses, name: str) -> None:
    answer(wire, exception=aiohttp.ServerDisconnectedError())
    with pytest.raises(UnknownOutcome):
        await CALLS[name](client)


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_that_was_never_sent(client: Client, wire: aioresponses, name: str) -> None:
    answer(wire, exception=aiohttp.ClientConnectorError(None, OSError("refused")))  # type: ignore[arg-type]
    with pytest.raises(Retry):
        await CALLS[name](client)


@pytest.mark.parametrize(("status", "age"), [(401, 0), (403, 60)])
async def test_a_refused_session_is_exchanged_once(
    settings: Callable[..., Settings], clock: FakeClock, wire: aioresponses, status: int, age: float
) -> None:
    wire.get(SIGN_IN, body="a.e30.s")
    wire.get(SIGN_IN, body="b.e30.s")
    wire.post(CREATE, status=status)
    wire.post(CREATE, body=NEW)
    client = client_of(settings(), clock)
    await client.session_life()
    clock.advance(age)
    assert await client.create(FIELDS) == NEW
    calls = wire.requests["POST", URL(CREATE)]
    assert [call.kwargs["headers"]["cognitoToken"] for call in calls] == ["a.e30.s", "b.e30.s"]
    assert json.loads(calls[0].kwargs["data"].decode()) == FIELDS
    assert len(wire.requests["GET", URL(SIGN_IN)]) == 2
    await client.close()


async def test_what_a_young_session_may_not_do_is_asked_once(
    client: Client, wire: aioresponses, clock: FakeClock
) -> None:
    """An appointment that the API user may not see is asked about at each poll: that must not sign in anew."""
    wire.get(ENTITY, status=403, repeat=True)
    await client.session_life()
    clock.advance(60)
    for _ in range(40):
        with pytest.raises(NoRight):
            await client.get("e1")
    assert len(wire.requests["GET", URL(SIGN_IN)]) == 2
    assert len(wire.requests["GET", URL(ENTITY)]) == 41


@pytest.mark.parametrize(
    "body", [NEW, NEW.upper(), f'"{NEW}"', f" {NEW}\n", f'{{"id": "{NEW}", "_metadata": {{}}}}']
)
async def test_what_a_create_may_answer(client: Client, wire: aioresponses, body: str) -> None:
    wire.post(CREATE, status=201, body=body)
    created = await client.create(FIELDS)
    found = created["id"] if isinstance(created, dict) else created
    assert found in (NEW, NEW.upper())


NO_IDS = [
    *("", "null {}", "<html>", "{}", "{", "[]", '"a b"', "x" * 300, "{}\n", "[" * 100_000),
    *("OK", "null", "true", "200", '"OK"', '{"id": "OK"}', f"urn:uuid:{NEW}", NEW.replace("-", ""), f"{NEW}1"),
]


@pytest.mark.parametrize("body", NO_IDS)
async def test_a_create_without_an_id_is_of_unknown_outcome(client: Client, wire: aioresponses, body: str) -> None:
    """An answer that is taken for an id would be linked to, and be missed at once: as if somebody deleted it."""
    wire.post(CREATE, body=body)
    with pytest.raises(UnknownOutcome):
        await client.create(FIELDS)


@pytest.mark.parametrize(
    ("body", "expected"),
    [("", None), ("null", None), ('{"id": "e2"}', None), ('{"id": "e1"}', {"id": "e1"})],
)
async def test_what_a_patch_may_answer(
    client: Client, wire: aioresponses, body: str, expected: dict[str, str] | None
) -> None:
    wire.patch(ENTITY, body=body)
    assert await client.patch("appointments", "e1", FIELDS) == expected


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("search", "[]"),
        ("search", '{"entries": []}'),
        ("search", '{"entries": 1, "totalCount": 1}'),
        ("search", '{"entries": [{"id": "e1"}], "totalCount": true}'),
        ("search", '{"entries": [{"id": "e1"}, {"id": "e2"}], "totalCount": 1}'),
        ("search", '{"entries": [{"id": "e1"}], "totalCount": 0}'),
        ("search", '{"entries": [null], "totalCount": 0}'),
        ("search", '{"entries": [], "totalCount": -1}'),
        ("search", "<html>"),
        ("trash", '{"entries": [{"entityId": "e1"}], "totalCount": false}'),
        ("trash", '{"entries": [{"entityId": "e1"}], "totalCount": 0}'),
        ("trash", "[]"),
        ("trash", '{"entries": {}}'),
        ("users", "{}"),
        ("get", '{"id": "e2"}'),
        ("get", "[]"),
    ],
)
async def test_an_unknown_shape_is_no_answer(client: Client, wire: aioresponses, name: str, body: str) -> None:
    answer(wire, body=body)
    with pytest.raises(Retry):
        await CALLS[name](client)


async def test_a_number_that_is_less_than_what_was_shown_is_no_answer(client: Client, wire: aioresponses) -> None:
    """A listing that believed it would be told to be complete, and what it left out to be gone."""
    answer(wire, payload={"entries": [{"id": "e6"}], "totalCount": 5})
    with pytest.raises(Retry, match="fewer entries than it shows"):
        await client.search({}, 5, 5)
    assert (await client.search({}, 4, 5)).total == 5


async def test_behind_the_end_there_is_nothing(client: Client, wire: aioresponses) -> None:
    answer(wire, payload={"entries": [], "totalCount": 5})
    assert (await client.search({}, 10_000, 1)).total == 5


async def test_a_schema_of_unknown_shape_is_no_answer(client: Client, wire: aioresponses) -> None:
    answer(wire, body="[]")
    with pytest.raises(Retry):
        await client.schema()


async def test_a_search(client: Client, wire: aioresponses) -> None:
    entries = [{"id": "e1"}, {"_metadata": {"id": "e2"}}, {"id": ""}, None]
    headers = {"Date": "Mon, 04 May 2026 12:00:00 GMT"}
    wire.post(SEARCH, payload={"entries": entries, "totalCount": 9}, headers=headers)
    hits = await client.search({"target": "ENTITY"}, 0, 5)
    assert (hits.entities, hits.total, hits.at) == (tuple(entries[:2]), 9, 1777896000000)
    (call,) = wire.requests["POST", URL(SEARCH)]
    assert call.kwargs["headers"]["Accept-Language"] == "de"
    assert json.loads(call.kwargs["data"]) == {"target": "ENTITY"}


@pytest.mark.parametrize("date", [None, "", "soon", f"Mon, 01 Jan {10**20} 00:00:00 GMT"])
async def test_a_server_may_not_tell_its_time(client: Client, wire: aioresponses, date: str | None) -> None:
    headers = {} if date is None else {"Date": date}
    wire.post(SEARCH, payload={"entries": [], "totalCount": 0}, headers=headers)
    assert (await client.search({}, 0, 5)).at is None


async def test_a_page_of_the_trash(client: Client, wire: aioresponses) -> None:
    entity = {"id": "e1", "_metadata": {"createdTimestamp": 1770000000}, "assignee": {"values": ["anna"]}}
    entries = [
        {"content": entity, "entityId": "e1", "deletedAt": 1770000001000},
        {"entityId": "e2", "deletedAt": 1770000000000},
        {"content": {"id": "e3"}},
        {"deletedAt": 5},
        None,
    ]
    wire.get(TRASH, payload={"entries": entries, "totalCount": 5})
    page = await client.trash(1, 5)
    first, second, third = page.entries
    assert (first.id, first.deleted, first.created, first.owners) == (
        "e1",
        1770000001000,
        1770000000000,
        frozenset({"anna"}),
    )
    assert (second.id, second.owners, third.id, third.deleted, third.owners) == ("e2", None, "e3", 0, frozenset())
    assert page.total == 5


async def test_ids_are_quoted_and_prefixes_put_behind_the_service(
    settings: Callable[..., Settings], clock: FakeClock, wire: aioresponses
) -> None:
    client = client_of(settings(path_prefix="stable", schema="gruppe", write_schema="termine"), clock)
    wire.get(f"{BASE}/admin-token-service/stable/public/adminUser/authenticate", body="a.e30.s")
    wire.get(URL(f"{BASE}/entity-service/stable/entities/a%2Fb", encoded=True), status=404)
    wire.delete(URL(f"{BASE}/entity-service/stable/schemas/x/entities/..%2Fe", encoded=True))
    assert await client.get("a/b") is None
    await client.delete("x", "../e")
    await client.close()


async def test_the_small_services(client: Client, wire: aioresponses) -> None:
    wire.get(f"{BASE}/user-service/users/currentUser", payload={"id": "api"})
    wire.get(f"{BASE}/user-service/users?userType=USER%2CAPI", payload=[{"id": "u"}, 7])
    wire.get(f"{BASE}/company-service/company", payload={"companyName": "Muster"})
    wire.get(f"{BASE}/nylas-service/config", payload={"emails": [{"email": "a@b.de"}, None]})
    wire.get(f"{BASE}/schema-service/v2/schemas/appointments", payload={"properties": {"subject": {}}})
    assert await client.current_user() == {"id": "api"}
    assert await client.users() == [{"id": "u"}]
    assert await client.company() == "Muster"
    assert await client.mail_accounts() == [{"email": "a@b.de"}]
    assert await client.schema() == {"subject": {}}
    (call,) = wire.requests["GET", URL(f"{BASE}/user-service/users/currentUser")]
    assert call.kwargs["headers"]["x-ff-version"] == "2"


async def test_small_services_in_other_shapes(client: Client, wire: aioresponses) -> None:
    answer(wire, payload=[])
    assert await client.current_user() == {}
    assert await client.company() == ""


@pytest.mark.parametrize("body", ["[]", '{"error": "x"}', '{"emails": null}', '{"emails": {}}', "null"])
async def test_a_mail_configuration_without_mailboxes_says_nothing(
    client: Client, wire: aioresponses, body: str
) -> None:
    """That it is off must be told, not missed."""
    answer(wire, body=body)
    with pytest.raises(UnknownShape):
        await client.mail_accounts()
