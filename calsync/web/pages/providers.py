"""The providers that the pages know by name: which system each step of the first start connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.web.visitor import Visitor

PROVIDERS: Mapping[str, tuple[str, ...]] = {"flowfact": ("flowfact",), "mail": ("graph", "exchange_ews")}
"""What is connected in a step, by the names of providers. A step is done once its connection works."""
NAMES = {"flowfact": "flowfact", "graph": "microsoft365", "exchange_ews": "exchange"}
"""What the connections are called."""


def called(visitor: Visitor, provider: str, otherwise: str = "") -> str:
    """Return what people call the system of a provider, `otherwise` where calsync does not know that."""
    if provider in NAMES:
        return visitor.texts(f"start.name_{provider}")
    return otherwise or provider.replace("_", " ")
