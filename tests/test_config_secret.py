"""Secrets: where they come from, who may read them, and that no message shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.config import parse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calsync.yaml"
    path.write_text("connections:\n  ff:\n    api_token: !secret token\n")
    return path


def token(file: Path) -> str | None:
    value: str | None = parse(file, {}).values["connections"]["ff"]["api_token"]
    return value


def only_problem(file: Path) -> str:
    [problem] = parse(file, {}).problems
    assert problem.line == 3
    assert problem.key == ("connections", "ff", "api_token")
    return problem.text


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_a_secret_from_the_file_beside_the_configuration(file: Path) -> None:
    write(file.parent / "secrets.yaml", "token: s3cr3t\n")
    assert token(file) == "s3cr3t"
    assert "s3cr3t" not in repr(parse(file))


def test_a_secret_from_a_directory_of_files(file: Path) -> None:
    write(file.parent / "secrets" / "token", "s3cr3t\n")
    assert token(file) == "s3cr3t"


def test_a_credential_of_systemd_comes_first(file: Path, tmp_path: Path) -> None:
    write(tmp_path / "credentials" / "token", "s3cr3t\n", 0o440)
    write(file.parent / "secrets.yaml", "token: other\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert parse(file, environ).values["connections"]["ff"]["api_token"] == "s3cr3t"
    (tmp_path / "credentials" / "token").unlink()
    assert parse(file, environ).values["connections"]["ff"]["api_token"] == "other"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_file_that_others_can_read_is_refused_with_what_to_run(file: Path, mode: int) -> None:
    secrets = file.parent / "secrets.yaml"
    write(secrets, "token: s3cr3t\n", mode)
    assert only_problem(file) == f"{secrets} can be read by others; run: chmod 600 {secrets}"


def test_a_file_in_an_open_directory_must_be_closed_itself(file: Path) -> None:
    secret = file.parent / "secrets" / "token"
    write(secret, "s3cr3t", 0o644)
    secret.parent.chmod(0o755)
    assert only_problem(file).endswith(f"run: chmod 600 {secret}")
    secret.parent.chmod(0o700)
    assert token(file) == "s3cr3t"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("other: x\n", "there is no secret token in"),
        ("token: 12345\n", "is no text; write it in quotes"),
        ("token: ''\n", "is no text"),
        ("- token\n", "must hold one `name: value` on each line"),
        ("", "must hold one `name: value` on each line"),
        ("a: b\ntoken: [s3cr3t\n", "is no valid YAML in line 3"),
        ("token: \x07\n", "is no valid YAML"),
    ],
)
def test_a_file_without_the_secret(file: Path, text: str, expected: str) -> None:
    write(file.parent / "secrets.yaml", text)
    found = only_problem(file)
    assert expected in found
    assert "s3cr3t" not in found


def test_a_file_that_is_no_text(file: Path) -> None:
    secrets = file.parent / "secrets.yaml"
    secrets.write_bytes(b"token: \xff\n")
    secrets.chmod(0o600)
    assert only_problem(file) == f"{secrets} is no UTF-8 text"


def test_a_secrets_file_that_is_a_folder(file: Path) -> None:
    (file.parent / "secrets.yaml").mkdir(mode=0o700)
    assert "cannot be read" in only_problem(file)


def test_nothing_beside_the_configuration(file: Path) -> None:
    assert "there is neither" in only_problem(file)


@pytest.mark.parametrize("name", ["../calsync.yaml", ".hidden", "none"])
def test_a_name_leads_out_of_no_directory(tmp_path: Path, name: str) -> None:
    file = tmp_path / "calsync.yaml"
    file.write_text(f"connections:\n  ff:\n    api_token: !secret {name}\n")
    write(tmp_path / "secrets" / ".hidden", "x")
    assert only_problem(file).startswith("there is no secret")


def test_a_value_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "calsync.yaml"
    file.write_text("a: !env TOKEN\nb: !env EMPTY\nc: !env NONE\n")
    document = parse(file, {"TOKEN": "abc", "EMPTY": ""})
    assert document.values == {"a": "abc", "b": None, "c": None}
    assert [problem.text for problem in document.problems] == [
        "the environment variable EMPTY is not set",
        "the environment variable NONE is not set",
    ]


def test_the_process_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "calsync.yaml"
    file.write_text("a: !env CALSYNC_TEST\n")
    monkeypatch.setenv("CALSYNC_TEST", "abc")
    assert parse(file).values == {"a": "abc"}


def test_two_secrets_from_one_file(tmp_path: Path) -> None:
    write(tmp_path / "secrets.yaml", "a: first\nb: second\n")
    file = tmp_path / "calsync.yaml"
    file.write_text("x: !secret a\ny: !secret b\n")
    assert parse(file, {}).values == {"x": "first", "y": "second"}
