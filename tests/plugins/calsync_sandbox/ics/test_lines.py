from __future__ import annotations

import pytest

from calsync.errors import ConfigError
from calsync_sandbox.ics.lines import Component, read, unescape


def event_of(*lines: bytes) -> Component:
    content = b"\r\n".join([b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", *lines, b"END:VEVENT", b"END:VCALENDAR", b""])
    return read(content, "a.ics")[0].components[0]


def test_properties_have_name_parameters_value_and_line() -> None:
    event = event_of('attendee;CN="Groß; Karl: Makler";ROLE=REQ-PARTICIPANT:mailto:karl@example.de'.encode())
    prop = event.properties[0]
    assert (prop.name, prop.value, prop.line) == ("ATTENDEE", "mailto:karl@example.de", 3)
    assert prop.parameters == {"CN": "Groß; Karl: Makler", "ROLE": "REQ-PARTICIPANT"}


def test_folds_even_inside_a_character() -> None:
    folded = "SUMMARY:Müller".encode()
    event = event_of(folded[:10], b" " + folded[10:])
    assert event.text("SUMMARY") == "Müller"


def test_mozilla_folds_before_parameters_and_value() -> None:
    event = event_of(b"DTSTART", b" ;VALUE=DATE", b" :20030109")
    assert (event.properties[0].parameters, event.properties[0].value) == ({"VALUE": "DATE"}, "20030109")


def test_empty_lines_and_comments_behind_the_end_are_nothing() -> None:
    content = b"BEGIN:VCALENDAR\nVERSION\n\n :2.0\n\nEND:VCALENDAR\nX-COMMENT:cached\n"
    (calendar,) = read(content, "a.ics")
    assert calendar.text("VERSION") == "2.0"


def test_a_line_that_was_not_folded_belongs_to_the_value_before() -> None:
    event = event_of(b"DESCRIPTION:Erste Zeile", b"zweite Zeile, ohne Einzug")
    assert event.text("DESCRIPTION") == "Erste Zeile\nzweite Zeile, ohne Einzug"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(encoding: str) -> None:
    text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Grüße\nEND:VEVENT\nEND:VCALENDAR\n"
    assert read(text.encode(encoding), "a.ics")[0].components[0].text("SUMMARY") == "Grüße"


def test_old_windows_encoding_beside_utf_8() -> None:
    event = event_of("SUMMARY:Grüße".encode("cp1252"), "LOCATION:Köln".encode())
    assert (event.text("SUMMARY"), event.text("LOCATION")) == ("Grüße", "Köln")


def test_quoted_printable_of_old_phones() -> None:
    event = event_of(b"SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:K=C3=B6ln am=", b" Rhein")
    assert event.text("SUMMARY") == "Köln am Rhein"


def test_escapes() -> None:
    assert unescape(r"a\, b\; c\\n\nd\Ne") == "a, b; c\\n\nd\ne"


def test_the_first_property_that_says_anything_counts() -> None:
    assert event_of(b"SUMMARY:", b"SUMMARY:Notar").text("SUMMARY") == "Notar"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "a.ics:1: no BEGIN:VCALENDAR"),
        (b"hello\n", "a.ics:1: this is no calendar line"),
        (b"\n<html>\n", "a.ics:2: this is no calendar line"),
        (b"SUMMARY:x\n", "a.ics:1: expected BEGIN:VCALENDAR"),
        (b"BEGIN:VEVENT\n", "a.ics:1: BEGIN:VEVENT outside"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\n", "a.ics:3: the file ends inside VEVENT of line 2"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", "a.ics:3: END:VCALENDAR inside VEVENT of line 2"),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR\n", "a.ics:3: END:VCALENDAR without its BEGIN"),
    ],
)
def test_a_broken_file_is_told_with_its_line(content: bytes, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(content, "a.ics")
    assert caught.value.problems[0].startswith(told)
    assert len(caught.value.problems) == 1
