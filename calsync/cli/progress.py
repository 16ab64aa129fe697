"""A progress bar for long work on a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

WIDTH = 30


class ProgressBar:
    """One line for all accounts together; redrawn only when it looks different."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._accounts: dict[str, tuple[int, int]] = {}
        self._shown = ""

    def __call__(self, account: str, done: int, total: int) -> None:
        """Take in that `done` of `total` operations of an account are carried out."""
        self._accounts[account] = done, total
        all_done, all_total = (sum(numbers) for numbers in zip(*self._accounts.values(), strict=True))
        percent = 100 * all_done // all_total if all_total else 100
        filled = WIDTH * percent // 100
        shown = f"[{'#' * filled}{'-' * (WIDTH - filled)}] {percent:3} % of {all_total}"
        if shown != self._shown:
            self._draw(shown)

    def close(self) -> None:
        """Wipe the line away."""
        if self._shown:
            self._draw("")
            self._stream.write("\r")
            self._stream.flush()

    def _draw(self, text: str) -> None:
        self._stream.write(f"\r{text.ljust(len(self._shown))}")
        self._stream.flush()
        self._shown = text


def progress_bar() -> ProgressBar | None:
    """Return a progress bar on standard error where that is a terminal, else None."""
    return ProgressBar(sys.stderr) if sys.stderr.isatty() else None
