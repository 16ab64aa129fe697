"""A configuration is parsed when one of its files is another one, and not again before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import calsync.parsed
from calsync.errors import ConfigError
from calsync.loading import load_operators, whole
from calsync.parsed import Parsed

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from calsync.loading import Operators
    from tests.house import House

SECOND = """
connections:
  post: {provider: memory}
accounts:
  carla:
    left: {connection: crm, name: carla-crm}
    right: {connection: post, name: carla-mail}
    timezone: Europe/Berlin
"""


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what has been read: `operators`, or `whole`."""
    told: list[str] = []

    def operators(path: Path) -> Operators:
        told.append("operators")
        return load_operators(path)

    def both(operators: Operators) -> Any:
        told.append("whole")
        return whole(operators)

    monkeypatch.setattr(calsync.parsed, "load_operators", operators)
    monkeypatch.setattr(calsync.parsed, "whole", both)
    return told


async def test_files_that_stay_are_parsed_once(house: House, read: list[str]) -> None:
    (house.folder / "calsync.db.yaml").write_text(SECOND)
    parsed = Parsed(house.folder / "calsync.yaml")
    assert list((await parsed.operators()).config.accounts) == ["anna", "berta"]
    for _ in range(3):
        assert list((await parsed.whole())[0].accounts) == ["anna", "berta", "carla"]
    assert await parsed.operators() is await parsed.operators()
    assert read == ["operators", "whole"]


async def test_who_asks_at_the_same_time_waits_for_one_parse(house: House, read: list[str]) -> None:
    parsed = Parsed(house.folder / "calsync.yaml")
    await asyncio.gather(*(parsed.whole() for _ in range(5)))
    assert read == ["operators", "whole"]


async def test_the_second_file_alone_is_read_anew_when_pages_have_changed_it(
    house: House, read: list[str]
) -> None:
    parsed, second = Parsed(house.folder / "calsync.yaml"), house.folder / "calsync.db.yaml"
    assert "carla" not in (await parsed.whole())[0].accounts
    second.write_text(SECOND)
    assert "carla" in (await parsed.whole())[0].accounts
    second.unlink()
    assert "carla" not in (await parsed.whole())[0].accounts
    assert read == ["operators", "whole", "whole", "whole"]


async def test_another_file_of_the_same_length_and_time_is_noticed(house: House) -> None:
    file = house.folder / "calsync.yaml"
    parsed = Parsed(file)
    assert (await parsed.whole())[0].accounts["berta"].right.settings == {"name": "berta-mail"}
    other = file.with_suffix(".new")
    other.write_text(file.read_text().replace("berta-mail", "berta-liam"))
    other.replace(file)
    assert (await parsed.whole())[0].accounts["berta"].right.settings == {"name": "berta-liam"}


@pytest.mark.parametrize("place", ["secrets.yaml", "secrets/word"])
async def test_a_secret_that_was_changed_is_noticed(house: House, place: str) -> None:
    secret = house.folder / place
    secret.parent.mkdir(exist_ok=True)
    lines = "word: {}\n" if secret.suffix else "{}\n"
    secret.write_text(lines.format("first-word"))
    secret.chmod(0o600)
    secret.parent.chmod(0o700)
    house.configure(right='"berta-mail"')
    file = house.folder / "calsync.yaml"
    file.write_text(
        file.read_text().replace("mail: {provider: memory}", "mail: {provider: memory, secret: !secret word}")
    )
    parsed = Parsed(file)
    assert (await parsed.whole())[0].connections["mail"].settings["secret"] == "first-word"
    secret.write_text(lines.format("another-word"))
    assert (await parsed.whole())[0].connections["mail"].settings["secret"] == "another-word"
    assert (await parsed.operators()).config.connections["mail"].settings["secret"] == "another-word"


async def test_what_is_wrong_is_told_each_time_until_it_is_mended(house: House) -> None:
    file = house.folder / "calsync.yaml"
    good, parsed = file.read_text(), Parsed(file)
    await parsed.whole()
    file.write_text("a: [")
    for _ in range(2):
        with pytest.raises(ConfigError):
            await parsed.whole()
    file.write_text(good)
    assert "anna" in (await parsed.whole())[0].accounts
