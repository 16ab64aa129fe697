"""What is told of what a server says."""

from __future__ import annotations

import json

import pytest

from calsync.http import Answer, plain_message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message": "Unknown field"}', "Unknown field"),
        (b'{"description": "", "detail": "too\\n long"}', "too long"),
        (b'{"error": {"code": "x", "message": "No rights"}}', "No rights"),
        (b'{"message": "value \\"Notar Meier\\" of anna@example.de is bad"}', "value … of … is bad"),
        ('{"message": "Wert „Notar Meier“ ist falsch"}'.encode(), "Wert … ist falsch"),
        (b'{"message": "token eyJhbGciOiJIUzI1NiJ9.e30.abcdefghijk expired"}', "token … expired"),
        (b'{"message": "\\u001b[31mred"}', ""),
        (json.dumps({"message": "x " * 300}).encode(), ""),
        (b'{"message": 7}', ""),
        (b'["message"]', ""),
        (b"<html>", ""),
    ],
)
def test_what_a_server_says(body: bytes, message: str) -> None:
    assert plain_message(Answer(400, {}, body)) == message
