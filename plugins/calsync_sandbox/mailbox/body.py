"""How Exchange keeps notes: as HTML. Plain text becomes HTML when written, and text again when read."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from html.parser import HTMLParser

_HEAD = (
    '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    '<meta name="Generator" content="Microsoft Exchange Server">\r\n<!-- converted from text -->'
    "<style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; } -->"
    '</style></head>\r\n<body>\r\n<font size="2"><span style="font-size:11pt;"><div class="PlainText">'
)
_TAIL = "</div></span></font>\r\n</body>\r\n</html>\r\n"
_BREAK = "<br>\r\n"
_BLANKS = re.compile(r"(?m)^ +| {2,}")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_BLOCKS = frozenset(
    {"p", "div", "li", "tr", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "pre", "hr"}
)
_UNSEEN = frozenset({"head", "style", "script", "title"})
_TEAMS = (
    '<div class="me-email-text" lang="en-US"><hr>Microsoft Teams-Besprechung<br>\r\n'
    '<a href="{url}" id="meet_invite_block.action.join_link">An der Besprechung teilnehmen</a><br>\r\n{url}</div>'
)


def from_text(text: str) -> str:
    """Return the HTML that plain text is stored as. Runs of blanks are kept as no-break spaces."""
    escaped = html.escape(text.replace("\r\n", "\n").replace("\r", "\n"), quote=False)
    kept = _BLANKS.sub(lambda run: "&nbsp;" * len(run[0]), escaped)
    return _HEAD + kept.replace("\n", _BREAK) + _TAIL


@lru_cache(maxsize=4096)
def to_text(content: str) -> str:
    """Return HTML as plain text: CR LF between lines and at the end, no-break spaces where blanks were kept."""
    if content.startswith(_HEAD) and content.endswith(_TAIL):
        inner = content.removeprefix(_HEAD).removesuffix(_TAIL)
        text = html.unescape(inner.replace(_BREAK, "\r\n"))
    else:
        text = _Reader.read(content)
    return text + "\r\n" if text else ""


def with_join_block(content: str, url: str) -> str:
    """Add the block with the join link that makes an event an online meeting."""
    block = _TEAMS.format(url=html.escape(url))
    head, end, tail = content.rpartition("</body>")
    return head + block + end + tail if end else content + block


def has_join_block(content: str, url: str) -> bool:
    return html.escape(url) in content


class _Reader(HTMLParser):
    """Reads HTML that a person's program wrote."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._unseen = 0

    @classmethod
    def read(cls, content: str) -> str:
        reader = cls()
        reader.feed(content)
        reader.close()
        lines = "".join(reader._parts).split("\n")
        return "\r\n".join(line.strip(" ") for line in lines).strip("\r\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._parts.append("\n")
        elif tag in _BLOCKS:
            self._new_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self._new_line()

    def handle_data(self, data: str) -> None:  # the parser's own name for it
        text = _SPACE.sub(" ", data)
        between_blocks = text == " " and (not self._parts or self._parts[-1].endswith("\n"))
        if not self._unseen and not between_blocks:
            self._parts.append(text)

    def _new_line(self) -> None:
        if self._parts and not self._parts[-1].endswith("\n"):
            self._parts.append("\n")
