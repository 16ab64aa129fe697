"""The second file: what is wrong in it leaves out that one entry, and the operator's file wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol

from calsync.config import Config, Ignored, Unresolved, Why, parse, parse_with, second_file, validate, with_second
from calsync.ports import ProviderSpec

if TYPE_CHECKING:
    from pathlib import Path


def never(*_: Any) -> Any:
    pytest.fail("validating builds nothing")


CRM = ProviderSpec(
    name="crm",
    connection_schema={vol.Required("api_token"): vol.All(str, vol.Length(min=3))},
    calendar_schema={vol.Required("user"): str},
    open=never,
)
MAIL = ProviderSpec(
    name="mail",
    connection_schema={vol.Required("tenant"): str, vol.Optional("size", default=3): int},
    calendar_schema={vol.Required("mailbox"): str},
    open=never,
)
OPERATORS = """\
service: {{store: sqlite:///{0}/calsync.db}}
connections:
  flow: {{provider: crm, api_token: abcdef}}
  post: {{provider: mail, tenant: example}}
accounts:
  anna:
    left: {{connection: flow, user: anna}}
    right: {{connection: post, mailbox: anna}}
    timezone: Europe/Berlin
"""
BERT = """\
  bert:
    left: {connection: flow, user: bert}
    right: {connection: post, mailbox: bert}
    timezone: Europe/Berlin
"""
CARA = BERT.replace("bert", "cara")
SECRET = "canary-secret"


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def both(second: str, operators: str = OPERATORS) -> Config:
        path = tmp_path / "calsync.yaml"
        path.write_text(operators.format(tmp_path), "utf-8")
        specs = {spec.name: spec for spec in (CRM, MAIL)}
        config = validate(parse(path), specs, {})
        file = second_file(config.service.store)
        file.write_text(second, "utf-8")
        return with_second(config, parse_with(file, {"!kept": secret}), specs)

    return both


def secret(name: str, at: Any) -> str:
    if name == "gone":
        raise Unresolved("its value is gone; enter it again")
    assert at[:2] == ("connections", "more")
    return SECRET if name == "good" else "x"


def only(config: Config) -> Ignored:
    (ignored,) = config.ignored
    assert SECRET not in repr(ignored)
    return ignored


def test_what_it_adds_stands_behind_what_the_operator_wrote(read: Any) -> None:
    config = read(f"connections:\n  more: {{provider: crm, api_token: !kept good}}\naccounts:\n{BERT}")
    assert list(config.connections) == ["flow", "post", "more"]
    assert config.connections["more"].settings == {"api_token": SECRET}
    assert list(config.accounts) == ["anna", "bert"]
    assert [one.kept for one in config.accounts.values()] == [False, True]
    assert config.file(config.accounts["bert"]).name == "calsync.db.yaml"
    assert config.file(config.accounts["anna"]).name == "calsync.yaml"
    assert config.ignored == ()


@pytest.mark.parametrize("second", ["", "connections: {}\naccounts:\n", "accounts: {}"])
def test_an_empty_one_adds_nothing(read: Any, second: str) -> None:
    if second:
        assert list(read(second.replace("accounts:\n", "accounts: {}\n")).accounts) == ["anna"]


def test_a_wrong_connection_leaves_out_itself_and_its_accounts_only(read: Any) -> None:
    config = read(
        "connections:\n  more: {provider: crm, api_token: !kept bad}\n"
        f"accounts:\n{BERT}{CARA.replace('flow', 'more')}"
    )
    assert list(config.accounts) == ["anna", "bert"]
    wrong, without = config.ignored
    assert (wrong.section, wrong.name, wrong.why) == ("connections", "more", Why.WRONG)
    assert list(wrong.keys) == ["api_token"]
    assert (without.section, without.name, without.why) == ("accounts", "cara", Why.CONNECTION)
    assert "there is no connection 'more'" in without.keys["left.connection"]
    assert "calsync.db.yaml:2: connections.more.api_token: " in wrong.problems[0]


def test_a_secret_that_is_gone_is_told_at_its_key(read: Any) -> None:
    ignored = only(read("connections:\n  more: {provider: crm, api_token: !kept gone}\n"))
    assert ignored.keys == {"api_token": "its value is gone; enter it again"}


def test_no_secret_is_shown(read: Any) -> None:
    ignored = only(read(f"connections:\n  more: {{provider: mail, tenant: !kept good, {SECRET}: 1}}\n"))
    assert "***: unknown key" in ignored.problems[0]


def test_equal_entries_are_one(read: Any) -> None:
    config = read(
        "connections:\n  post: {provider: mail, size: 3, tenant: example}\naccounts:\n"
        + BERT.replace("bert", "anna")
    )
    assert config.ignored == ()
    assert not config.connections["post"].kept
    assert not config.accounts["anna"].kept


def test_the_operators_entry_wins_and_that_is_told(read: Any) -> None:
    config = read(
        "connections:\n  post: {provider: mail, tenant: other}\naccounts:\n"
        + CARA.replace("cara:", "anna:")
        + BERT
    )
    assert config.connections["post"].settings["tenant"] == "example"
    assert config.accounts["anna"].left.settings == {"user": "anna"}
    assert [(one.name, one.why) for one in config.ignored] == [("post", Why.OPERATORS), ("anna", Why.OPERATORS)]
    assert "calsync.yaml:4 too, which says something else and wins" in config.ignored[0].problems[0]
    assert "bert" in config.accounts


def test_a_connection_that_the_operator_removed_costs_those_accounts_only(read: Any) -> None:
    without = OPERATORS.replace("accounts:", "  old: {{provider: crm, api_token: ghijkl}}\naccounts:")
    second = f"accounts:\n{BERT}{CARA.replace('flow', 'old')}"
    assert read(second, without).ignored == ()
    config = read(second)
    assert list(config.accounts) == ["anna", "bert"]
    assert (only(config).name, only(config).why) == ("cara", Why.CONNECTION)


def test_of_two_accounts_with_one_calendar_the_later_one_is_left_out(read: Any) -> None:
    config = read(f"accounts:\n{BERT}{CARA.replace('user: cara', 'user: bert')}")
    assert list(config.accounts) == ["anna", "bert"]
    assert (only(config).name, only(config).why) == ("cara", Why.CALENDAR)
    assert "this calendar stands in line 3 (accounts.bert.left) too" in only(config).keys["left"]


def test_the_operators_account_keeps_its_calendar(read: Any) -> None:
    ignored = only(read(f"accounts:\n{BERT.replace('mailbox: bert', 'mailbox: anna')}"))
    assert (ignored.why, list(ignored.keys)) == (Why.CALENDAR, ["right"])
    assert "the operator's file, line 8 (accounts.anna.right)" in ignored.keys["right"]


def test_one_account_has_two_calendars(read: Any) -> None:
    bert = BERT.replace("connection: post, mailbox: bert", "connection: flow, user: bert")
    assert only(read(f"accounts:\n{bert}")).why is Why.CALENDAR


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("service: {store: x}\n", "service: does not belong here"),
        ("rules: [skip]\n", "rules: does not belong here"),
        ("accounts: [1]\n", "accounts: must hold"),
        ("accounts: {discover: {}}\n", "accounts.discover: does not belong here"),
        ("accounts: {'a b': {}}\n", "a name is made of letters"),
        ("accounts: {bert: 1}\n", "accounts.bert: must hold"),
        ("connections: {more: {provider: nobodys}}\n", "there is no provider 'nobodys'"),
        ("connections: {more: {provider: crm, api_token: !env HOME}}\n", "there is !kept NAME"),
        ("connections: {more: {provider: crm, api_token: abc, api_token: abc}}\n", "stands in line 1 already"),
    ],
)
def test_whatever_else_is_wrong_is_told_and_stops_nothing(read: Any, second: str, told: str) -> None:
    config = read(second)
    assert list(config.accounts) == ["anna"]
    assert told in "\n".join(line for one in config.ignored for line in one.problems)
