"""Notes that a server gives as HTML although text was asked for, as servers of another make may do."""

from __future__ import annotations

from html.parser import HTMLParser

BREAKS = frozenset(
    {"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table"}
)
UNSEEN = frozenset({"head", "style", "script", "title"})


class _Text(HTMLParser):
    """Collects what a reader would see; a block begins a new line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in UNSEEN
        if tag == "br" or (tag in BREAKS and self.lines[-1]):
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in UNSEEN and self._hidden > 0
        if tag in BREAKS and tag != "br" and self.lines[-1]:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            words = " ".join(data.split())
            before = " " if data[:1].isspace() and self.lines[-1] else ""
            self.lines[-1] += before + words + (" " if words and data[-1:].isspace() else "")


def text_of_html(html: str) -> str:
    """Return the text of an HTML document, line by line. Nothing of it is fetched or carried out."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    return "\n".join(" ".join(line.split()) for line in reader.lines)
