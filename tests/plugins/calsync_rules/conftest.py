from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import Event, Timed

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def make_event() -> Callable[..., Event]:
    """Return a function that makes a viewing of an hour, with the fields given otherwise."""

    def make(**fields: Any) -> Event:
        usual: dict[str, Any] = {
            "summary": "Besichtigung Lindenstraße 5",
            "description": "Schlüssel beim Hausmeister",
            "when": Timed(START, START + timedelta(hours=1)),
        }
        return Event(**(usual | fields))

    return make
