"""What a person filled in and is not valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import CalsyncError

if TYPE_CHECKING:
    from collections.abc import Mapping

MISSING = "is missing"
"""What is wrong with a key that must be filled in and is not."""


class Invalid(CalsyncError):  # noqa: N818 - errors are named as outcomes
    """Nothing was changed. `keys` says what is wrong, by the keys of the form; "" is the whole."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {text}".removeprefix(": ") for key, text in keys.items()))
        self.keys = dict(keys)
