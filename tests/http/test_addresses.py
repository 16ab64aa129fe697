"""Which addresses a server may have."""

from __future__ import annotations

import pytest

from calsync.errors import ConfigError
from calsync.http import checked_url


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.de",
        "https://10.0.0.7:8443/api",
        "http://127.0.0.1:8080",
        "http://localhost:8080/",
        "http://[::1]:8080",
        "http://[::ffff:7f00:1]",
    ],
)
def test_addresses_that_are_used(url: str) -> None:
    assert str(checked_url(url, "ff")).startswith(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.de",
        "http://10.0.0.7",
        "ftp://crm.example.de",
        "crm.example.de",
        "",
        "https://",
        "https://[",
        "https://crm.example.de:99999",
        "https://169.254.169.254/latest",
        "https://[fe80::1]",
        "https://[::ffff:169.254.169.254]",
        "https://[fd00:ec2::254]",
        "https://metadata.google.internal",
        "https://100.100.100.200",
        "https://2852039166",
        "https://0xa9fea9fe",
        "https://0.0.0.0",
        "https://crm.example.de?x=1",
        "https://crm.example.de#x",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="connection ff: "):
        checked_url(url, "ff")


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        checked_url("https://anna:hunter2@crm.example.de", "ff")
    assert "hunter2" not in str(caught.value)
