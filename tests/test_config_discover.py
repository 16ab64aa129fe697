"""`accounts: discover:`: what it may say, and what is wrong with it, with file, line and key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol

from calsync.config import Config, parse, validate
from calsync.errors import ConfigError
from calsync.ports import ProviderSpec
from calsync.sync.model import Direction, Side

if TYPE_CHECKING:
    from pathlib import Path


def never(*_: Any) -> Any:
    pytest.fail("validating builds nothing")


CRM = ProviderSpec(
    name="crm",
    connection_schema={},
    calendar_schema={vol.Exclusive("user", "who"): str, vol.Exclusive("user_id", "who"): str},
    open=never,
    person_key="user_id",
    address_key="user",
)
MAIL = ProviderSpec(
    name="mail",
    connection_schema={},
    calendar_schema={vol.Required("mailbox"): str, vol.Optional("calendar"): str},
    open=never,
    address_key="mailbox",
)
WHOLE = """\
service: {store: sqlite:////tmp/x.db}
connections:
  flow: {provider: crm}
  post: {provider: mail}
accounts:
  anna:
    left: {connection: flow, user: anna}
    right: {connection: post, mailbox: anna}
    timezone: Europe/Berlin
  discover:
    left: {connection: flow}
    right: {connection: post, calendar: Büro}
    include: ["*@Example.de"]
    exclude: [chef@example.de]
    direction: left_to_right
    timezone: Europe/Berlin
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calsync.yaml"


def configured(file: Path, text: str) -> Config:
    file.write_text(text, "utf-8")
    return validate(parse(file), {spec.name: spec for spec in (CRM, MAIL)}, {})


def problems(file: Path, old: str, new: str) -> list[str]:
    assert old in WHOLE
    with pytest.raises(ConfigError) as caught:
        configured(file, WHOLE.replace(old, new))
    return [problem.removeprefix(f"{file}:") for problem in caught.value.problems]


def test_it_has_the_keys_of_an_account_but_for_whose_it_is(file: Path) -> None:
    config = configured(file, WHOLE)
    assert list(config.accounts) == ["anna"]
    discover = config.discover
    assert discover is not None
    assert (discover.include, discover.exclude) == (("*@example.de",), ("chef@example.de",))
    assert (discover.lists, discover.person_key, discover.address_key) == (Side.LEFT, "user_id", "mailbox")
    assert (discover.account.direction, discover.account.line) == (Direction.LEFT_TO_RIGHT, 10)
    assert discover.account.left.settings == {}
    assert discover.account.right.settings == {"calendar": "Büro"}


def test_everybody_is_included_by_default_whichever_side_lists(file: Path) -> None:
    text = WHOLE.replace('    include: ["*@Example.de"]\n    exclude: [chef@example.de]\n', "")
    text = text.replace("    left: {connection: flow}\n    right: {connection: post, calendar: Büro}\n", "")
    discover = configured(file, text + "    left: {connection: post}\n    right: {connection: flow}\n").discover
    assert discover is not None
    assert (discover.lists, discover.include, discover.exclude) == (Side.RIGHT, ("*",), ())


def test_without_it_nobody_is_discovered(file: Path) -> None:
    assert configured(file, WHOLE[: WHOLE.index("  discover:")]).discover is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "left: {connection: flow}",
            "left: {connection: flow, user: anna}",
            "11: accounts.discover.left.user: must not stand here: whose calendars are synced is discovered",
        ),
        (
            "calendar: Büro",
            "mailbox: anna",
            "12: accounts.discover.right.mailbox: must not stand here: whose calendars are synced is discovered",
        ),
        (
            "calendar: Büro",
            "calender: Büro",
            '12: accounts.discover.right.calender: unknown key (did you mean "calendar"?)',
        ),
        (
            "left: {connection: flow}",
            "left: {connection: flo}",
            (
                "11: accounts.discover.left.connection: there is no connection 'flo' (did you mean \"flow\"?); "
                "connections are: flow, post"
            ),
        ),
        (
            "left: {connection: flow}",
            "left: {connection: post}",
            (
                "10: accounts.discover: one of post and post must list its people, and the other one find them by "
                "their address; providers that list people: crm"
            ),
        ),
        ("include: [", "inclde: [", '13: accounts.discover.inclde: unknown key (did you mean "include"?)'),
        ("[chef@example.de]", "chef@example.de", "14: accounts.discover.exclude: must be a list"),
        (
            "[chef@example.de]",
            "[chef@example.de, a b]",
            "14: accounts.discover.exclude[1]: must be an e-mail address, or a part of one with * for the rest",
        ),
        (
            "    direction: left_to_right\n    timezone: Europe/Berlin\n",
            "",
            "10: accounts.discover.timezone: is missing",
        ),
        ("anna}\n    timezone", "anna}\n    exclude: []\n    timezone", "9: accounts.anna.exclude: unknown key"),
    ],
)
def test_one_mistake(file: Path, old: str, new: str, expected: str) -> None:
    assert problems(file, old, new) == [expected]


def test_what_is_no_mapping_is_told_once(file: Path) -> None:
    text = WHOLE[: WHOLE.index("  discover:")] + "  discover: everybody\n"
    with pytest.raises(ConfigError) as caught:
        configured(file, text)
    assert caught.value.problems == (f"{file}:10: accounts.discover: must hold `key: value` lines",)
