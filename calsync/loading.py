"""A configuration with the plugins that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.config import parse, validate
from calsync.loader import Plugins

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.config import Config
    from calsync.loader import Loaded


def load(path: Path) -> tuple[Config, Loaded]:
    """Read and validate a configuration and load its plugins. No request is sent.

    Raises ConfigError, PluginError.
    """
    document = parse(path)
    plugins = Plugins.find(document.plugin_dirs)
    loaded = plugins.load(document.providers, document.rules)
    config = validate(
        document,
        loaded.providers,
        loaded.rules,
        known_providers=plugins.names("providers"),
        known_rules=plugins.names("rules"),
    )
    return config, loaded
