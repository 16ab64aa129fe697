"""At which addresses pages are shown, and where a page may send somebody on to."""

from __future__ import annotations

import pytest

from calsync.web.origins import Origin, Origins
from calsync.web.visitor import within

PUBLIC = Origins("127.0.0.1", 8765, "https://calsync.example.de/sync")


@pytest.mark.parametrize("host", ["calsync.example.de", "Calsync.Example.DE", "calsync.example.de:443"])
def test_the_public_address_is_known(host: str) -> None:
    origin = PUBLIC.of(host)
    assert origin == Origin("https://calsync.example.de", "/sync")
    assert origin.secure


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765"])
def test_so_is_this_machine(host: str) -> None:
    assert PUBLIC.of(host) == Origin(f"http://{host}", "")


@pytest.mark.parametrize(
    "host", ["", "evil.example", "127.0.0.1", "127.0.0.1:80", "localhost:8766", "calsync.example.de.evil.example"]
)
def test_no_other_address_is(host: str) -> None:
    assert PUBLIC.of(host) is None


def test_an_address_that_stands_for_all_is_none() -> None:
    everywhere = Origins("0.0.0.0", 80)  # noqa: S104 - what operators write
    assert everywhere.of("0.0.0.0:80") is None
    assert everywhere.of("127.0.0.1") == Origin("http://127.0.0.1")


def test_an_address_of_the_own_network_is_known() -> None:
    assert Origins("10.0.0.5", 8765).of("10.0.0.5:8765") == Origin("http://10.0.0.5:8765")


@pytest.mark.parametrize("path", ["/", "/people", "/people/3?a=b", "/a//b", "/?next=https://example.de"])
def test_a_path_of_ours_is_gone_on_to(path: str) -> None:
    assert within(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "people",
        "//evil.example",
        "/\\evil.example",
        "///evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/a\\b",
        "https://evil.example",
        "javascript:alert(1)",
        " /people",
        "/\r\nSet-Cookie: a=b",
        "//[",
    ],
)
def test_any_other_place_is_not(path: str) -> None:
    assert within(path) == "/"
