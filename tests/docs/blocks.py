"""The blocks of the documentation: what stands between fences, by its language."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>[^\s]*)(?: file=(?P<file>\S+))?[^\n]*\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


class Snippet(NamedTuple):
    """A block of a page."""

    page: str
    place: str
    """The page with the line."""
    language: str
    file: str | None
    """What it is the content of, in a guide that tests/test_tutorial.py follows."""
    text: str


def snippets(*languages: str) -> Iterator[Snippet]:
    """Yield the blocks of these languages; of all where none is named."""
    for path in PAGES:
        text, page = path.read_text("utf-8"), str(path.relative_to(ROOT))
        for block in BLOCK.finditer(text):
            line = text[: block.start()].count("\n") + 1
            if not languages or block["language"] in languages:
                yield Snippet(
                    page, f"{page}:{line}", block["language"], block["file"], textwrap.dedent(block["text"])
                )


def typed(snippet: Snippet) -> Iterator[str]:
    """Yield what people type of a block, each command on one line, without comments of its own line."""
    joined = snippet.text.replace("\\\n", " ")
    for line in joined.splitlines():
        if (snippet.language == "console" and not line.startswith("$ ")) or (
            not snippet.language and line.startswith(" ")
        ):
            continue  # what is printed
        command = line.removeprefix("$ ").strip()
        if command and not command.startswith("#"):
            yield command
