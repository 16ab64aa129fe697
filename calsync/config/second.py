"""The second file of a configuration: connections and accounts that the pages keep (docs/decisions/0028).

It has the shape of the operator's file and is checked alike, but whatever is wrong in it leaves out that one
entry, and is told. What the operator's file says wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from calsync.config.accounts import DISCOVERED, account_of, sides_of
from calsync.config.checker import Checker
from calsync.config.connections import connections_of
from calsync.config.model import Ignored, Why
from calsync.config.problems import Problem, blotted, key_name, rendered
from calsync.config.schema import ACCOUNT
from calsync.sync.model import Side
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from calsync.config.document import Document
    from calsync.config.model import AccountConfig, Config, ConnectionConfig, SideConfig
    from calsync.config.problems import KeyPath
    from calsync.errors import ConfigError
    from calsync.ports import ProviderSpec

SECTIONS = ("connections", "accounts")


def with_second(
    config: Config, document: Document, providers: Mapping[str, ProviderSpec], known: Collection[str] = ()
) -> Config:
    """Return the operator's configuration with what holds of the second file, and what does not.

    `providers`: those that either file names; `known`: the names of all that are installed.
    """
    second = _Second(config, document, providers)
    second.check_sections()
    connections = second.connections({*providers, *known})
    accounts = second.accounts({**config.connections, **connections})
    return replace(
        config,
        connections={**config.connections, **connections},
        accounts={**config.accounts, **accounts},
        ignored=tuple(second.ignored()),
    )


def without_second(config: Config, error: ConfigError) -> Config:
    """Return the operator's configuration where the second file cannot be read."""
    whole = Ignored(section="", name="", why=Why.UNREADABLE, problems=error.problems)
    return replace(config, ignored=(whole,))


class _Second:
    """The second file, on its way to what holds of it."""

    def __init__(self, config: Config, document: Document, providers: Mapping[str, ProviderSpec]) -> None:
        self._config = config
        self._providers = providers
        self._checker = Checker(document)
        self._why: dict[tuple[str, str], Why] = {}
        """By section and name, where it is not that the entry is wrong."""

    def check_sections(self) -> None:
        for key, value in self._checker.document.values.items():
            if key not in SECTIONS:
                self._checker.tell((key,), "does not belong here, but into the operator's file")
            elif not isinstance(value, Mapping):
                self._checker.tell((key,), "must hold `key: value` lines")

    def connections(self, known: Collection[str]) -> dict[str, ConnectionConfig]:
        found = dict(connections_of(self._checker, self._providers, known))
        for name, _, at in self._checker.named("connections"):
            theirs = self._config.connections.get(name)
            own = found.get(name)
            if theirs is not None and own != theirs:
                self._leave_out(at, Why.OPERATORS, self._theirs(theirs.line))
        return {
            name: replace(one, kept=True)
            for name, one in found.items()
            if name not in self._config.connections and not self._wrong(("connections", name))
        }

    def accounts(self, connections: Mapping[str, ConnectionConfig]) -> dict[str, AccountConfig]:
        """Return the accounts that hold. `connections`: all that do."""
        wanted = {name: connection.provider for name, connection in connections.items()}
        before = dict(_calendars(self._config.accounts.values(), "the operator's file, "))
        found: dict[str, AccountConfig] = {}
        for name, value, at in self._checker.named("accounts"):
            if name == DISCOVERED:
                self._checker.tell(at, "does not belong here, but into the operator's file")
                continue
            account = self._account(name, value, at, wanted)
            theirs = self._config.accounts.get(name)
            if theirs is not None:
                if account != theirs:
                    self._leave_out(at, Why.OPERATORS, self._theirs(theirs.line))
            elif account is not None and not self._shared(account, at, before):
                found[name] = account
                before |= dict(_calendars([account], ""))
        return found

    def ignored(self) -> Iterator[Ignored]:
        document = self._checker.document
        entries: dict[tuple[str, str], list[Problem]] = {}
        for problem in sorted(self._checker.problems, key=lambda problem: problem.line):
            section, name = (*map(str, problem.key[:2]), "", "")[:2]
            entries.setdefault((section, name), []).append(problem)
        for (section, name), problems in entries.items():
            yield Ignored(
                section=section,
                name=name,
                why=self._why.get((section, name), Why.WRONG),
                problems=tuple(rendered(document.path, problems, document.hidden)),
                keys={
                    blotted(key_name(one.key[2:]), document.hidden): blotted(one.text, document.hidden)
                    for one in problems
                },
            )

    def _account(
        self, name: str, value: Mapping[str, Any], at: KeyPath, wanted: Mapping[str, str]
    ) -> AccountConfig | None:
        gone = [side for side in Side if _connection(value, side) not in {*wanted, None}]
        checked = self._checker.check(ACCOUNT, value, at)
        sides = sides_of(self._checker, value, at, wanted, self._providers)
        if gone:
            self._why["accounts", name] = Why.CONNECTION
        if checked is None or self._wrong(at) or len(sides) < len(Side):
            return None
        line = self._checker.line(at)
        return replace(account_of(name, line, checked, sides[Side.LEFT], sides[Side.RIGHT]), kept=True)

    def _shared(self, account: AccountConfig, at: KeyPath, before: Mapping[Any, str]) -> bool:
        """Tell whether another account stands before this one with one of its calendars."""
        taken = dict(before)
        for (calendar, place), side in zip(_calendars([account], ""), Side, strict=True):
            if calendar in taken:
                text = f"this calendar stands in {taken[calendar]} too; a calendar belongs to one account only"
                self._leave_out((*at, side.value), Why.CALENDAR, text)
                return True
            taken[calendar] = place
        return False

    def _leave_out(self, at: KeyPath, why: Why, text: str) -> None:
        self._why[str(at[0]), str(at[1])] = why
        self._checker.problems.append(Problem(self._checker.line(at), at, text))

    def _theirs(self, line: int) -> str:
        return f"stands in {self._config.path}:{line} too, which says something else and wins"

    def _wrong(self, at: KeyPath) -> bool:
        return any(problem.key[:2] == at for problem in self._checker.problems)


def _connection(value: Mapping[str, Any], side: Side) -> Any:
    calendar = value.get(side)
    name = calendar.get("connection") if isinstance(calendar, Mapping) else None
    return name if isinstance(name, str) else None


def _calendars(accounts: Iterable[AccountConfig], file: str) -> Iterator[tuple[Any, str]]:
    """Yield what tells a calendar from others as far as it is written down, and where it stands."""
    for account in accounts:
        for side in Side:
            calendar: SideConfig = account.side(side)
            settings = repr(sorted(calendar.settings.items(), key=lambda item: str(item[0])))
            yield (calendar.connection, settings), f"{file}line {calendar.line} (accounts.{account.name}.{side})"
