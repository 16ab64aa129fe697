"""`calsync export-config`: what was added on the pages as YAML, its secrets named only."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from calsync.cli import run
from calsync.second import SecondFile

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = b"k" * 32


def test_it_is_printed_without_secrets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "calsync.yaml"
    key = base64.b64encode(KEY).decode()
    config.write_text(f"service: {{store: sqlite:///{tmp_path}/calsync.db, key: {key}}}\nconnections: {{}}\n")
    file = SecondFile(tmp_path / "calsync.db", KEY)
    with file.changing() as draft:
        password = file.keep("büro", "password", "canary")
        draft.connections["büro"] = {"provider": "exchange_ews", "url": "https://x/y", "password": password}
    assert run(["export-config", "-c", str(config)]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[3:] == [
        "connections:",
        "  büro:",
        "    provider: exchange_ews",
        "    url: https://x/y",
        "    password: !secret 'b_ro_password'",
    ]
    assert "#   b_ro_password: ..." in printed
    assert run(["export-config", "-c", str(tmp_path / "nowhere.yaml")]) == 2
