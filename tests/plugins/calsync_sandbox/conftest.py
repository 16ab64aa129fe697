from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def draft() -> Callable[..., dict[str, Any]]:
    """Return the body of a create: one hour on 2 March 2026 in Berlin; keywords add to it."""

    def make(**more: Any) -> dict[str, Any]:
        return {
            "subject": "Besichtigung Gartenstraße",
            "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "W. Europe Standard Time"},
            "end": {"dateTime": "2026-03-02T10:00:00", "timeZone": "W. Europe Standard Time"},
        } | more

    return make
