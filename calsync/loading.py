"""A configuration, the operator's file and the one that the pages keep, with the plugins that both name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.config import parse, validate, with_second, without_second
from calsync.errors import ConfigError, PluginError
from calsync.loader import Plugins
from calsync.second import SecondFile

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from calsync.config import Config
    from calsync.loader import Loaded
    from calsync.ports import ProviderSpec


def load(path: Path) -> tuple[Config, Loaded]:
    """Read and validate a configuration and load its plugins. No request is sent.

    Nothing about the second file is a reason not to start: what is wrong with it stands in `Config.ignored`.
    Raises ConfigError, PluginError.
    """
    document = parse(path)
    plugins = Plugins.find(document.plugin_dirs)
    loaded = plugins.load(document.providers, document.rules)
    installed = plugins.names("providers")
    config = validate(
        document, loaded.providers, loaded.rules, known_providers=installed, known_rules=plugins.names("rules")
    )
    try:
        second = SecondFile(config.service.store, config.service.key).read()
    except ConfigError as error:
        return without_second(config, error), loaded
    if second is None:
        return config, loaded
    more, broken = _more(plugins, second.providers - loaded.providers.keys())
    providers = {**loaded.providers, **more}
    return with_second(config, second, providers, installed - broken), replace(loaded, providers=providers)


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
