"""No link of the documentation is dead, also on pages that Sphinx does not build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import BLOCK, PAGES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,4} (.+)$", re.MULTILINE)


def links(page: Path) -> list[str]:
    """Return where the links of a page lead, without those to other servers."""
    found = LINK.findall(BLOCK.sub("", page.read_text("utf-8")))
    return [link for link in found if "://" not in link and not link.startswith("mailto:")]


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings, as GitHub and MyST make them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-")
        for heading in HEADING.findall(BLOCK.sub("", page.read_text("utf-8")))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_somewhere(page: Path) -> None:
    dead = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def test_other_servers_are_asked_over_https_alone() -> None:
    addresses = {link for page in PAGES for link in LINK.findall(page.read_text("utf-8")) if "://" in link}
    assert [address for address in addresses if not address.startswith("https://")] == []
