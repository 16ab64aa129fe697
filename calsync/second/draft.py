"""The second file's content while it is changed: secrets stay behind the names that stand for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TAG = "!kept"
HEAD = """\
# Connections and accounts that were added on calsync's pages. `!kept NAME` stands for a secret, which lies
# encrypted beside the store. To take them over into your own file: calsync export-config -c FILE

"""


@dataclass(frozen=True, slots=True)
class Kept:
    """Stands for a secret."""

    name: str
    tag: str = TAG


@dataclass(slots=True)
class Draft:
    """The entries by name, as they stand in the file."""

    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def kept(self) -> Iterator[tuple[str, str]]:
        """Yield the connection and the name of each secret."""
        for connection, settings in self.connections.items():
            for value in settings.values():
                if isinstance(value, Kept):
                    yield connection, value.name

    def as_yaml(self) -> str:
        content = {"connections": self.connections, "accounts": self.accounts}
        return HEAD + dumped({section: entries for section, entries in content.items() if entries})


class _Loader(yaml.SafeLoader):
    """Reads plain values, and names of secrets."""


class _Dumper(yaml.SafeDumper):
    """Writes plain values, and names of secrets."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out: anchors are for those who know YAML."""
        del data
        return True


_Loader.add_constructor(TAG, lambda _, node: Kept(str(node.value)))
_Dumper.add_representer(Kept, lambda dumper, kept: dumper.represent_scalar(kept.tag, kept.name))


def read(path: Path) -> Draft:
    """Return what stands in the file. Raises ConfigError for one that a person must mend first."""
    try:
        content = yaml.load(path.read_text("utf-8-sig"), _Loader)  # noqa: S506 - as safe as SafeLoader
    except FileNotFoundError:
        return Draft()
    except OSError as error:
        raise ConfigError([f"{path}: the file cannot be read ({error.strerror})"]) from error
    except (yaml.YAMLError, ValueError):
        raise ConfigError([f"{path}: the file is no valid YAML; mend it, or remove it"]) from None
    found = content if content is not None else {}
    sections = {name: found.get(name) or {} for name in ("connections", "accounts")} if _plain(found) else {}
    if not sections or found.keys() - sections.keys() or not all(_of_mappings(each) for each in sections.values()):
        raise ConfigError([f"{path}: the file must hold connections and accounts, and nothing else; mend it"])
    return Draft(**sections)


def connections_in(account: Mapping[str, Any]) -> set[str]:
    """Return the names of the connections that an account's entry uses."""
    sides = [account.get(side) for side in ("left", "right")]
    return {str(side.get("connection")) for side in sides if isinstance(side, dict)}


def dumped(content: Mapping[str, Any]) -> str:
    """Return YAML as people write it."""
    return yaml.dump(
        content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=115
    )


def _plain(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _of_mappings(section: Any) -> bool:
    return _plain(section) and all(_plain(entry) for entry in section.values())
