"""What a public address and a listening one may look like."""

from __future__ import annotations

import pytest
import voluptuous as vol

from calsync.config.addresses import address, public_url
from calsync.config.model import Address
from calsync.web.origins import Origins


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://calsync.example.de", "https://calsync.example.de"),
        ("https://calsync.example.de/", "https://calsync.example.de"),
        ("https://example.de:8443/sync/", "https://example.de:8443/sync"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://localhost:8765", "http://localhost:8765"),
        ("http://[::1]:8765", "http://[::1]:8765"),
    ],
)
def test_a_public_address_is_https(given: str, taken: str) -> None:
    assert public_url(given) == taken


@pytest.mark.parametrize(
    "given",
    [
        "http://calsync.example.de",
        "calsync.example.de",
        "https://",
        "https://user@example.de",
        "https://user:word@example.de",
        "https://example.de?x=1",
        "https://example.de#x",
        "https://example.de:99999",
        "https://exa mple.de",
        "ftp://example.de",
        "https://[",
        8765,
        None,
    ],
)
def test_anything_else_is_refused(given: object) -> None:
    with pytest.raises(vol.Invalid, match="must be an https address"):
        public_url(given)


def test_an_address_to_listen_at() -> None:
    assert address("127.0.0.1:8765") == Address(host="127.0.0.1", port=8765)
    assert address("[::1]:1") == Address(host="::1", port=1)
    assert address("calsync:65535") == Address(host="calsync", port=65_535)


@pytest.mark.parametrize("given", ["127.0.0.1", ":8765", "127.0.0.1:0", "127.0.0.1:65536", "::1:80", 8765, None])
def test_an_address_without_host_or_port_is_refused(given: object) -> None:
    with pytest.raises(vol.Invalid, match="must be a host and a port"):
        address(given)


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("calsync:8765", "http://calsync:8765"),
        ("[::1]:8765", "http://[::1]:8765"),
        ("0.0.0.0:8765", "http://127.0.0.1:8765"),
        ("[::]:8765", "http://[::1]:8765"),
    ],
)
def test_the_pages_answer_at_the_address_that_people_are_told(listen: str, url: str) -> None:
    place = address(listen)
    assert place.url == url
    assert Origins(place.host, place.port).of(url.removeprefix("http://")) is not None
