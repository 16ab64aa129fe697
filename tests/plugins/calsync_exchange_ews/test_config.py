from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from calsync.errors import ConfigError
from calsync_exchange_ews.config import CALENDAR_SCHEMA, CONNECTION_SCHEMA, Settings, settings_of

URL = "https://mail.example.de/EWS/Exchange.asmx"
LEAST = {"url": URL, "username": "EX\\anna", "password": " made up "}
BEARER = {"url": URL, "auth": "bearer", "tenant_id": "t", "client_id": "c", "client_secret": "made-up"}


def settings(options: dict[str, Any]) -> Settings:
    return settings_of(vol.Schema(CONNECTION_SCHEMA)(options), "exchange")


def test_the_defaults_are_the_careful_ones() -> None:
    found = settings(LEAST)
    assert (found.auth, found.impersonate, found.silent, found.max_channels) == ("auto", False, False, 2)
    assert (found.host, found.password) == ("mail.example.de", " made up ")
    assert settings({**LEAST, "meetings": "silent"}).silent
    assert not found.streaming
    assert settings({**LEAST, "streaming": True}).streaming


def test_secrets_are_not_shown() -> None:
    assert "made" not in repr(settings(LEAST)) + repr(settings(BEARER))


@pytest.mark.parametrize(
    "url",
    [
        "https://outlook.office365.com/EWS/Exchange.asmx",
        "https://OUTLOOK.office.com./EWS/Exchange.asmx",
        "https://eur.outlook.office365.us/EWS/Exchange.asmx",
        "https://partner.outlook.cn/EWS/Exchange.asmx",
    ],
)
def test_microsoft_365_has_another_provider(url: str) -> None:
    with pytest.raises(ConfigError, match="provider: graph"):
        settings({**LEAST, "url": url})


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.de/EWS/Exchange.asmx",
        "https://169.254.169.254/EWS/Exchange.asmx",
        "https://anna:made-up@mail.example.de/EWS/Exchange.asmx",
        "https://mail.example.de/EWS/Exchange.asmx?x=y",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(ConfigError) as error:
        settings({**LEAST, "url": url})
    assert "made-up" not in str(error.value)


def test_loopback_needs_no_tls() -> None:
    assert settings({**LEAST, "url": "http://127.0.0.1:8080/EWS/Exchange.asmx"}).host == "127.0.0.1"
    assert settings({**LEAST, "url": "https://myoffice365.company.de/EWS/Exchange.asmx"})


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": URL}, "username and password"),
        ({"url": URL, "username": "anna"}, "username and password"),
        ({"url": URL, "auth": "bearer", "tenant_id": "t"}, "client_id, client_secret"),
        ({**BEARER, "authority_url": "http://login.example.de"}, "https"),
    ],
)
def test_a_credential_must_be_whole(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        settings(options)


def test_a_bearer_needs_no_password() -> None:
    application = settings(BEARER).application
    assert application is not None
    assert (application.tenant_id, application.authority_url) == ("t", "https://login.microsoftonline.com")


@pytest.mark.parametrize(
    "options",
    [
        {**LEAST, "url": "mail.example.de"},
        {**LEAST, "url": "https://mail.example.de"},
        {**LEAST, "auth": "kerberos"},
        {**LEAST, "meetings": "send"},
        {**LEAST, "meetings": True},
        {**LEAST, "impersonate": "yes"},
        {**LEAST, "max_channels": 0},
        {**LEAST, "max_channels": True},
        {**LEAST, "password": ""},
        {**LEAST, "verify": False},
        {**LEAST, "ssl": False},
    ],
)
def test_what_the_schema_refuses(options: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid) as error:
        settings(options)
    assert "made up" not in str(error.value)


def test_an_account_names_a_mailbox() -> None:
    schema = vol.Schema(CALENDAR_SCHEMA)
    assert schema({"mailbox": " anna@example.de ", "calendar": "Besichtigungen"})["mailbox"] == "anna@example.de"
    with pytest.raises(vol.Invalid):
        schema({"mailbox": "anna"})
