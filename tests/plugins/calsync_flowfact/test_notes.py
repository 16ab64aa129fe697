from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.sync.model import normal_text
from calsync_flowfact.notes import from_html, to_html


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_comes_back(text: str) -> None:
    text = normal_text(text)
    assert normal_text(from_html(to_html(text))) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("<p>eins</p><p>zwei</p>", "eins\nzwei"),
        ("<div>eins<div>zwei</div>drei</div>", "eins\nzwei\ndrei"),
        ("eins<br>zwei<br/><br>vier", "eins\nzwei\n\nvier"),
        ("<ul>\n  <li>eins</li>\n  <li>zwei</li>\n</ul>", "eins\nzwei"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("viel    Platz\n\n hier", "viel Platz hier"),
        ("a&nbsp;&nbsp;b &amp; &lt;c&gt; &Uuml;", "a  b & <c> Ü"),
        ("<b>fett</b> und <i>schräg</i>", "fett und schräg"),
        ('<a href="https://example.de">Link</a>', "Link"),
        ("<script>alert(1)</script><style>p{}</style>Text", "Text"),
        ("<!-- weg -->Text", "Text"),
        ("Text < 5 & mehr", "Text < 5 & mehr"),
        ('<p title="a>b">x</p>', "x"),
        ("<p title='5\" x>eins</p>", "eins"),
        ("<!DOCTYPE html><html><head><title>weg</title></head><body>da</body></html>", "da"),
        ("a <b", "a <b"),
        ("&#9;eingerückt", "\teingerückt"),
        ("<p>offen<div>auch", "offen\nauch"),
        ("eins\u2028zwei&#8233;drei\x85vier", "eins\nzwei\ndrei\nvier"),
    ],
)
def test_what_people_format_is_read_as_text(markup: str, text: str) -> None:
    assert normal_text(from_html(markup)) == text


def test_text_is_written_without_markup_of_its_own() -> None:
    assert to_html("5 < 6 & <b>\n  ein") == "5 &lt; 6 &amp; &lt;b&gt;<br>&nbsp; ein"


@pytest.mark.parametrize(
    "hostile", ["<div>", "<div ", '<a "', "<a '\"", "<!--", "<!", "<script>", "&", "&amp;lt;", "<b></p>"]
)
def test_hostile_notes_are_read_at_once(hostile: str) -> None:
    """A parser that takes a time which grows with the square would be at this for minutes."""
    assert from_html(f"tief{hostile * 200_000}").startswith("tief")
