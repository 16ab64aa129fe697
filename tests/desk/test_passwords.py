"""Passwords: what is too easy, and that only the right one fits."""

from __future__ import annotations

import pytest

from calsync.desk import Passwords, Refused
from calsync.desk.passwords import check

GOOD = "vier grüne Schafe"


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("elf Zeichen", "password_short"),
        ("x" * 257, "password_long"),
        ("anna.beispiel2026", "password_name"),
        ("Anna.Beispiel-Anna.Beispiel", "password_name"),
        ("123456789012", "password_name"),
    ],
)
def test_what_is_easy_to_guess_is_refused(password: str, word: str) -> None:
    with pytest.raises(Refused) as refused:
        check(password, "anna.beispiel")
    assert refused.value.word == word


def test_length_counts_and_nothing_else() -> None:
    check(GOOD, "anna.beispiel")


async def test_only_the_right_password_fits() -> None:
    passwords = Passwords()
    hashed = await passwords.hashed(GOOD)
    assert await passwords.fits(GOOD, hashed)
    assert not await passwords.fits(f"{GOOD} ", hashed)
    assert not await passwords.fits("", hashed)
    assert not await passwords.fits("", None)
    passwords.close()


async def test_nothing_of_it_can_be_read_and_no_two_look_alike() -> None:
    passwords = Passwords()
    first, second = await passwords.hashed(GOOD), await passwords.hashed(GOOD)
    assert first != second
    assert first.startswith("scrypt$32768$8$3$")
    assert "Schafe" not in first
    passwords.close()
