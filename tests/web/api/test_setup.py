"""What administrators set up on the pages, programs set up, too: by the same functions, with the same audit."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from calsync.desk.setup import Setup
from calsync.errors import AccountError, LoginError, Retry
from calsync.forms import Option, Question, Words
from calsync.loading import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calsync.config import Config
    from calsync.testing import FakeClock
    from tests.desk.office import Office
    from tests.house import House
    from tests.web.api.conftest import Program

CANARY = "secret-canary"
FIELDS = {"url": "https://mail.example.de", "secret": CANARY, "size": "3"}
POST = {"name": "post", "provider": "memory", "fields": FIELDS}
CARLA = {
    "name": "carla",
    "left": {"connection": "crm", "fields": {"name": "carla-crm"}},
    "right": {"connection": "post", "fields": {"name": "carla-mail"}},
    "timezone": "Europe/Berlin",
}
ASKED: list[tuple[str, str, object]] = [
    ("GET", "/providers", None),
    ("GET", "/providers/memory", None),
    ("GET", "/export", None),
    ("POST", "/connections", POST),
    ("GET", "/connections/mail", None),
    ("PUT", "/connections/mail", {"fields": FIELDS}),
    ("DELETE", "/connections/mail", None),
    ("POST", "/connections/mail/sync", None),
    ("POST", "/connections/mail/calendars", {"mailbox": "anna@example.de"}),
    ("GET", "/connections/mail/people", None),
    ("GET", "/connections/mail/questions", None),
    ("PUT", "/connections/mail/answers", {"answers": {}}),
    ("POST", "/trials", POST),
    ("POST", "/previews", CARLA),
    ("POST", "/accounts", CARLA),
    ("GET", "/accounts/anna/setup", None),
    ("PUT", "/accounts/anna/setup", {"left": {}, "right": {}, "timezone": "Europe/Berlin"}),
    ("DELETE", "/accounts/anna", None),
    ("POST", "/switches", {"accounts": ["anna"], "on": False}),
]


@pytest.fixture
def house(house: House) -> House:
    file = house.folder / "calsync.yaml"
    file.write_text(file.read_text().replace("{store:", f"{{key: {base64.b64encode(b'k' * 32).decode()}, store:"))
    return house


@pytest.fixture
def setup(house: House, clock: FakeClock) -> Setup:
    return Setup(house.folder / "calsync.yaml", clock)


def config(house: House) -> Config:
    return load(house.folder / "calsync.yaml")[0]


def lying(house: House) -> list[Path]:
    return [path for path in house.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
async def test_users_set_nothing_up(
    annas: Program, office: Office, house: House, method: str, path: str, body: object
) -> None:
    before = config(house)
    answer = await annas.ask(method, path, body)
    assert (answer.status, answer.word) == (403, "administrators_only")
    assert config(house) == before
    assert office.woken == []


async def test_from_nothing_to_an_account_without_a_page(chefs: Program, house: House) -> None:
    assert {"name": "memory", "title": "Memory"} in (await chefs.get("/providers")).json["providers"]
    forms = (await chefs.get("/providers/memory")).json
    asked = {one["key"]: (one["kind"], one["required"]) for one in forms["connection"]}
    assert asked == {"url": ("url", False), "secret": ("secret", False), "size": ("text", True)}
    assert [one["key"] for one in forms["calendar"]] == ["name"]

    assert (await chefs.ask("POST", "/trials", POST)).json == {
        "findings": [{"severity": "ok", "message": "signed in"}]
    }
    assert "post" not in config(house).connections
    assert (await chefs.ask("POST", "/connections", POST)).status == 204
    assert config(house).connections["post"].settings == FIELDS
    assert (await chefs.ask("POST", "/connections/post/check")).json["findings"][0]["severity"] == "ok"
    told = await chefs.get("/connections/post")
    assert told.json == {"name": "post", "provider": "memory", "fields": {"url": FIELDS["url"], "size": "3"}}

    plan = await chefs.ask("POST", "/previews", CARLA)
    assert (plan.status, "hash" in plan.json) == (200, True)
    assert "carla" not in config(house).accounts
    assert (await chefs.ask("POST", "/accounts", CARLA)).status == 204
    account = config(house).accounts["carla"]
    assert (account.left.connection, account.right.settings) == ("crm", {"name": "carla-mail"})
    assert (await chefs.get("/accounts/carla/setup")).json == {
        **CARLA,
        "direction": "both",
        "first_sync": "run",
    }
    exported = (await chefs.get("/export")).json["yaml"]
    assert "carla-crm" in exported
    assert "post_secret" in exported
    assert CANARY not in exported
    assert [path for path in lying(house) if CANARY.encode() in path.read_bytes()] == []
    changes = [(one["who"], one["what"]) for one in (await chefs.get("/audit")).json["changes"]]
    assert changes[:2] == [("Chef", "account_added"), ("Chef", "connection_added")]


async def test_what_was_set_up_is_changed_and_removed(chefs: Program, house: House) -> None:
    await chefs.ask("POST", "/connections", POST)
    await chefs.ask("POST", "/accounts", CARLA)
    changed = {"left": {"name": "carla-crm"}, "right": {"name": "carla-mail"}, "timezone": "Europe/Vienna"}
    answer = await chefs.ask("PUT", "/accounts/carla/setup", changed | {"direction": "left_to_right"})
    assert answer.status == 204
    account = config(house).accounts["carla"]
    assert (account.direction, account.timezone.key, account.right.connection) == (
        "left_to_right",
        "Europe/Vienna",
        "post",
    )
    assert (
        await chefs.ask("PUT", "/connections/post", {"fields": {"url": FIELDS["url"], "size": "4"}})
    ).status == 204
    assert config(house).connections["post"].settings == FIELDS | {"size": "4"}  # the secret stays
    used = await chefs.ask("DELETE", "/connections/post")
    assert (used.status, used.word, used.json["keys"]) == (409, "invalid", {"": "accounts use it: carla"})
    assert (await chefs.ask("DELETE", "/accounts/carla")).status == 204
    assert (await chefs.ask("DELETE", "/connections/post")).status == 204
    assert (list(config(house).accounts), list(config(house).connections)) == (["anna", "berta"], ["crm", "mail"])
    changes = [one["what"] for one in (await chefs.get("/audit")).json["changes"]]
    assert changes[:4] == ["connection_removed", "account_removed", "connection_changed", "account_changed"]


async def test_what_is_wrong_is_told_by_its_key_and_nothing_is_kept(chefs: Program, house: House) -> None:
    async def keys(path: str, body: object) -> set[str]:
        answer = await chefs.ask("POST", path, body)
        assert (answer.status, answer.word) == (409, "invalid"), answer.json
        assert CANARY not in answer.body.decode()
        return set(answer.json["keys"])

    before = config(house)
    assert await keys("/connections", POST | {"fields": {"url": "ftp://x", "secret": CANARY}}) == {"size"}
    assert await keys("/connections", POST | {"provider": "nobodys"}) == {"provider"}
    assert await keys("/connections", POST | {"name": "mail"}) == {"name"}
    assert await keys("/trials", POST | {"fields": FIELDS | {"colour": "red"}}) == {"colour"}
    for path in ("/accounts", "/previews"):
        assert await keys(path, CARLA) == {"right.connection"}
        here = {**CARLA, "right": {"connection": "mail", "fields": {"name": "carla-mail"}}}
        assert await keys(path, here | {"timezone": "Europe/Berlim"}) == {"timezone"}
        assert await keys(path, here | {"name": "anna"}) == {"name"}
        assert await keys(path, here | {"left": {"connection": "crm", "fields": {"mailbox": "x"}}}) == {
            "left.mailbox"
        }
        taken = {"connection": "crm", "fields": {"name": "anna-crm"}}
        assert await keys(path, here | {"left": taken}) == {"left"}
    assert config(house) == before


async def test_what_the_operator_wrote_is_not_changed_here(chefs: Program, house: House) -> None:
    before = config(house)
    setup = {"left": {}, "right": {}, "timezone": "Europe/Berlin"}
    for method, path, body in (
        ("GET", "/connections/mail", None),
        ("PUT", "/connections/mail", {"fields": FIELDS}),
        ("DELETE", "/connections/mail", None),
        ("GET", "/accounts/anna/setup", None),
        ("PUT", "/accounts/anna/setup", setup),
        ("DELETE", "/accounts/anna", None),
    ):
        answer = await chefs.ask(method, path, body)
        assert (answer.status, answer.word) == (404, "not_kept"), path
        assert "operator" in answer.json["detail"]
    assert config(house) == before


@pytest.mark.parametrize(
    "text",
    [
        "connections: {post: {size: '3'}}",
        "connections: {post: {provider: 7}}",
        "connections: {post: {provider: nobodys}}",
        "connections: {post: 3}",
        "accounts: {carla: {left: 3, timezone: Europe/Berlin}}",
        "accounts: {carla: {left: {connection: crm}}}",
        "accounts: {carla: {left: {connection: [crm]}, right: {connection: mail}}}",
    ],
)
async def test_what_somebody_has_edited_by_hand_is_told_and_is_no_mistake_of_calsync(
    chefs: Program, house: House, text: str
) -> None:
    (house.folder / "calsync.db.yaml").write_text(text)
    for method, path, body in ASKED:
        asked = path.replace("/mail", "/post").replace("/anna", "/carla")
        assert (await chefs.ask(method, asked, body)).status != 500, asked


async def test_what_is_not_there_is_not_found(chefs: Program) -> None:
    assert (await chefs.get("/providers/nobodys")).word == "provider_unknown"
    for method, path, body in (
        ("POST", "/connections/nothing/sync", None),
        ("POST", "/connections/nothing/calendars", {"mailbox": "a@b.de"}),
        ("GET", "/connections/nothing/people", None),
        ("GET", "/connections/nothing/questions", None),
        ("PUT", "/connections/nothing/answers", {"answers": {}}),
    ):
        assert (await chefs.ask(method, path, body)).word == "connection_unknown"


async def test_a_system_is_asked_what_only_it_knows(
    chefs: Program, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = (await chefs.get("/connections/crm/people")).json["members"]
    assert members == [{"id": "7", "addresses": ["anna@example.de"]}]
    assert (await chefs.get("/connections/crm/questions")).json == {"questions": []}

    async def calendars(_: Setup, connection: str, side: dict[str, str]) -> Sequence[object]:
        if side["mailbox"] != "anna@example.de":
            raise AccountError(f"connection {connection}: there is no such mailbox")
        raise LoginError(f"connection {connection}: the password is refused")

    async def busy(_: Setup, connection: str) -> Sequence[object]:
        raise Retry(f"{connection}: cannot reach crm.example.de")

    monkeypatch.setattr(Setup, "people", busy)
    answer = await chefs.get("/connections/crm/people")
    assert (answer.status, answer.word) == (503, "system_busy")
    assert "cannot reach" in answer.json["detail"]
    monkeypatch.setattr(Setup, "calendars", calendars)
    for mailbox, why in (("nobody@example.de", "no such mailbox"), ("anna@example.de", "password is refused")):
        answer = await chefs.ask("POST", "/connections/mail/calendars", {"mailbox": mailbox})
        assert (answer.status, answer.word) == (409, "system")
        assert why in answer.json["detail"]


async def test_only_what_is_offered_can_be_answered(
    chefs: Program, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chefs.ask("POST", "/connections", POST)
    words = Words(en="How many?", de="Wie viele?")
    options = [Option(name=each, words=words, settings={"size": each}) for each in ("3", "5")]
    question = Question(key="size", label=words, help=words, options=options, chosen="3", settled=False)

    async def questions(_: Setup, connection: str) -> Sequence[Question]:
        assert connection == "post"
        return [question]

    monkeypatch.setattr(Setup, "questions", questions)
    (told,) = (await chefs.get("/connections/post/questions")).json["questions"]
    assert (told["label"], told["chosen"], [one["name"] for one in told["options"]]) == (
        "How many?",
        "3",
        ["3", "5"],
    )
    for wrong in ({"size": "4"}, {"url": "https://elsewhere.example"}):
        answer = await chefs.ask("PUT", "/connections/post/answers", {"answers": wrong})
        assert (answer.status, answer.word, set(answer.json["keys"])) == (409, "not_offered", set(wrong))
    assert (await chefs.ask("PUT", "/connections/post/answers", {"answers": {"size": "5"}})).status == 204
    assert config(house).connections["post"].settings == FIELDS | {"size": "5"}


async def test_all_accounts_of_a_connection_are_run_sooner(chefs: Program, office: Office) -> None:
    assert (await chefs.ask("POST", "/connections/mail/sync")).status == 204
    assert set(office.woken) == {
        name for name, one in office.accounts.items() if "mail" in {one.left.connection, one.right.connection}
    }


async def test_many_accounts_are_switched_at_once(chefs: Program) -> None:
    body = {"accounts": ["anna", "nobody", "bernd"], "on": False}
    assert (await chefs.ask("POST", "/switches", body)).status == 204
    states = {one["name"]: one["state"] for one in (await chefs.get("/accounts")).json["accounts"]}
    assert states == {"anna": "off", "bernd": "off"}
    changes = [(one["account"], one["what"], one["after"]) for one in (await chefs.get("/audit")).json["changes"]]
    assert set(changes[:2]) == {("anna", "enabled", "off"), ("bernd", "enabled", "off")}
