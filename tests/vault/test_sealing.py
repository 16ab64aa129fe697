"""A sealed text is readable with its key and in its place only."""

from __future__ import annotations

import json

import pytest

from calsync.vault.sealing import Unsealable, key_id, seal, unseal

KEY, OTHER = b"k" * 32, b"o" * 32
PLACE = ("m365", "tokens")


def test_what_was_sealed_is_found_again() -> None:
    sealed = seal(KEY, PLACE, "Schlüssel")
    assert "Schl" not in sealed
    assert unseal(KEY, PLACE, sealed) == "Schlüssel"


def test_two_texts_that_are_equal_do_not_look_equal() -> None:
    assert seal(KEY, PLACE, "a") != seal(KEY, PLACE, "a")


def test_the_key_is_named_and_not_told() -> None:
    assert json.loads(seal(KEY, PLACE, "a"))["key"] == key_id(KEY)
    assert key_id(KEY) != key_id(OTHER)
    with pytest.raises(Unsealable, match="another key"):
        unseal(OTHER, PLACE, seal(KEY, PLACE, "a"))


@pytest.mark.parametrize(
    "place", [("exchange", "tokens"), ("m365", "other"), ("m365", "tokens", ""), ("m365tokens",)]
)
def test_swapped_ones_do_not_decrypt(place: tuple[str, ...]) -> None:
    with pytest.raises(Unsealable, match="belongs elsewhere"):
        unseal(KEY, place, seal(KEY, PLACE, "a"))


@pytest.mark.parametrize("part", ["nonce", "sealed"])
def test_a_changed_one_does_not_decrypt(part: str) -> None:
    one, two = (json.loads(seal(KEY, PLACE, text)) for text in "ab")
    with pytest.raises(Unsealable, match="changed"):
        unseal(KEY, PLACE, json.dumps(one | {part: two[part]}))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null"])
def test_what_is_none_is_damaged(content: str) -> None:
    with pytest.raises(Unsealable, match="damaged"):
        unseal(KEY, PLACE, content)
