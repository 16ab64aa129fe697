"""Where it was measured, and with which versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.environment import versions

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("calsync", "aiohttp", "lxml", "psycopg", "procrastinate", "exchangelib")


def machine() -> dict[str, Any]:
    """Return the processor, the load of the last minute, and the versions of all that takes part."""
    return {
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in NAMES} | versions(),
    }


def told(about: Mapping[str, Any]) -> str:
    """Return it for a person."""
    found = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    where = f"{about['processor']}, {about['cpus']} CPUs, load {about['load']:.1f}"
    return f"{where}\nPython {about['python']}, {found}"


def _processor() -> str:
    """Return the processor's name where Linux tells it, else its architecture."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text("utf-8").splitlines() if information.is_file() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
