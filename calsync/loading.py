"""A configuration, the operator's file and the one that the pages keep, with the plugins that both name."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.config import parse, validate, with_second, without_second
from calsync.errors import ConfigError, PluginError
from calsync.loader import Plugins
from calsync.second import SecondFile
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from calsync.config import Config, Document
    from calsync.loader import Loaded
    from calsync.ports import ProviderSpec


log = logging.getLogger("calsync.plugins")


@dataclass(frozen=True, slots=True)
class Operators:
    """The operator's configuration alone."""

    config: Config
    loaded: Loaded
    plugins: Plugins

    @property
    def second(self) -> SecondFile:
        return SecondFile(self.config.service.store, self.config.service.key)

    def with_second(self, document: Document) -> tuple[Config, Loaded]:
        """Return the configuration together with what holds of a second file."""
        loaded, installed = self.loaded, self.plugins.names("providers")
        more, broken = _more(self.plugins, document.providers - loaded.providers.keys())
        providers = {**loaded.providers, **more}
        config = with_second(self.config, document, providers, installed - broken)
        return config, replace(loaded, providers=providers)


def load(path: Path) -> tuple[Config, Loaded]:
    """Read and validate a configuration and load its plugins. No request is sent.

    Nothing about the second file is a reason not to start: what is wrong with it stands in `Config.ignored`.
    Raises ConfigError, PluginError.
    """
    return whole(load_operators(path))


def whole(operators: Operators) -> tuple[Config, Loaded]:
    """Return the operator's configuration together with the second file, whatever is wrong with that."""
    version = operators.second.version  # if it changes meanwhile, it is read once more
    try:
        second = operators.second.read()
    except ConfigError as error:
        config, loaded = without_second(operators.config, error), operators.loaded
    else:
        config, loaded = operators.config, operators.loaded
        if second is not None:
            config, loaded = operators.with_second(second)
    return replace(config, second=version), loaded


def load_operators(path: Path) -> Operators:
    """Do what `load` does, without the second file."""
    document = parse(path)
    plugins = Plugins.find(document.plugin_dirs)
    for problem in plugins.broken:
        log.warning("a plugin is left out: %s", problem)
    loaded = plugins.load(document.providers, document.rules)
    known = {"known_providers": plugins.names("providers"), "known_rules": plugins.names("rules")}
    return Operators(validate(document, loaded.providers, loaded.rules, **known), loaded, plugins)


def _more(plugins: Plugins, names: Collection[str]) -> tuple[dict[str, ProviderSpec], set[str]]:
    """Return the providers of these names, and the names of those whose plugins cannot be used."""
    found: dict[str, ProviderSpec] = {}
    broken: set[str] = set()
    for name in names:
        try:
            found |= plugins.load([name], []).providers
        except PluginError:
            broken.add(name)
    return found, broken
