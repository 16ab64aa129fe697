from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.sync.model import normal_line, normal_text
from calsync_sandbox.judge.text import same_notes, same_summary, text_of_html
from calsync_sandbox.mailbox.body import from_text, to_text, with_join_block

AWKWARD = [
    "",
    "Schlüssel beim Hausmeister",
    "eins\r\nzwei\rdrei\n\n",
    "  eingerückt\n\tTabulator\n zwei  Leerzeichen",
    "<b>Markup</b> &amp; &lt;nicht&gt; &#65; <br> <!-- Kommentar -->",
    "Emoji 👩‍👩‍👧 und Flagge 🇩🇪",
    "a\u00a0b",
    "a\vb\fc\x85d\u2028e\u2029f",
    "ends </div></span></font>",
]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\u00a0b", "a b"),
        ("a\x00\x1b\x96\ufeffb", "ab"),
        ("a\vb\fc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf"),
        ("a\tb  \n c \t\n", "a\tb\n c"),
        ("\n\n \na\n\nb\n \n", "a\n\nb"),
        ("<b>Müller & 🏡</b>", "<b>Müller & 🏡</b>"),
        ("lone \ud800 surrogate", "lone  surrogate"),
    ],
)
def test_when_notes_are_the_same(text: str, same: str) -> None:
    assert same_notes(text) == same


def test_when_summaries_are_the_same() -> None:
    assert same_summary("  Besichtigung \r\n Müller\u00a0 5\t") == "Besichtigung Müller 5"
    assert same_summary("Besichtigung\vMüller\u20285") == "Besichtigung Müller 5"


@given(st.text(st.sampled_from("a \t\r\n\v\f\x00\x1c\x85\x96\xa0\u2028\u2029\ufeff\ud800ü")) | st.text())
def test_the_judge_and_calsync_mean_the_same_rule(text: str) -> None:
    assert same_notes(text) == normal_text(text)
    assert same_summary(text) == normal_line(text)


@pytest.mark.parametrize("text", AWKWARD)
def test_plain_notes_that_a_mailbox_stored_as_html(text: str) -> None:
    assert same_notes(text_of_html(from_text(text))) == same_notes(text)


@pytest.mark.parametrize(
    "content",
    [
        "<p>Grüße</p><p>aus&nbsp;Köln</p>",
        "<html><head><style>p { color: red }</style></head><body><div>eins<br>zwei</div><div>drei</div>",
        "<ul><li>eins</li>\n<li>zwei</li></ul>Ende",
        "ohne <b>alles</b>\r\n  fließend",
        "<div><div>ein <i>Block</i></div></div><hr>danach",
        "<p>a &lt; b &amp; c</p><!-- weg --><script>weg()</script>",
        with_join_block(from_text("Tagesordnung\n1. Preise"), "https://teams.example/l/1"),
    ],
)
def test_html_notes_read_as_the_mailbox_gives_them_as_text(content: str) -> None:
    assert same_notes(text_of_html(content)) == same_notes(to_text(content))
