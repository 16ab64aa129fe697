"""What is taken for a notification, of all that anybody may send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.ports import Call
from calsync.web.doorbells import MAX_CALL_BYTES
from calsync_graph.notifications import Notification, notifications

CHANGE = {
    "subscriptionId": "s1",
    "subscriptionExpirationDateTime": "2026-03-03T08:00:00Z",
    "clientState": "secret",
    "changeType": "updated",
    "resource": "Users/u/Events/e",
    "tenantId": "t",
    "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "id": "e"},
}


def call(body: Any, content_type: str = "application/json") -> Call:
    return Call({}, content_type, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_changes_and_lives_are_told_apart() -> None:
    told = notifications(call({"value": [CHANGE, CHANGE | {"lifecycleEvent": "missed"}]}))
    assert told == [Notification("s1", "secret", ""), Notification("s1", "secret", "missed")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        [],
        [CHANGE],
        {},
        {"value": None},
        {"value": CHANGE},
        {"value": ["s1", None, 7, [CHANGE]]},
        {"value": [{"clientState": "secret"}]},
        {"value": [{"subscriptionId": "s1"}]},
        {"value": [CHANGE | {"clientState": None}]},
        {"value": [CHANGE | {"subscriptionId": ["s1"]}]},
        {"value": [CHANGE | {"lifecycleEvent": {"x": 1}}]},
        {"value": [CHANGE, None]},
        {"value": [CHANGE | {"clientState": "\ud800"}]},
    ],
)
def test_what_is_no_notification_is_left_out(body: Any) -> None:
    assert notifications(call(body)) == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "text/html", ""])
def test_what_does_not_come_as_json_is_left_out(content_type: str) -> None:
    assert notifications(call({"value": [CHANGE]}, content_type)) == []


@given(st.binary(max_size=200))
def test_no_bytes_raise(body: bytes) -> None:
    assert notifications(call(body)) == []


def test_all_subscriptions_may_be_told_of_in_one_call() -> None:
    most = call({"value": [CHANGE] * (MAX_CALL_BYTES // len(json.dumps(CHANGE)) - 80)})
    assert MAX_CALL_BYTES * 0.9 < len(most.body) <= MAX_CALL_BYTES
    assert len(notifications(most)) > 3000


def test_a_large_call_that_tells_nothing_is_left_out() -> None:
    hostile = b'{"value":[' + b'{"":[' * 100 + b"0" + b"]}" * 100 + b',{"a":1.5e300}' * 70_000 + b"]}"
    assert notifications(call(hostile)) == []


@pytest.mark.parametrize(
    ("state", "known"), [("secret", True), ("Secret", False), ("", False), ("ß", False), ("\0", False)]
)
def test_only_the_secret_itself_proves_whom_it_is_from(state: str, known: bool) -> None:
    told = notifications(call({"value": [CHANGE | {"clientState": state}]}))
    assert [one.is_from("secret") for one in told] == [known]
