"""Where `!secret NAME` and `!env NAME` take their values from.

A secret stands in `secrets.yaml` beside the configuration, or in a directory `secrets` there with one file for
each (as Docker and Kubernetes lay them out). Nobody but its owner may be able to read it. Before both comes a
credential that systemd hands to the service (`LoadCredential=`, `LoadCredentialEncrypted=`; systemd.exec(5)).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from calsync.exposed import advice, credentials, exposed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Unresolved(Exception):  # noqa: N818 - becomes a line of the configuration's problems
    """A name has no value; the message says why and what to do."""


class Secrets:
    """The secrets beside one configuration file. Nothing is read before the first is asked for."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._file = folder / "secrets.yaml"
        self._directory = folder / "secrets"
        self._environ = environ
        self._loaded: Mapping[object, object] | None = None

    def env(self, name: str) -> str:
        """Return an environment variable. Raises Unresolved for one that is not set, or empty."""
        value = self._environ.get(name, "")
        if not value:
            raise Unresolved(f"the environment variable {name} is not set")
        return value

    def secret(self, name: str) -> str:
        """Return a secret. Raises Unresolved: unknown, no text, or readable by others."""
        credential = self._credential(name)
        if credential is not None:
            return credential
        if self._file.exists():
            return self._from_file(name)
        if self._directory.is_dir():
            return self._from_directory(name)
        raise Unresolved(f"secret {name} is wanted, but there is neither {self._file} nor {self._directory}/")

    def _credential(self, name: str) -> str | None:
        """Return a credential of systemd, which alone decides who can read it."""
        folder = credentials(self._environ)
        path = Path(folder) / name
        if not folder or not _is_file_name(name) or not path.is_file():
            return None
        return _read(path).rstrip("\r\n")

    def _from_file(self, name: str) -> str:
        if self._loaded is None:
            self._loaded = _read_yaml(self._file)
        if name not in self._loaded:
            raise Unresolved(f"there is no secret {name} in {self._file}")
        value = self._loaded[name]
        if not isinstance(value, str) or not value:
            raise Unresolved(f"secret {name} in {self._file} is no text; write it in quotes")
        return value

    def _from_directory(self, name: str) -> str:
        path = self._directory / name
        if not _is_file_name(name) or not path.is_file():
            raise Unresolved(f"there is no secret {name} in {self._directory}/")
        if exposed(self._directory):
            _refuse_open(path)
        return _read(path).rstrip("\r\n")


def secret_files(folder: Path) -> Sequence[Path]:
    """Return the files beside a configuration that its secrets may come from; systemd's stay as they are."""
    directory = folder / "secrets"
    return [folder / "secrets.yaml", directory, *(directory.iterdir() if directory.is_dir() else ())]


def _is_file_name(name: str) -> bool:
    return not name.startswith(".") and "/" not in name


def _read_yaml(path: Path) -> Mapping[object, object]:
    _refuse_open(path)
    try:
        loaded = yaml.safe_load(_read(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        # The error's own text quotes the file, so it is not shown.
        raise Unresolved(f"{path} is no valid YAML{line}") from None
    if not isinstance(loaded, dict):
        raise Unresolved(f"{path} must hold one `name: value` on each line")
    return loaded


def _refuse_open(path: Path) -> None:
    if exposed(path):
        raise Unresolved(advice(path))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise Unresolved(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise Unresolved(f"{path} is no UTF-8 text") from None
