"""Where the demo keeps its files: gone with it, but kept where a person has to look at what went wrong."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Folder:
    """A folder for the time of one demo, or for longer where the demo `failed`."""

    path: Path
    failed: bool = False


@contextmanager
def demo_folder() -> Iterator[Folder]:
    """Make a folder. It stays after any error, and standard error tells where; Ctrl-C is no error."""
    folder = Folder(Path(tempfile.mkdtemp(prefix="calsync-demo-")))
    try:
        yield folder
    except Exception:
        folder.failed = True
        raise
    finally:
        if folder.failed:
            click.echo(f"calsync: the demo failed; its files are kept in {folder.path}", err=True)
        else:
            shutil.rmtree(folder.path)
