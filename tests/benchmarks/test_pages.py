"""The benchmark of the pages still fits the store and the pages: a few accounts, one round, no bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import filled_store, pages

if TYPE_CHECKING:
    import pytest


def test_each_page_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filled_store, "ACCOUNTS", 50)
    monkeypatch.setattr(pages, "ROUNDS", 1)
    found = pages.page_times()
    assert len(found) == len(pages.DATA) + len(pages.PAGES) + len(pages.OTHERS)
    assert pages.page_table(found).count("\n") == len(found)
