"""What calsync may ask: the list itself is tested, as every other test relies on it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calsync_sandbox.graph.allowed import Allowed
from calsync_sandbox.graph.schema import METADATA, Schema

M = "/v1.0/users/anna%40example.de"
PREFER = {"prefer": 'IdType="ImmutableId"'}
CONDITION = {**PREFER, "if-match": 'W/"1"'}
NEW = {
    "subject": "Besichtigung",
    "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "UTC"},
    "responseRequested": False,
    "allowNewTimeProposals": False,
    "transactionId": "t1",
}

SUBSCRIPTION = {
    "changeType": "created,updated,deleted",
    "notificationUrl": "https://calsync.example.de/doorbells/m365",
    "lifecycleNotificationUrl": "https://calsync.example.de/doorbells/m365",
    "resource": "/users/anna@example.de/events",
    "expirationDateTime": "2026-03-03T08:00:00Z",
    "clientState": "secret",
}


@pytest.fixture(scope="module")
def allowed() -> Allowed:
    return Allowed(Schema(requests=True))


def problems(allowed: Allowed, method: str, path: str, body: Any = None, **headers: str) -> list[str]:
    sent = headers or (CONDITION if method in {"PATCH", "DELETE"} else PREFER)
    found = allowed.problems(method, path, sent, b"" if body is None else json.dumps(body).encode())
    return [problem.partition(": ")[2] for problem in found]


def test_what_calsync_asks(allowed: Allowed) -> None:
    assert problems(allowed, "GET", f"{M}/calendarView/delta") == []
    assert problems(allowed, "POST", f"{M}/calendars/c/events", NEW) == []
    assert problems(allowed, "PATCH", f"{M}/calendars/c/events/1", {"subject": "Neu"}) == []
    emptied = {"singleValueExtendedProperties": [{"id": "String {x} Name Own", "value": ""}]}
    assert problems(allowed, "PATCH", f"{M}/calendars/c/events/1", emptied) == []
    assert problems(allowed, "DELETE", f"{M}/events/1") == []
    part = {"id": "1", "method": "GET", "url": f"{M}/events/1?$expand=x".removeprefix("/v1.0"), "headers": PREFER}
    assert problems(allowed, "POST", "/v1.0/$batch", {"requests": [part]}) == []
    assert problems(allowed, "POST", "/v1.0/subscriptions", SUBSCRIPTION) == []
    until = {"expirationDateTime": SUBSCRIPTION["expirationDateTime"]}
    assert problems(allowed, "PATCH", "/v1.0/subscriptions/1", until) == []
    assert problems(allowed, "DELETE", "/v1.0/subscriptions/1") == []


UPDATABLE = [
    "attendees",
    "categories",
    "hideAttendees",
    "importance",
    "isOnlineMeeting",
    "isReminderOn",
    "location",
    "locations",
    "onlineMeetingProvider",
    "recurrence",
    "reminderMinutesBeforeStart",
    "responseRequested",
    "sensitivity",
    "showAs",
    "singleValueExtendedProperties",
    "isDraft",
    "transactionId",
    "extensions",
]
"""The rest of what Microsoft lets a client change."""


@pytest.mark.parametrize("name", UPDATABLE)
def test_a_change_holds_the_synced_fields_alone(allowed: Allowed, name: str) -> None:
    assert problems(allowed, "PATCH", f"{M}/events/1", {name: None})[:1] == [f"writes {name}"]


@pytest.mark.parametrize(
    "name", ["attendees", "isOnlineMeeting", "onlineMeetingProvider", "isDraft", "recurrence"]
)
def test_a_create_names_nobody(allowed: Allowed, name: str) -> None:
    assert f"writes {name}" in problems(allowed, "POST", f"{M}/events", {**NEW, name: None})


def test_a_create_takes_place_where_a_text_says(allowed: Allowed) -> None:
    assert problems(allowed, "POST", f"{M}/events", {**NEW, "location": {"displayName": "Köln"}}) == []
    room = {"displayName": "Raum 2", "locationEmailAddress": "raum@example.de", "locationType": "conferenceRoom"}
    found = problems(allowed, "POST", f"{M}/events", {**NEW, "location": room})
    assert found == ["writes location.locationEmailAddress", "writes location.locationType"]


def test_every_operation_on_an_event_is_refused(allowed: Allowed) -> None:
    operations = json.loads(METADATA.read_text("utf-8"))["operations"]
    bound = {one["name"] for one in operations if one["kind"] == "Action" and one["bind"] == "graph.event"}
    assert bound >= {"accept", "cancel", "decline", "forward", "tentativelyAccept", "permanentDelete"}
    for name in bound:
        for path in (f"{M}/events/1/{name}", f"{M}/events/1/microsoft.graph.{name}"):
            assert problems(allowed, "POST", path, {}) == ["no such request"]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "problem"),
    [
        ("PATCH", f"{M}/events/1", {"subject": "Neu"}, PREFER, "depends on no version"),
        ("DELETE", f"{M}/events/1", None, {**PREFER, "if-match": "*"}, "depends on no version"),
        ("PATCH", f"{M}/events/1", {"subject": 5}, CONDITION, "event.subject: not a string"),
        ("POST", f"{M}/events", {**NEW, "responseRequested": True}, PREFER, "responseRequested is not false"),
        ("POST", f"{M}/events", {**NEW, "transactionId": None}, PREFER, "a create that is repeated would make a"),
        ("GET", f"{M}/events/1", None, {"accept": "x"}, "asks for no immutable ids"),
        ("POST", f"{M}/sendMail", {}, PREFER, "no such request"),
        ("PUT", f"{M}/events/1", {}, CONDITION, "no such request"),
        ("POST", "/v1.0/$batch", {"requests": [{"method": "DELETE", "url": "/x"}]}, PREFER, "a batch holds no"),
        (
            "POST",
            "/v1.0/subscriptions",
            {**SUBSCRIPTION, "includeResourceData": True},
            PREFER,
            "subscribes with inc",
        ),
        ("POST", "/v1.0/subscriptions", {}, PREFER, "subscribes with clientState, or without"),
        ("PATCH", "/v1.0/subscriptions/1", {"notificationUrl": "x"}, PREFER, "subscribes with notificationUrl"),
        ("POST", "/v1.0/subscriptions/1", {}, PREFER, "no such request"),
        ("POST", "/v1.0/$batch", {"requests": ["x"]}, PREFER, "a batch holds no reads alone"),
    ],
)
def test_what_is_not_allowed(
    allowed: Allowed, method: str, path: str, body: Any, headers: dict[str, str], problem: str
) -> None:
    assert any(found.startswith(problem) for found in problems(allowed, method, path, body, **headers))
