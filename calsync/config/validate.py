"""The second step: a document and the plugins' schemas become a configuration, or a list of all problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from calsync.config.accounts import accounts_of
from calsync.config.checker import Checker
from calsync.config.connections import connections_of, no_plugin
from calsync.config.discover import discover_of
from calsync.config.model import Config, RuleConfig, Service
from calsync.config.problems import KeyPath, rendered
from calsync.config.schema import TOP
from calsync.config.store import place_of
from calsync.config.web import web_of
from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from calsync.config.document import Document
    from calsync.ports import ProviderSpec, RuleSpec


def validate(
    document: Document,
    providers: Mapping[str, ProviderSpec],
    rules: Mapping[str, RuleSpec],
    *,
    known_providers: Collection[str] = (),
    known_rules: Collection[str] = (),
) -> Config:
    """Return the configuration. Raises ConfigError with every problem.

    `providers` and `rules` are those the document names; `known_...` are the names of all that are installed, for
    suggestions.
    """
    checker = Checker(document)
    top = checker.check(TOP, document.values, ())
    connections = dict(connections_of(checker, providers, {*providers, *known_providers}))
    chain = tuple(_rules(checker, rules, {*rules, *known_rules}))
    accounts = dict(accounts_of(checker, providers))
    discover = discover_of(checker, providers)
    web = web_of(checker)
    _refuse_missing_folders(checker)
    service = None if top is None else place_of(checker, top["service"])
    if service is None or checker.problems:
        raise ConfigError(rendered(document.path, checker.problems, document.hidden))
    return Config(
        path=document.path,
        service=Service(**service),
        connections=connections,
        rules=chain,
        accounts=accounts,
        discover=discover,
        web=web,
        plugin_dirs=document.plugin_dirs,
    )


def _rules(checker: Checker, specs: Mapping[str, RuleSpec], known: Collection[str]) -> Iterator[RuleConfig]:
    entries = checker.document.values.get("rules")
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        at: KeyPath = ("rules", number)
        name, options = _rule_entry(entry)
        if name is None:
            checker.tell(at, "must be the name of one rule, or `name: {option: value}`")
        elif name in seen:
            checker.tell(at, f"{name} stands in line {seen[name]} already; a rule is asked once")
        elif name not in specs:
            checker.tell(at, no_plugin("rule", name, known))
        else:
            checked = checker.check(specs[name].schema, options, (*at, name))
            if checked is not None:
                yield RuleConfig(name=name, options=checked, line=checker.line(at))
        if name is not None:
            seen.setdefault(name, checker.line(at))


def _rule_entry(entry: Any) -> tuple[str | None, Any]:
    """Return name and options of a list entry; no name for one of wrong shape."""
    if isinstance(entry, str):
        return entry, {}
    if isinstance(entry, Mapping) and len(entry) == 1:
        [(name, options)] = entry.items()
        return name, {} if options is None else options
    return None, None


def _refuse_missing_folders(checker: Checker) -> None:
    for number, folder in enumerate(checker.document.plugin_dirs):
        if not folder.is_dir():
            checker.tell(("plugin_dirs", number), f"there is no folder {folder}")
