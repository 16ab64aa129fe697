"""Validating a document with plugins' schemas: every problem at once, with file, line and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from calsync.config import Config, parse, validate
from calsync.errors import ConfigError
from calsync.ports import ProviderSpec, RuleSpec
from calsync.sync.model import Direction, Side


def never(*_: Any) -> Any:
    pytest.fail("validating builds nothing")


CRM = ProviderSpec(
    name="crm",
    connection_schema={
        vol.Required("api_token"): str,
        vol.Optional("page_size", default=100): int,
        vol.Optional("fields", default=dict): vol.All(
            dict, {vol.Optional("summary"): vol.Schema({vol.Required("field"): str})}
        ),
        vol.Exclusive("url", "server", msg="give url or stage, not both"): str,
        vol.Exclusive("stage", "server", msg="give url or stage, not both"): vol.In(["production"]),
    },
    calendar_schema={vol.Required("user"): str},
    open=never,
)
MAIL = ProviderSpec(
    name="mail",
    connection_schema=vol.Schema({str: str}),  # type: ignore[arg-type] # a whole schema works as well
    calendar_schema={vol.Required("mailbox"): str, vol.Optional("shared", default=False): bool},
    open=never,
)
SKIP = RuleSpec(name="skip", schema={}, build=never)
REMIND = RuleSpec(name="remind", schema={vol.Optional("minutes", default=15): int}, build=never)

WHOLE = """\
service:
  store: sqlite:///var/lib/calsync/calsync.db
connections:
  left: {provider: crm, api_token: abcdef}
  right: {provider: mail, tenant: example}
rules:
  - skip
  - remind: {minutes: 5}
accounts:
  anna:
    left: {connection: left, user: anna}
    right: {connection: right, mailbox: anna}
    timezone: Europe/Berlin
"""


def configured(path: Path, text: str) -> Config:
    path.write_text(text, "utf-8")
    return validate(
        parse(path),
        {spec.name: spec for spec in (CRM, MAIL)},
        {spec.name: spec for spec in (SKIP, REMIND)},
        known_providers=["crm", "mail", "exchange"],
        known_rules=["skip", "remind", "mask"],
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calsync.yaml"


def problems(file: Path, text: str) -> list[str]:
    """Return the problems of a file, each as `LINE: key: text`."""
    with pytest.raises(ConfigError) as caught:
        configured(file, text)
    assert all("\n" not in problem for problem in caught.value.problems)
    return [problem.removeprefix(f"{file}:") for problem in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert old in WHOLE
    return WHOLE.replace(old, new)


def test_a_whole_configuration_with_its_defaults(file: Path) -> None:
    config = configured(file, WHOLE)
    anna = config.accounts["anna"]
    assert config.service.store == Path("/var/lib/calsync/calsync.db")
    assert config.service.poll_seconds == 60
    assert config.connections["left"].settings == {"api_token": "abcdef", "page_size": 100, "fields": {}}
    assert (config.connections["right"].provider, config.connections["right"].line) == ("mail", 5)
    assert [(rule.name, rule.options, rule.line) for rule in config.rules] == [
        ("skip", {}, 7),
        ("remind", {"minutes": 5}, 8),
    ]
    assert (anna.direction, anna.timezone) == (Direction.BOTH, ZoneInfo("Europe/Berlin"))
    assert (anna.window.past_days, anna.window.future_days) == (90, 365)
    assert (anna.policy, anna.on_target_edit, anna.first_sync, anna.line) == ("right", "keep", "run", 10)
    assert (anna.side(Side.LEFT).connection, anna.side(Side.LEFT).settings) == ("left", {"user": "anna"})
    assert anna.side(Side.RIGHT).settings == {"mailbox": "anna", "shared": False}
    assert anna.right.line == 12


def test_everything_that_can_be_chosen(file: Path) -> None:
    chosen = """\
    direction: left_to_right
    policy: hold
    on_target_edit: restore
    first_sync: ask
    window: {past_days: 0, future_days: 30}
"""
    config = configured(file, WHOLE.replace("calsync.db\n", "calsync.db\n  poll_seconds: 5\n") + chosen)
    anna = config.accounts["anna"]
    assert config.service.poll_seconds == 5
    assert (anna.direction, anna.policy, anna.on_target_edit) == (Direction.LEFT_TO_RIGHT, "hold", "restore")
    assert anna.first_sync == "ask"
    assert (anna.window.past_days, anna.window.future_days) == (0, 30)


def test_a_key_is_decoded_and_never_shown(file: Path) -> None:
    key = "a2V5" * 10 + "a2U="
    with_key = WHOLE.replace("calsync.db\n", f"calsync.db\n  key: {key}\n")
    config = configured(file, with_key)
    assert config.service.key == b"key" * 10 + b"ke"
    assert "keykey" not in repr(config)
    [problem] = problems(file, with_key.replace(key, key[4:]))
    assert "openssl rand -base64 32" in problem
    assert key[4:] not in problem


def test_rules_and_accounts_may_be_absent(file: Path) -> None:
    config = configured(file, "service: {store: sqlite:////tmp/x.db}\nconnections:\n  a: {provider: mail}\n")
    assert config.rules == ()
    assert config.accounts == {}
    assert config.service.store == Path("/tmp/x.db")  # noqa: S108 - only a name


def test_a_schema_is_compiled_once_for_all_accounts(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Any] = []
    plain = vol.Schema.__init__

    def noted(self: vol.Schema, schema: Any, **how: Any) -> None:
        compiled.append(schema)
        plain(self, schema, **how)

    monkeypatch.setattr(vol.Schema, "__init__", noted)
    ben = WHOLE[WHOLE.index("  anna:") :].replace("anna", "ben")
    assert [*configured(file, WHOLE + ben).accounts] == ["anna", "ben"]
    assert sum(schema is CRM.calendar_schema for schema in compiled) == 1


def test_no_representation_shows_settings(file: Path) -> None:
    assert "abcdef" not in repr(configured(file, WHOLE))


def test_every_problem_is_told_at_once_in_the_files_order(file: Path) -> None:
    text = """\
service: {store: mysql://x, poll_second: 60}
conections: {}
connections:
  left: {provider: crn}
  off: {}
rules:
  - skpi
accounts:
  anna:
    left: {connection: lft, user: anna}
    right: {connection: left, user: anna}
    directon: both
    timezone: Europe/Berln
"""
    assert problems(file, text) == [
        '1: service.poll_second: unknown key (did you mean "poll_seconds"?)',
        "1: service.store: must be sqlite:/// and an absolute path, like sqlite:///var/lib/calsync/calsync.db",
        '2: conections: unknown key (did you mean "connections"?)',
        (
            "4: connections.left.provider: there is no provider 'crn' (did you mean \"crm\"?); "
            "installed are: crm, exchange, mail"
        ),
        '5: connections.off: YAML reads it as true or false; write it in quotes: "off"',
        "7: rules[0]: there is no rule 'skpi' (did you mean \"skip\"?); installed are: mask, remind, skip",
        (
            "10: accounts.anna.left.connection: there is no connection 'lft' (did you mean \"left\"?); "
            "connections are: left"
        ),
        '12: accounts.anna.directon: unknown key (did you mean "direction"?)',
        '13: accounts.anna.timezone: must be a time zone like Europe/Berlin (did you mean "Europe/Berlin"?)',
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "  store: sqlite:///var/lib/calsync/calsync.db\n",
            "",
            "1: service: is empty; it must hold `key: value` lines",
        ),
        ("sqlite:///var/lib/calsync/calsync.db", "sqlite:///", "2: service.store: must be sqlite:///"),
        ("calsync.db\n", "calsync.db\n  poll_seconds: true\n", "3: service.poll_seconds: must be a whole number"),
        ("calsync.db\n", "calsync.db\n  web: {}\n", "3: service.web: unknown key"),
        (
            "api_token: abcdef",
            "api_token: 123456",
            "4: connections.left.api_token: must be text; write it in quotes",
        ),
        ("api_token: abcdef", "api_token:", "4: connections.left.api_token: is empty; it must be text"),
        (", api_token: abcdef", "", "4: connections.left.api_token: is missing"),
        ("abcdef}", "abcdef, page_size: x}", "4: connections.left.page_size: must be a whole number"),
        (
            "abcdef}",
            "abcdef, fields: {sumary: {field: x}}}",
            '4: connections.left.fields.sumary: unknown key (did you mean "summary"?)',
        ),
        (
            "abcdef}",
            "abcdef, fields: {summary: {feld: x, field: y}}}",
            '4: connections.left.fields.summary.feld: unknown key (did you mean "field"?)',
        ),
        ("abcdef}", "abcdef, url: x, stage: production}", "4: connections.left: give url or stage, not both"),
        ("abcdef}", "abcdef, stage: test}", "4: connections.left.stage: value must be one of ['production']"),
        ("provider: crm, ", "", "4: connections.left.provider: is missing; installed are: crm, exchange, mail"),
        ("provider: crm", "provider: [crm]", "4: connections.left.provider: there is no provider ['crm']"),
        (
            "  left: {provider: crm, api_token: abcdef}",
            "  left: crm",
            "4: connections.left: must hold `key: value` lines",
        ),
        ("  left: {", "  'my left': {", "4: connections.my left: a name is made of letters"),
        ("  anna:\n", "  änna:\n", "10: accounts.änna: a name is made of letters"),
        ("  - skip\n", "  - skip\n  - skip\n", "8: rules[1]: skip stands in line 7 already"),
        ("  - skip\n", "  - [skip]\n", "7: rules[0]: must be the name of one rule, or `name: {option: value}`"),
        ("  - skip\n", "  - {skip: , remind: }\n", "7: rules[0]: must be the name of one rule"),
        ("{minutes: 5}", "{minuts: 5}", '8: rules[1].remind.minuts: unknown key (did you mean "minutes"?)'),
        ("{minutes: 5}", "5", "8: rules[1].remind: must hold `key: value` lines"),
        ("rules:\n", "rules: 5\nx:\n", "6: rules: must be a list"),
        (
            "left: {connection: left, user: anna}",
            "left: anna",
            "11: accounts.anna.left: must hold `key: value` lines",
        ),
        ("connection: left, ", "", "11: accounts.anna.left.connection: is missing; connections are: left, right"),
        ("user: anna", "usr: anna", '11: accounts.anna.left.usr: unknown key (did you mean "user"?)'),
        ("mailbox: anna", "mailbox: anna, shared: 1", "12: accounts.anna.right.shared: must be true or false"),
        ("    timezone: Europe/Berlin\n", "", "10: accounts.anna.timezone: is missing"),
        ("timezone: Europe/Berlin", "timezone: 5", "13: accounts.anna.timezone: must be a time zone"),
        ("timezone: Europe/Berlin", "timezone: [5]", "13: accounts.anna.timezone: must be a time zone"),
        (
            "timezone: Europe/Berlin",
            "timezone: Europe/Berlin\n    direction: left-to-right",
            "14: accounts.anna.direction: must be one of both, left_to_right, right_to_left (did you mean",
        ),
        ("Berlin\n", "Berlin\n    direction: [both]\n", "14: accounts.anna.direction: must be one of"),
        (
            "Berlin\n",
            "Berlin\n    policy: newst\n",
            "14: accounts.anna.policy: must be one of right, left, newest, hold (did",
        ),
        (
            "Berlin\n",
            "Berlin\n    on_target_edit: undo\n",
            "14: accounts.anna.on_target_edit: must be one of keep, restore",
        ),
        (
            "Berlin\n",
            "Berlin\n    window:\n",
            "14: accounts.anna.window: is empty; it must hold `key: value` lines",
        ),
        (
            "Berlin\n",
            "Berlin\n    window: {past_days: -1}\n",
            "14: accounts.anna.window.past_days: must be a whole number",
        ),
        ("Berlin\n", "Berlin\nplugin_dirs: [nowhere]\n", "14: plugin_dirs[0]: there is no folder"),
        ("Berlin\n", "Berlin\nplugin_dirs: nowhere\n", "14: plugin_dirs: must be a list"),
    ],
)
def test_one_mistake(file: Path, old: str, new: str, expected: str) -> None:
    found = problems(file, changed(old, new))
    assert any(problem.startswith(expected) for problem in found), found


def test_sections_that_must_be_there(file: Path) -> None:
    assert problems(file, "accounts: {}\n") == ["1: connections: is missing", "1: service: is missing"]


def test_a_calendar_in_two_accounts_names_both_lines(file: Path) -> None:
    second = """\
  bert:
    left: {connection: left, user: bert}
    right: {mailbox: anna, connection: right}
    timezone: Europe/Berlin
"""
    assert problems(file, WHOLE + second) == [
        (
            "16: accounts.bert.right: this calendar stands in line 12 (accounts.anna.right) too; "
            "a calendar belongs to one account only"
        )
    ]


def test_a_calendar_on_both_sides_of_an_account(file: Path) -> None:
    text = changed("right: {connection: right, mailbox: anna}", "right: {connection: left, user: anna}")
    [problem] = problems(file, text)
    assert problem.startswith("12: accounts.anna.right: this calendar stands in line 11 (accounts.anna.left) too")


def test_a_secret_that_is_missing_is_told_once(file: Path) -> None:
    [problem] = problems(file, changed("abcdef", "!secret token"))
    assert problem.startswith("4: connections.left.api_token: secret token is wanted")


def test_no_message_shows_a_secret(file: Path) -> None:
    secrets = file.parent / "secrets.yaml"
    secrets.write_text("a: abrakadabra\nb: xy\n")
    secrets.chmod(0o600)
    text = changed("user: anna", "user: anna, connection: !secret a").replace("connection: left, ", "")
    [problem] = problems(file, text)
    assert "there is no connection '***'" in problem


def test_folders_of_plugins_stand_beside_the_file(file: Path) -> None:
    (file.parent / "mine").mkdir()
    config = configured(file, f"{WHOLE}plugin_dirs: [mine, {file.parent}]\n")
    assert config.plugin_dirs == (file.parent / "mine", file.parent)


@pytest.mark.parametrize("key", ["verify", "verify_ssl", "ssl", "tls", "ssl_verify", "insecure", "check_hostname"])
def test_no_key_lets_anybody_pass_for_a_server(file: Path, key: str) -> None:
    text = changed("api_token: abcdef", f"api_token: abcdef, {key}: false")
    (problem,) = problems(file, text)
    assert problem.startswith(f"4: connections.left.{key}: there is no such key: a server's certificate is always")
    assert "ca_file" in problem
