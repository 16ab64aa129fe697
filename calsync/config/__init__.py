"""The configuration: YAML in, validated frozen values out. Every problem is told at once, with file, line and key.

Two steps, because plugins are imported only when a configuration names them:

    document = parse(path)                      # YAML, secrets, the names that are wanted
    config = validate(document, providers, rules)   # with the schemas of the plugins that were loaded
"""

from calsync.config.document import Document, parse
from calsync.config.model import (
    AccountConfig,
    Config,
    ConnectionConfig,
    DiscoverConfig,
    MicrosoftSignIn,
    RuleConfig,
    SelfService,
    Service,
    SideConfig,
    Web,
    WindowConfig,
)
from calsync.config.schema import new_key
from calsync.config.validate import validate

__all__ = [
    "AccountConfig",
    "Config",
    "ConnectionConfig",
    "DiscoverConfig",
    "Document",
    "MicrosoftSignIn",
    "RuleConfig",
    "SelfService",
    "Service",
    "SideConfig",
    "Web",
    "WindowConfig",
    "new_key",
    "parse",
    "validate",
]
