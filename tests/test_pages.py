"""The pages of a configuration are put together with what the service does when people have changed something."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from calsync.desk import Known, Refused
from calsync.desk.accounts import Accounts
from calsync.http import HttpFactory
from calsync.loading import load
from calsync.pages import Work, disabled, site_of
from calsync.people import OPERATOR
from calsync.store import SqliteStore
from tests.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from pathlib import Path

    from calsync.desk import Desk
    from calsync.engine import Confirmation, Leaving, Report, Undone
    from calsync.records import Selection
    from calsync.sync.model import Side

KEPT = """
connections:
  gone: {provider: nobody}
  more: {provider: memory, size: "1"}
"""


class Serving:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def wake(self, account: str, reason: str) -> None:
        del reason
        self.asked.append(account)

    def proven(self, connection: str) -> None:
        self.asked.append(f"all of {connection}")

    async def plan(self, account: str) -> Report:
        raise NotImplementedError

    async def undo(self, account: str, selection: Selection, plan_hash: str | None) -> Undone:
        raise NotImplementedError

    async def leave(self, account: str, remove: Side | None, who: str, plan_hash: str | None) -> Leaving:
        raise NotImplementedError

    async def confirm(self, account: str, plan_hash: str) -> Confirmation:
        raise NotImplementedError

    def changed(self) -> None:
        self.asked.append("changed")


@pytest.fixture
def serving() -> Serving:
    return Serving()


@pytest.fixture
async def desk(tmp_path: Path, serving: Serving) -> AsyncIterator[Desk]:
    house = House(tmp_path)
    file = tmp_path / "calsync.yaml"
    key = base64.b64encode(b"k" * 32).decode()
    file.write_text(file.read_text().replace("service: {", f"service: {{key: {key}, ") + "\nweb: {}\n")
    (tmp_path / "calsync.db.yaml").write_text(KEPT)
    (tmp_path / "calsync.db.yaml").chmod(0o600)
    config, _ = load(file)
    store = await SqliteStore.in_memory()

    async def names() -> Collection[str]:
        return config.accounts

    known = Known(
        accounts=lambda: config.accounts,
        systems=dict,
        disabled=lambda: [disabled(one) for one in config.ignored],
    )
    accounts, http = Accounts(store.settings, names, house.clock), HttpFactory(house.clock)
    work = Work(accounts, serving, names, serving.changed, http)
    with site_of(config, store, house.clock, known, work, lambda _: None) as site:
        assert site is not None
        yield site.desk
    await store.close()


async def test_what_was_changed_is_read_anew_and_asked_for_anew(desk: Desk, serving: Serving) -> None:
    assert [one.message for one in (await desk.checks.of("more")).findings] == ["signed in"]
    assert list(desk.checks.last()) == ["more"]
    assert serving.asked == ["all of more"]  # whoever was refused there is tried again
    serving.asked.clear()
    await desk.setup(OPERATOR).change_connection("more", {"size": "2"})
    assert serving.asked == ["changed"]
    assert desk.checks.last() == {}


async def test_who_signs_in_has_the_connections_accounts_run(desk: Desk, serving: Serving) -> None:
    await desk.checks.of("crm")
    serving.asked.clear()
    await desk.setup(OPERATOR).finish_sign_in("crm", {}, {"code": "x"})
    assert serving.asked == ["anna", "berta"]
    assert desk.checks.last() == {}


async def test_what_the_second_file_says_in_vain_is_a_card_for_administrators(desk: Desk) -> None:
    (card,) = await desk.showing.repairs(OPERATOR)
    assert (card.cause, card.connection, card.account) == ("configuration", "gone", None)
    assert "nobody" in (card.detail or "")


async def test_only_administrators_set_up(desk: Desk) -> None:
    anna = (await desk.people.invite("Anna", OPERATOR.role.USER)).person
    with pytest.raises(Refused) as error:
        desk.setup(anna)
    assert error.value.word == "administrators_only"
    for by in (lambda: desk.people.invite("Eve", OPERATOR.role.USER, by=anna), lambda: desk.members.listed(anna)):
        with pytest.raises(Refused) as error:
            await by()
        assert error.value.word == "administrators_only"
