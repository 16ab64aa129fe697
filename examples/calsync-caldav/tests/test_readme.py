"""What the README configures is what the provider takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from calsync_caldav.config import CALENDAR_SCHEMA, CONNECTION_SCHEMA

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
M365 = '  m365: {provider: graph, tenant_id: example.de, client_id: "1", client_secret: "1"}\n'


def test_the_configuration_is_taken(tmp_path: Path) -> None:
    [shown] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    store = f'service: {{store: "sqlite:///{tmp_path}/calsync.db"}}\n'
    path = tmp_path / "calsync.yaml"
    path.write_text(store + shown.replace("accounts:\n", f"{M365}accounts:\n"), "utf-8")
    secrets = tmp_path / "secrets.yaml"
    secrets.touch(mode=0o600)
    secrets.write_text("cloud_password: made-up\n", "utf-8")
    command = [sys.executable, "-m", "calsync", "status", "-c", str(path), "--json"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (finished.returncode, '"anna"' in finished.stdout) == (0, True), finished.stderr


def test_each_key_is_described() -> None:
    keys = {str(key) for schema in (CONNECTION_SCHEMA, CALENDAR_SCHEMA) for key in schema}
    rows = re.findall(r"^\| (`.*?) \|", README, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == keys
