"""An environment with what somebody gets who installs calsync, and with nothing that only its own tests have."""

from __future__ import annotations

import venv
from importlib.metadata import Distribution, distribution, distributions
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def environment(folder: Path) -> Path:
    """Make an empty one, and return the folder in which its packages stand."""
    venv.create(folder, with_pip=True)
    [packages] = (folder / "lib").glob("python*/site-packages")
    return packages


def lend(packages: Path, name: str, *extras: str) -> None:
    """Lend what an installed package and its extras need, so that no registry is asked."""
    [own] = [one for one in distributions(path=[str(packages)]) if canonicalize_name(one.name) == name]
    for needed in {one.name: one for one in _needs(own, set(extras), set())}.values():
        for top in {path.parts[0] for path in needed.files or () if path.parts[0] != ".."}:
            place = packages / top
            if not place.exists():
                place.symlink_to(str(needed.locate_file(top)))


def _needs(own: Distribution, extras: set[str], seen: set[str]) -> Iterator[Distribution]:
    for line in own.requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            continue
        key = f"{canonicalize_name(requirement.name)}{sorted(requirement.extras)}"
        if key not in seen:
            seen.add(key)
            needed = distribution(requirement.name)
            yield needed
            yield from _needs(needed, requirement.extras, seen)
