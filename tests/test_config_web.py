"""`web:`: what it may say, and what is wrong with it, with file, line and key."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from calsync.config import Config, parse, validate
from calsync.errors import ConfigError
from calsync.ports import ProviderSpec

if TYPE_CHECKING:
    from pathlib import Path


def never(*_: Any) -> Any:
    pytest.fail("validating builds nothing")


MAIL = ProviderSpec(name="mail", connection_schema={}, calendar_schema={}, open=never)
HEAD = """\
service: {store: sqlite:////tmp/x.db}
connections: {flow: {provider: mail}, post: {provider: mail}}
"""
TENANT = "11111111-2222-3333-4444-555555555555"
SIGN_IN = f"  sign_in: {{tenant_id: {TENANT}, client_id: abc, client_secret: canary-secret}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calsync.yaml"


def read(file: Path, section: str) -> Config:
    file.write_text(HEAD + section, "utf-8")
    return validate(parse(file), {"mail": MAIL}, {})


def problem(file: Path, section: str) -> str:
    with pytest.raises(ConfigError) as refused:
        read(file, section)
    assert "canary-secret" not in str(refused.value)
    return str(refused.value).removeprefix(f"{file}:")


def test_without_it_there_are_no_pages(file: Path) -> None:
    assert read(file, "").web is None


def test_nothing_in_it_is_needed(file: Path) -> None:
    web = read(file, "web: {}\n").web
    assert web is not None
    assert (web.sign_in, web.self_service, web.metrics_token, web.trusted_proxy) == (None, None, None, None)


def test_all_of_it(file: Path) -> None:
    more = "  self_service: {left: {connection: flow}, right: {connection: post}}\n  trusted_proxy: 10.0.0.0/8\n"
    web = read(file, f"web:\n{SIGN_IN}{more}  metrics_token: 0123456789abcdef\n").web
    assert web is not None
    assert web.sign_in is not None
    assert (web.sign_in.tenant_id, web.sign_in.authority_url) == (TENANT, "https://login.microsoftonline.com")
    assert web.self_service is not None
    assert (web.self_service.left, web.self_service.right) == ("flow", "post")
    assert web.trusted_proxy is not None
    assert ip_address("10.2.3.4") in web.trusted_proxy
    assert "canary-secret" not in repr(web)
    assert "0123456789abcdef" not in repr(web)


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers", "example.onmicrosoft.com"])
def test_who_may_sign_in_is_one_tenant_by_its_id(file: Path, tenant: str) -> None:
    told = problem(file, f"web:\n{SIGN_IN.replace(TENANT, tenant)}")
    assert told == "4: web.sign_in.tenant_id: must be the directory's id"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("signin: {}", 'unknown key (did you mean "sign_in"?)'),
        ("metrics_token: short", "must be at least 16 letters, digits and signs, without blanks"),
        ("trusted_proxy: proxy", "must be an IP address like 10.0.0.1, or a range like 10.0.0.0/8"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(file: Path, key: str, told: str) -> None:
    assert problem(file, f"web:\n  {key}\n") == f"4: web.{key.partition(':')[0]}: {told}"


@pytest.mark.parametrize("url", ["http://example.de", "https://example.de/tenant", "https://user@example.de"])
def test_a_sign_in_server_is_asked_over_tls(file: Path, url: str) -> None:
    told = problem(file, f"web:\n{SIGN_IN.replace('}', f', authority_url: {url}}}')}")
    assert told.startswith("4: web.sign_in.authority_url: must be an https address")


def test_a_connection_that_does_not_exist_is_told(file: Path) -> None:
    told = problem(file, "web:\n  self_service: {left: {connection: flow}, right: {connection: pots}}\n")
    known = "there is no connection 'pots' (did you mean \"post\"?); connections are: flow, post"
    assert told == f"4: web.self_service.right.connection: {known}"


def test_an_empty_section_says_what_belongs_there(file: Path) -> None:
    assert problem(file, "web:\n") == "3: web: is empty; it must hold `key: value` lines"
