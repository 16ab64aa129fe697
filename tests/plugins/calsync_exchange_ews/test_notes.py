from __future__ import annotations

import pytest

from calsync.sync.model import normal_text
from calsync_exchange_ews.notes import text_of_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<html><head><style>p {}</style></head><body><p>eins</p><p>zwei</p></body></html>", "eins\nzwei"),
        ("eins<br>zwei<br/><br>vier", "eins\nzwei\n\nvier"),
        ("<div>5 &lt; 6 &amp; <b>fett</b> und  \n viele&nbsp;Blanks</div>", "5 < 6 & fett und viele Blanks"),
        ("<script>alert(1)</script><p onclick=x>gut", "gut"),
        ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb"),
        ("kein HTML", "kein HTML"),
        ("", ""),
        ("</style><p>gut</p>", "gut"),
        ("<![if x]><p>gut</p><![endif]><!-- nicht -->", "gut"),
        ("<div>" * 50_000 + "tief", "tief"),
    ],
)
def test_a_reader_sees_text(html: str, text: str) -> None:
    assert normal_text(text_of_html(html)) == text


@pytest.mark.parametrize(
    "hostile", ["<div>", "<div ", '<a "', "<a '\"", "<!--", "<!", "<script>", "&", "&amp;lt;", "<b></p>", "<br>x"]
)
def test_hostile_notes_are_read_at_once(hostile: str) -> None:
    """A parser that takes a time which grows with the square would be at this for minutes."""
    assert text_of_html(f"tief{hostile * 200_000}").startswith("tief")
