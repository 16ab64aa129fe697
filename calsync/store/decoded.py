"""What was decoded lately: an account is read whole in every run, and hardly anything has changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Decoded(Generic[T]):
    """Decodes texts, and keeps what it made of them, with so many characters of text at most.

    Notes may be long, so texts are not counted but measured. Those that were asked for last are kept: when half of
    the measure is used up, what is older than this half, and was not asked for since, is forgotten. Threads may
    share it: what two of them decode or forget at the same moment is only decoded once more.
    """

    def __init__(self, decode: Callable[[str], T], characters: int) -> None:
        self._decode = decode
        self._half = characters // 2
        self._lately: dict[str, T] = {}
        self._before: dict[str, T] = {}
        self._used = 0
        """The characters of `_lately`."""

    def __call__(self, text: str) -> T:
        found = self._lately.get(text)
        if found is None:
            found = self._before.get(text)
            if found is None:
                found = self._decode(text)
            self._keep(text, found)
        return found

    def __len__(self) -> int:
        """Return how many texts are kept."""
        return len(self._lately.keys() | self._before.keys())

    def _keep(self, text: str, value: T) -> None:
        if len(text) > self._half:
            return
        if self._used + len(text) > self._half:
            self._before, self._lately, self._used = self._lately, {}, 0
        self._lately[text] = value
        self._used += len(text)
