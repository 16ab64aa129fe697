"""The first step: a configuration file as it stands, with its lines, before any plugin is known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from calsync.config.problems import KeyPath, Problem, rendered
from calsync.config.reading import loaded, syntax_problem
from calsync.config.secret import Secrets, secret_files
from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from calsync.config.reading import Hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A configuration file's values, unvalidated. Of wrong shape they are ignored here and told by `validate`."""

    path: Path
    values: Mapping[str, Any] = field(repr=False)
    lines: Mapping[KeyPath, int]
    problems: tuple[Problem, ...] = ()
    """What is wrong already: duplicate keys, missing secrets."""
    hidden: frozenset[str] = field(default=frozenset(), repr=False)
    """Values that no message may show."""

    @property
    def providers(self) -> frozenset[str]:
        """The names of the providers that the connections want."""
        connections = _mapping(self.values.get("connections")).values()
        return _texts(_mapping(connection).get("provider") for connection in connections)

    @property
    def rules(self) -> frozenset[str]:
        """The names of the rules that the chain wants."""
        rules = _list(self.values.get("rules"))
        return _texts(name for rule in rules for name in (rule if isinstance(rule, dict) else [rule]))

    @property
    def plugin_dirs(self) -> tuple[Path, ...]:
        """The folders of plugins, relative ones beside the file."""
        folders = _list(self.values.get("plugin_dirs"))
        return tuple(self.path.absolute().parent / folder for folder in folders if isinstance(folder, str))


def parse(path: Path, environ: Mapping[str, str] | None = None) -> Document:
    """Read a configuration file. Raises ConfigError where there is none or where it is no YAML mapping."""
    secrets = Secrets(path.absolute().parent, os.environ if environ is None else environ)
    hidden = {"!secret": lambda name, _: secrets.secret(name), "!env": lambda name, _: secrets.env(name)}
    return parse_with(path, hidden)


def files_of(path: Path) -> Sequence[Path]:
    """Return the files that `parse` may read, whether they are there or not."""
    return [path, *secret_files(path.absolute().parent)]


def parse_with(path: Path, hidden: Mapping[str, Hidden]) -> Document:
    """Read a file whose secrets stand behind these tags, as `loaded` has it. Raises as `parse` does."""
    return parse_text(path, _read(path), hidden)


def parse_text(path: Path, text: str, hidden: Mapping[str, Hidden]) -> Document:
    """Do what `parse_with` does, with what a file is to hold."""
    try:
        loader, values = loaded(text, hidden)
    except (yaml.MarkedYAMLError, yaml.reader.ReaderError) as error:
        raise ConfigError(rendered(path, [syntax_problem(error, text)], ())) from None
    if values is None:
        raise ConfigError([f"{path}: the file is empty; config.example.yaml shows what belongs into it"])
    if not isinstance(values, dict):
        raise ConfigError(
            [f"{path}:1: the file must hold `key: value` lines at its top, beginning with `service:`"]
        )
    return Document(
        path=path,
        values=values,
        lines=loader.lines,
        problems=tuple(loader.problems),
        hidden=frozenset(loader.hidden),
    )


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: the file cannot be read ({error.strerror})"]) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}:{line}: the file is no UTF-8 text; save it as UTF-8"]) from None


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(value for value in values if isinstance(value, str))
