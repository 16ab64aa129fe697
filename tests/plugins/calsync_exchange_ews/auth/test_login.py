from __future__ import annotations

import pytest
from multidict import CIMultiDict

from calsync.http import Answer
from calsync_exchange_ews.auth.login import challenge, offered


def answer(*lines: str, body: bytes = b"") -> Answer:
    return Answer(401, CIMultiDict([("WWW-Authenticate", line) for line in lines]), body)


@pytest.mark.parametrize(
    ("lines", "schemes"),
    [
        (["Negotiate", "NTLM"], ["negotiate", "ntlm"]),
        (["Negotiate, NTLM"], ["negotiate", "ntlm"]),
        (['Basic realm="a, NTLM b", NTLM'], ["basic", "ntlm"]),
        (["NTLM TlRMTVNTUAAC=="], ["ntlm"]),
        (
            ['Bearer client_id="1", trusted_issuers="00000001@*", token_types="app", authorization_uri="x"'],
            ["bearer"],
        ),
        ([""], []),
        ([], []),
    ],
)
def test_schemes_stand_in_one_header_or_in_several(lines: list[str], schemes: list[str]) -> None:
    assert [
        name for name in offered(answer(*lines)) if name in {"basic", "bearer", "negotiate", "ntlm"}
    ] == schemes


def test_a_challenge_stands_behind_its_scheme() -> None:
    assert challenge(answer("Negotiate", "NTLM TlRM/+=="), "NTLM") == "TlRM/+=="
    assert challenge(answer("Negotiate, NTLM TlRM"), "NTLM") == "TlRM"
    assert challenge(answer("Negotiate", "NTLM"), "NTLM") is None
