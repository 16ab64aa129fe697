"""What is to go is announced for a release before: to those who write a plugin, and to those who run it."""

from __future__ import annotations

import logging
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from calsync import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger("calsync.plugins")


def following(version: str = __version__) -> str:
    """Return the next version that may break a plugin: `0.2` behind 0.1, `2` behind 1.4."""
    major, minor = version.split(".")[:2]
    return f"{major}.{int(minor) + 1}" if major == "0" else str(int(major) + 1)


def announce(what: str, *, above: int = 1) -> None:
    """Warn of what is to go: a test of the plugin fails or shows it, and the log of a service tells it.

    `above`: how many calls above this one it is used.
    """
    warnings.warn(what, DeprecationWarning, stacklevel=above + 1)
    log.warning("%s", what)


def going(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that has given names up: for one more release each still works.

    `names`: by the old name, where it is now, as `calsync.ports.Clock`.
    """

    def moved(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, new = names[name].rpartition(".")
        by = sys._getframe(1).f_globals.get("__name__", "somebody")  # noqa: SLF001 - who uses it is the point
        gone = f"in calsync {following()} the old name is gone"
        announce(f"{by} uses {module}.{name}, which is {home}.{new} now; {gone}", above=2)
        return getattr(import_module(home), new)

    return moved
