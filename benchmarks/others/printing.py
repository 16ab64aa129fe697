"""How a reader tells what it has read, and what that has cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.cost import Cost


def tell(events: int, cost: Cost) -> None:
    print(
        json.dumps(
            {"events": events, **{name: getattr(cost, name) for name in ("wall", "cpu", "began", "memory")}}
        )
    )
