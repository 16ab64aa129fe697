from __future__ import annotations

import pytest

from calsync_exchange_ews.xml import BadXml, clean, make, name, parse, text_of


def test_names_are_spelt_in_full() -> None:
    assert name("t:Subject") == "{http://schemas.microsoft.com/exchange/services/2006/types}Subject"
    assert name("detail") == "detail"


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x y="&b;">&b;</x>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!doctype a [<!ENTITY x SYSTEM "http://169.254.169.254/">]><a>&x;</a>',
        BOMB.decode().encode("utf-16"),
        BOMB.replace(b"<!DOCTYPE", b'<?xml version="1.0" encoding="utf-7"?>+ADw-!DOCTYPE'),
        b"<a>&undeclared;</a>",
        b"<a><b>half",
        b"<a></b>",
        b"",
        b"<html><body>Sign in</body>",
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"\x00" * 100,
    ],
)
def test_what_is_hostile_or_broken_is_refused(body: bytes) -> None:
    with pytest.raises(BadXml):
        parse(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<a>eins&#x11;zwei</a>", "einszwei"),
        (b"<a>eins\x0bzwei&#11;</a>", "einszwei"),
        (b"<a>&#0;&#x0000;&#xD800;&#xFFFE;&#99999999999;gut &#228; &#x1F3E1;</a>", "gut ä 🏡"),
        ("<a>eins\ufffe\uffffzwei</a>".encode(), "einszwei"),
        (b"<a>\xff\xe4</a>", "��"),
        (b"<a>eins&#13;&#10;\tzwei</a>", "eins\r\n\tzwei"),
    ],
)
def test_control_characters_are_left_out(body: bytes, text: str) -> None:
    assert parse(body).text == text


def test_a_very_long_text_is_read() -> None:
    assert len(parse(b"<a>" + b"x" * 11_000_000 + b"</a>").text or "") == 11_000_000


def test_what_xml_cannot_carry_is_not_sent() -> None:
    assert clean("a\x00b\x0bc\ud800d\ufffee\tf\n🏡") == "abcde\tf\n🏡"
    element = make("t:Subject", make("t:Body", text="<b>&\x07"), Id="1")
    assert text_of(element, "t:Body") == "<b>&"
    assert text_of(element, "t:Nothing/t:Here") == ""
