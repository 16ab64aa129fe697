"""Where the store is: a file, or a database of PostgreSQL with a place beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from calsync.config import Config, parse, validate
from calsync.errors import ConfigError

SERVER = "postgresql://calsync@db.example.de/agency?sslmode=verify-full"
BESIDE = "beside: /var/lib/calsync/calsync.db"


def configured(tmp_path: Path, *service: str) -> Config:
    file = tmp_path / "calsync.yaml"
    file.write_text("service:\n" + "".join(f"  {line}\n" for line in service) + "connections: {}\n")
    return validate(parse(file, {"STORE_PASSWORD": "ge/hei:m@"}), {}, {})


def refused(tmp_path: Path, *service: str) -> str:
    with pytest.raises(ConfigError) as error:
        configured(tmp_path, *service)
    return str(error.value)


def test_a_store_is_a_file_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    service = configured(tmp_path, "store: sqlite:////var/lib/calsync/calsync.db").service
    assert (service.store, service.database) == (Path("/var/lib/calsync/calsync.db"), None)


def test_a_database_has_its_password_from_elsewhere_and_shows_it_nowhere(tmp_path: Path) -> None:
    config = configured(tmp_path, f"store: {SERVER}", "store_password: !env STORE_PASSWORD", BESIDE)
    service = config.service
    assert service.store == Path("/var/lib/calsync/calsync.db")
    assert service.database == SERVER.replace("calsync@", "calsync:ge%2Fhei%3Am%40@")
    assert "hei" not in repr(config)


@pytest.mark.parametrize(
    "url",
    [
        SERVER,
        "postgresql://calsync@db.example.de:5433/agency?sslmode=verify-ca&sslrootcert=/etc/ca.pem",
        "postgresql://calsync@localhost/agency",
        "postgresql://calsync@/agency?host=/run/postgresql",
    ],
)
def test_a_database_is_reached_with_a_checked_certificate_or_on_this_machine(tmp_path: Path, url: str) -> None:
    assert configured(tmp_path, f"store: {url}", BESIDE).service.database == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("postgresql://calsync@db.example.de/agency", "must say sslmode=verify-full"),
        ("postgresql://calsync@db.example.de/agency?sslmode=require", "must say sslmode=verify-full"),
        ("postgresql://calsync:geheim@db.example.de/agency?sslmode=verify-full", "must hold no password"),
        ("postgresql://db.example.de/agency?sslmode=verify-full", "must be an address like postgresql://"),
        ("postgresql://calsync@db.example.de?sslmode=verify-full", "must be an address like postgresql://"),
        ("postgresql://calsync@db.example.de:x/agency", "must be an address like postgresql://"),
        ("postgresql://calsync@localhost/agency?options=-cfsync=off", "must be an address like postgresql://"),
        ("postgresql://calsync@/agency", "must name the server, or the folder of its socket"),
    ],
)
def test_another_address_is_refused(tmp_path: Path, url: str, problem: str) -> None:
    told = refused(tmp_path, f"store: {url}", BESIDE)
    assert f"2: service.store: {problem}" in told
    assert "geheim" not in told


def test_a_database_needs_a_place_for_what_is_kept_apart(tmp_path: Path) -> None:
    assert "service: a store on PostgreSQL needs `beside`" in refused(tmp_path, f"store: {SERVER}")
    assert "must be an absolute path" in refused(tmp_path, f"store: {SERVER}", "beside: calsync.db")


@pytest.mark.parametrize("line", [BESIDE, "store_password: !env STORE_PASSWORD"])
def test_a_file_needs_neither(tmp_path: Path, line: str) -> None:
    told = refused(tmp_path, "store: sqlite:////var/lib/calsync/calsync.db", line)
    assert f"3: service.{line.partition(':')[0]}: belongs to a store on PostgreSQL" in told
