"""The configuration: YAML in, validated frozen values out. Every problem is told at once, with file, line and key.

Two steps, because plugins are imported only when a configuration names them:

    document = parse(path)                      # YAML, secrets, the names that are wanted
    config = validate(document, providers, rules)   # with the schemas of the plugins that were loaded
"""

from calsync.config.document import Document, files_of, parse, parse_text, parse_with
from calsync.config.model import (
    AccountConfig,
    Config,
    ConnectionConfig,
    DiscoverConfig,
    Ignored,
    MicrosoftSignIn,
    RuleConfig,
    SelfService,
    Service,
    SideConfig,
    Web,
    Why,
    WindowConfig,
    second_file,
)
from calsync.config.problems import KeyPath
from calsync.config.reading import Hidden
from calsync.config.schema import new_key
from calsync.config.second import with_second, without_second
from calsync.config.secret import Unresolved
from calsync.config.validate import validate

__all__ = [
    "AccountConfig",
    "Config",
    "ConnectionConfig",
    "DiscoverConfig",
    "Document",
    "Hidden",
    "Ignored",
    "KeyPath",
    "MicrosoftSignIn",
    "RuleConfig",
    "SelfService",
    "Service",
    "SideConfig",
    "Unresolved",
    "Web",
    "Why",
    "WindowConfig",
    "files_of",
    "new_key",
    "parse",
    "parse_text",
    "parse_with",
    "second_file",
    "validate",
    "with_second",
    "without_second",
]
