"""Several requests in one."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from calsync_sandbox.mailbox import Mailbox

Ask = Callable[..., Awaitable[Any]]
Draft = Callable[..., dict[str, Any]]
Json = dict[str, Any]


def part(number: int, method: str, path: str, **more: Any) -> Json:
    return {"id": str(number), "method": method, "url": f"/users/anna@example.de{path}", **more}


JSON = {"headers": {"Content-Type": "application/json", "Prefer": 'IdType="ImmutableId"'}}


async def test_every_request_has_its_own_answer(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    event_id = anna.create(draft())["id"]
    answer = await ask(
        "POST",
        "/v1.0/$batch",
        {
            "requests": [
                part(1, "GET", f"/events/{event_id}?$select=subject", headers=JSON["headers"]),
                part(2, "POST", "/events", body=draft(subject="Neu"), **JSON),
                part(3, "GET", "/events/AAkAx"),
                part(4, "DELETE", f"/events/{event_id}"),
            ]
        },
    )
    assert answer.status == 200
    by_id = {response["id"]: response for response in answer.body["responses"]}
    assert [by_id[str(number)]["status"] for number in (1, 2, 3, 4)] == [200, 201, 404, 204]
    assert by_id["1"]["body"]["id"] == event_id
    assert by_id["2"]["body"]["subject"] == "Neu"
    assert by_id["3"]["body"]["error"]["code"] == "ErrorItemNotFound"
    assert "body" not in by_id["4"]
    assert list(anna.events) == [by_id["2"]["body"]["id"]]


async def test_a_request_that_depends_on_a_failed_one(anna: Mailbox, ask: Ask) -> None:
    requests = [
        part(1, "GET", "/events/AAkAx"),
        part(2, "GET", "/calendar", dependsOn=["1"]),
        part(3, "GET", "/calendar"),
    ]
    answer = await ask("POST", "/v1.0/$batch", {"requests": requests})
    assert [response["status"] for response in answer.body["responses"]] == [404, 424, 200]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"requests": []},
        {"requests": [part(number, "GET", "/calendar") for number in range(21)]},
        {"requests": [part(1, "GET", "/calendar"), part(1, "GET", "/calendar")]},
        {"requests": ["x"]},
    ],
)
async def test_batches_that_are_refused(anna: Mailbox, ask: Ask, body: Any) -> None:
    assert (await ask("POST", "/v1.0/$batch", body)).status == 400


async def test_a_body_needs_its_content_type(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    answer = await ask("POST", "/v1.0/$batch", {"requests": [part(1, "POST", "/events", body=draft())]})
    assert answer.body["responses"][0]["status"] == 400
    assert anna.events == {}
