import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync_sandbox.mailbox.body import from_text, to_text


@given(st.text(st.characters(exclude_characters="\r\u00a0", codec=None)))
def test_text_comes_back_as_it_was_written(text: str) -> None:
    read = to_text(from_text(text))
    assert read.replace("\r\n", "\n").replace("\u00a0", " ") == (text + "\n" if text else "")


def test_leading_and_doubled_blanks_come_back_as_no_break_spaces() -> None:
    assert to_text(from_text("  a  b c\n d")) == "\u00a0\u00a0a\u00a0\u00a0b c\r\n\u00a0d\r\n"


def test_line_ends_become_one_kind() -> None:
    assert to_text(from_text("a\r\nb\rc")) == "a\r\nb\r\nc\r\n"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>Guten Tag,</p>\n<p>bis <b>morgen</b>!</p>", "Guten Tag,\r\nbis morgen!\r\n"),
        ("a<br>b<br/><br>c", "a\r\nb\r\n\r\nc\r\n"),
        (
            "<html><head><title>x</title><style>p {}</style></head><body>K&uuml;che &amp; Bad</body></html>",
            "Küche & Bad\r\n",
        ),
        ("<ul><li>eins</li><li>zwei</li></ul>", "eins\r\nzwei\r\n"),
        ("<div>a\n   b</div></style>c", "a b\r\nc\r\n"),
    ],
)
def test_html_of_other_programs(html: str, text: str) -> None:
    assert to_text(html) == text
