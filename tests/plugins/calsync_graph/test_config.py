"""What a connection and an account's side may say."""

from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from calsync.errors import ConfigError
from calsync.signin import Certificate
from calsync_graph.config import CALENDAR_SCHEMA, CONNECTION_SCHEMA, Settings, settings_of

IDS = {"tenant_id": "contoso.onmicrosoft.com", "client_id": "66666666-7777-8888-9999-000000000000"}
SECRET = {**IDS, "client_secret": "s3cret~value"}
FILES = {"private_key": "key.pem", "public_certificate": "cert.pem"}


def settings(**options: Any) -> Settings:
    return settings_of(vol.Schema(CONNECTION_SCHEMA)(options), "m365")


def test_a_secret_is_enough() -> None:
    found = settings(**SECRET)
    assert found.credential == "s3cret~value"
    assert found.authority_url == "https://login.microsoftonline.com"
    assert found.graph_url == "https://graph.microsoft.com"
    assert found.max_concurrency == 3
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize("certificate", [FILES, {"private_key": "key.pem", "thumbprint": "0aF9" * 10}])
def test_a_certificate_is_enough(certificate: dict[str, str]) -> None:
    assert settings(**IDS, certificate=certificate).credential == Certificate(**certificate)


def test_a_person_needs_neither() -> None:
    assert settings(**IDS, sign_in="delegated").credential is None


@pytest.mark.parametrize(
    ("cloud", "authority", "graph"),
    [
        ("global", "login.microsoftonline.com", "graph.microsoft.com"),
        ("us", "login.microsoftonline.us", "graph.microsoft.us"),
        ("us_dod", "login.microsoftonline.us", "dod-graph.microsoft.us"),
        ("china", "login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"),
        ("germany", "login.sovcloud-identity.de", "graph.svc.sovcloud.de"),
    ],
)
def test_each_cloud_has_a_name(cloud: str, authority: str, graph: str) -> None:
    found = settings(**SECRET, cloud=cloud)
    assert (found.authority_url, found.graph_url) == (f"https://{authority}", f"https://{graph}")


def test_other_clouds_have_other_addresses() -> None:
    found = settings(
        **SECRET, authority_url="https://login.microsoftonline.us/", graph_url="https://graph.microsoft.us"
    )
    assert (found.authority_url, found.graph_url) == (
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {**SECRET, "certificate": FILES},
        {**SECRET, "certificate": {**FILES, "thumbprint": "0a" * 20}},
        {**IDS, "certificate": {"public_certificate": "cert.pem"}},
        {**IDS, "certificate": {"private_key": "key.pem", "thumbprint": "0a"}},
        {**SECRET, "tenant_id": "a/b"},
        {**SECRET, "client_id": ""},
        {**SECRET, "client_secret": "two words"},
        {**SECRET, "client_secret": 5},
        {**SECRET, "max_concurrency": 0},
        {**SECRET, "max_concurrency": True},
        {**SECRET, "graph_url": "https://graph.microsoft.com/v1.0"},
        {**SECRET, "graph_url": "graph.microsoft.com"},
        {**SECRET, "sign_in": "person"},
        {**SECRET, "cloud": "france"},
        {**SECRET, "mailbox_outside_scope": "anna"},
        {**SECRET, "unknown": 1},
    ],
)
def test_wrong_keys_are_refused_without_being_repeated(options: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid) as invalid:
        vol.Schema(CONNECTION_SCHEMA)(options)
    assert "two words" not in str(invalid.value)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (IDS, "give client_secret or certificate"),
        ({**SECRET, "sign_in": "delegated"}, "needs no client_secret"),
        ({**IDS, "sign_in": "delegated", "certificate": FILES}, "needs no client_secret"),
        ({**IDS, "certificate": {"private_key": "key.pem"}}, "public_certificate or thumbprint"),
        ({**SECRET, "graph_url": "http://graph.microsoft.com"}, "https"),
        ({**SECRET, "authority_url": "http://169.254.169.254"}, "https"),
        ({**SECRET, "authority_url": "https://login.microsoftonline.us"}, "authority_url and graph_url"),
        ({**SECRET, "cloud": "us", "graph_url": "https://graph.microsoft.us"}, "give cloud, or"),
    ],
)
def test_what_a_schema_cannot_say_is_refused_too(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as refused:
        settings(**options)
    assert "connection m365" in str(refused.value)


def test_an_account_names_a_mailbox_and_perhaps_a_calendar() -> None:
    schema = vol.Schema(CALENDAR_SCHEMA)
    assert schema({"mailbox": " anna@example.de "}) == {"mailbox": "anna@example.de"}
    assert schema({"mailbox": "anna@example.de", "calendar": "Büro"})["calendar"] == "Büro"
    for wrong in ({}, {"mailbox": "anna"}, {"mailbox": "anna@example.de", "calendar": ""}):
        with pytest.raises(vol.Invalid):
            schema(wrong)
