"""What a refusal demands of the next token."""

from __future__ import annotations

import base64

import pytest

from calsync.http import Answer
from calsync.signin import claims_of

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'


def refused(*lines: str) -> Answer:
    return Answer(
        401, {("WWW-Authenticate", "www-authenticate")[number]: line for number, line in enumerate(lines)}, b""
    )


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("value", [encoded(CLAIMS), encoded(CLAIMS).rstrip("=")])
def test_the_claims_are_found(value: str) -> None:
    line = f'Bearer realm="", client_id="0", error="insufficient_claims", claims="{value}"'
    assert claims_of(refused("Negotiate", line)) == CLAIMS


@pytest.mark.parametrize(
    "line",
    [
        'Bearer realm="", error="invalid_token"',
        'Bearer claims=""',
        'Bearer claims="%%%"',
        f'Bearer claims="{encoded("no JSON")}"',
        f'Bearer claims="{encoded("[1]")}"',
        f'Bearer claims="{encoded(chr(34) + "text" + chr(34))}"',
        'Bearer claims="' + encoded('{"access_token": 1}') + '"',
        'Bearer claims="A"',
    ],
)
def test_what_is_not_clear_demands_nothing(line: str) -> None:
    assert claims_of(refused(line)) is None
    assert claims_of(refused()) is None
