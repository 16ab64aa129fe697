"""The second file as an operator would write it: for taking over what was set up on the pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from calsync.second import Kept, dumped

if TYPE_CHECKING:
    from calsync.second import Draft

HEAD = """\
# What was added on calsync's pages. Take it over into your configuration; what is equal in both is one.
"""
SECRETS = """\
# Secrets are not exported. Enter them in secrets.yaml beside your configuration, readable for its owner only:
"""


def exported(draft: Draft) -> str:
    """Return YAML. It names the secrets, and holds none."""
    names: list[str] = []
    connections = {
        name: {key: _named(name, key, value, names) for key, value in entry.items()}
        for name, entry in draft.connections.items()
    }
    sections = {"connections": connections, "accounts": draft.accounts}
    told = "".join(f"#   {name}: ...\n" for name in names)
    return HEAD + (SECRETS + told if names else "") + dumped({key: one for key, one in sections.items() if one})


def _named(connection: str, key: str, value: Any, names: list[str]) -> Any:
    if not isinstance(value, Kept):
        return value
    name = re.sub(r"[^A-Za-z0-9_]", "_", f"{connection}_{key}")
    while name in names:
        name += "_"
    names.append(name)
    return Kept(name, tag="!secret")
