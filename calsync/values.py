"""How the values of the core are made: frozen, equal where all their fields are, made and copied in C.

A first sync makes hundreds of thousands of them. As dataclasses they took thirty times as long, and a copy with
another field fifty times.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field, structs
from msgspec.structs import force_setattr

if TYPE_CHECKING:
    # Of the same name and use. Type checkers know of this one which fields a value has, also of a Struct.
    from dataclasses import replace
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """Return a copy of a Struct, or of a dataclass, with some fields replaced."""
        copy = structs.replace if isinstance(value, Struct) else dataclasses.replace
        return copy(value, **changes)


__all__ = ["Struct", "field", "force_setattr", "replace"]
