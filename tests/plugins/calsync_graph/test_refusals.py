"""What Graph's error answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from calsync.errors import AccountError, CalsyncError, EventError, LoginError, Retry, UnknownOutcome
from calsync_graph.refusals import Denied, Failed, NoMailbox, Refused, Reply, refusal


def answer(status: int, code: str = "", inner: str | None = None, **extra: Any) -> Reply:
    error: dict[str, Any] = {"code": code, "message": "Termin 'Notar Müller' anna@example.de", **extra}
    if inner is not None:
        error["innerError"] = {"code": inner, "request-id": "1"}
    return Reply(status, {"error": error})


def refused(reply: Reply) -> Refused:
    error = refusal("m365", reply, changes=False)
    assert isinstance(error, Refused)
    return error


@pytest.mark.parametrize(
    ("status", "code", "changes", "expected"),
    [
        (401, "InvalidAuthenticationToken", False, LoginError),
        (403, "ErrorAccessDenied", False, Denied),
        (403, "Authorization_RequestDenied", True, Denied),
        (404, "MailboxNotEnabledForRESTAPI", False, NoMailbox),
        (404, "errorinvaliduser", False, NoMailbox),
        (404, "ErrorItemNotFound", False, Refused),
        (404, "ErrorFolderNotFound", False, AccountError),
        (400, "ErrorInvalidIdMalformed", True, Refused),
        (413, "", True, Refused),
        (507, "quotaLimitReached", True, AccountError),
        (423, "", True, Retry),
        (429, "ApplicationThrottled", True, Retry),
        (509, "", False, Retry),
        (408, "", True, UnknownOutcome),
        (500, "UnknownError", False, Failed),
        (500, "ErrorInternalServerError", True, UnknownOutcome),
        (502, "", True, UnknownOutcome),
        (503, "ErrorServerBusy", True, UnknownOutcome),
        (503, "ErrorServerBusy", False, Failed),
        (504, "", True, UnknownOutcome),
    ],
)
def test_each_status_says_what_to_do_next(
    status: int, code: str, changes: bool, expected: type[CalsyncError]
) -> None:
    error = refusal("m365", answer(status, code), changes=changes)
    assert type(error) is expected
    assert "Müller" not in str(error)
    assert "@" not in str(error)
    assert str(status) in str(error)


def test_what_nobody_translates_is_one_events_failure() -> None:
    assert isinstance(refused(answer(400, "ErrorInvalidProperty")), EventError)


def test_the_innermost_code_counts() -> None:
    assert answer(400, "BadRequest", "ErrorInvalidIdMalformed").code == "ErrorInvalidIdMalformed"
    nested = Reply(400, {"error": {"code": "A", "innererror": {"innererror": {"code": "SyncStateNotFound"}}}})
    assert nested.code == "SyncStateNotFound"


@pytest.mark.parametrize(
    "content", [None, [], "x", {"error": "x"}, {"error": {}}, {"error": {"code": 5}}, {"error": {"code": "ä b"}}]
)
def test_a_body_without_a_code_is_no_obstacle(content: Any) -> None:
    reply = Reply(404, content)
    assert (reply.code, reply.existing_event) == ("", None)
    assert not refused(reply).not_found


@pytest.mark.parametrize(
    ("status", "code", "gone"),
    [
        (404, "ErrorItemNotFound", True),
        (404, "erroritemnotfound", True),
        (410, "ErrorItemNotFound", True),
        (404, "UnknownError", False),
        (410, "", False),
        (400, "ErrorItemNotFound", False),
    ],
)
def test_only_the_servers_own_word_means_gone(status: int, code: str, gone: bool) -> None:
    assert refused(answer(status, code)).not_found is gone


@pytest.mark.parametrize(("status", "conflict"), [(409, True), (412, True), (400, False)])
def test_conflicts(status: int, conflict: bool) -> None:
    assert refused(answer(status, "ErrorIrresolvableConflict")).conflict is conflict


@pytest.mark.parametrize("status", [400, 409])
def test_a_used_transaction_may_name_its_event(status: int) -> None:
    reply = answer(status, "ErrorDuplicateTransactionId", **{"@event.existingEventId": "AAkA1"})
    assert refused(reply).duplicate
    assert reply.existing_event == "AAkA1"
    assert answer(status, "ErrorDuplicateTransactionId").existing_event is None


def test_the_wait_that_a_server_asks_for_is_passed_on() -> None:
    error = refusal("m365", Reply(429, None, 17.0), changes=False)
    assert isinstance(error, Retry)
    assert error.after == 17
