"""Writes a plugin's package that works from the first minute, for somebody to make it his or her own.

The templates lie beside this file: the package `acme`, whose name is put in for another one.
"""

from __future__ import annotations

import keyword
import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal

from calsync import __version__
from calsync.errors import ConfigError
from calsync.going import following

Kind = Literal["provider", "rule"]
SUFFIX = ".tmpl"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def write(kind: Kind, name: str, target: Path) -> list[Path]:
    """Write the package `calsync-NAME` into a new folder of that name in `target`; return its files.

    Raises ConfigError for a name that is none or is taken, and for a folder that exists.
    """
    folder = target / f"calsync-{name.replace('_', '-')}"
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigError([f"{name!r} is no name: use small letters, digits and single underscores, as in my_crm"])
    if name in {entry.name for entry in entry_points(group="calsync.plugins")}:
        raise ConfigError([f"a plugin {name} is installed already; choose another name"])
    if folder.exists():
        raise ConfigError([f"{folder} exists already; choose another name or another place"])
    templates = Path(__file__).with_name(kind)
    written = []
    for template in sorted(templates.rglob(f"*{SUFFIX}")):
        path = folder / _named(str(template.relative_to(templates)).removesuffix(SUFFIX), name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_named(template.read_text("utf-8"), name), "utf-8")
        written.append(path)
    return written


def _named(text: str, name: str) -> str:
    """Put a name in the place of Acme's, in each of its forms."""
    title = "".join(word.capitalize() for word in name.split("_"))
    major, minor = __version__.split(".")[:2]
    forms = {
        "calsync-acme": f"calsync-{name.replace('_', '-')}",
        "acme.example.de": f"{name.replace('_', '-')}.example.de",
        "acme": name,
        "Acme": title,
        "@calsync@": f"{major}.{minor}",
        "@next@": following(),
    }
    return re.sub("|".join(map(re.escape, forms)), lambda found: forms[found[0]], text)
