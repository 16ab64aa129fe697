from __future__ import annotations

import re
from pathlib import Path

import pytest

from calsync.errors import (
    AccountError,
    CalsyncError,
    EventError,
    LoginError,
    Lost,
    Retry,
    TokenLost,
    UnknownAddress,
    UnknownOutcome,
)
from calsync.http import Answer
from calsync_exchange_ews import failures
from calsync_exchange_ews.failures import (
    FATES,
    Failed,
    Fate,
    Nonsense,
    UnknownFailure,
    failure,
    fate_of,
    http_failure,
    shown,
)
from calsync_exchange_ews.responses import Reply


@pytest.mark.parametrize(
    ("code", "read", "write"),
    [
        ("ServerBusy", Retry, Retry),
        ("TooManyObjectsOpened", Retry, Retry),
        ("MailboxStoreUnavailable", Retry, UnknownOutcome),
        ("MailboxMoveInProgress", Retry, Retry),
        ("TimeoutExpired", Failed, UnknownOutcome),
        ("InternalServerError", Retry, UnknownOutcome),
        ("InternalServerTransientError", Retry, UnknownOutcome),
        ("InvalidSyncStateData", TokenLost, TokenLost),
        ("SyncFolderNotFound", AccountError, AccountError),
        ("NonExistentMailbox", UnknownAddress, UnknownAddress),
        ("CannotFindUser", UnknownAddress, UnknownAddress),
        ("ImpersonateUserDenied", AccountError, AccountError),
        ("QuotaExceeded", AccountError, AccountError),
        ("ItemCorrupt", EventError, EventError),
        ("AccessDenied", EventError, EventError),
        ("SchemaValidation", EventError, EventError),
        ("IrresolvableConflict", EventError, EventError),
        ("NobodyKnowsThis", EventError, EventError),
        ("", EventError, EventError),
    ],
)
def test_what_is_refused_about_one_item(code: str, read: type[CalsyncError], write: type[CalsyncError]) -> None:
    assert isinstance(failure("exchange", Reply(code), changes=False), read)
    assert isinstance(failure("exchange", Reply(code), changes=True), write)


def test_what_is_refused_about_a_whole_request() -> None:
    assert isinstance(failure("exchange", Reply("AccessDenied"), changes=False, whole=True), AccountError)
    assert isinstance(failure("exchange", Reply("NobodyKnowsThis"), changes=False, whole=True), UnknownFailure)
    assert isinstance(failure("exchange", Reply("NobodyKnowsThis"), changes=True, whole=True), UnknownOutcome)


def test_a_busy_server_may_say_so_inside() -> None:
    reply = Reply("InternalServerError", values={"InnerErrorResponseCode": "ErrorServerBusy"})
    assert fate_of(reply) is Fate.BUSY
    assert isinstance(failure("exchange", reply, changes=True), Retry)


def test_the_server_s_time_is_kept() -> None:
    reply = Reply("ServerBusy", values={"BackOffMilliseconds": "297749"})
    error = failure("exchange", reply, changes=True)
    assert isinstance(error, Retry)
    assert error.after == 297.749
    for text in ("soon", "", "-1", "9" * 5000):
        assert Reply("ServerBusy", values={"BackOffMilliseconds": text}).back_off is None


@pytest.mark.parametrize("code", ["x" * 200, "<b>", "anna@example.de", "a b"])
def test_a_strange_code_is_not_shown(code: str) -> None:
    assert shown(Reply(code)) == "an unknown error"
    assert code not in str(failure("exchange", Reply(code), changes=False))


@pytest.mark.parametrize(
    ("answer", "read", "write"),
    [
        (Answer(503, {}, b""), Retry, UnknownOutcome),
        (Answer(429, {}, b""), Retry, Retry),
        (Answer(302, {"Location": "/ews/GenericErrorPage.htm?x"}, b""), Retry, UnknownOutcome),
        (Answer(500, {}, b"<title>Server Error in '/EWS' Application.</title>"), Retry, UnknownOutcome),
        (Answer(500, {}, b""), Nonsense, UnknownOutcome),
        (Answer(502, {}, b""), Lost, UnknownOutcome),
        (Answer(504, {}, b""), Lost, UnknownOutcome),
        (Answer(400, {}, b""), Nonsense, UnknownOutcome),
        (Answer(302, {"Location": "https://evil.example"}, b""), LoginError, LoginError),
        (Answer(307, {}, b""), LoginError, LoginError),
        (Answer(403, {}, b""), LoginError, LoginError),
        (Answer(404, {}, b""), LoginError, LoginError),
        (Answer(413, {}, b""), EventError, EventError),
    ],
)
def test_what_comes_without_soap(answer: Answer, read: type[CalsyncError], write: type[CalsyncError]) -> None:
    assert type(http_failure("exchange", answer, None, changes=False)) is read
    error = http_failure("exchange", answer, 7.0, changes=True)
    assert type(error) is write
    assert "evil" not in str(error)


def test_every_code_has_one_fate() -> None:
    source = Path(failures.__file__).read_text("utf-8")
    table = source[source.index("_CODES:") : source.index("FATES:")]
    codes = [
        code
        for part in re.findall(r'"""(.*?)"""|: "([\w ]+)"', table, re.DOTALL)
        for code in "".join(part).split()
    ]
    assert sorted(codes) == sorted(FATES)
    assert set(FATES.values()) | {Fate.UNKNOWN} == set(Fate)
    assert set(failures.ADVICE) <= set(FATES)
