from __future__ import annotations

import json
from pathlib import Path

import calsync_flowfact


def test_the_manifest_promises_what_the_hook_hands_over() -> None:
    manifest = json.loads((Path(calsync_flowfact.__file__).parent / "manifest.json").read_text())
    given = [spec.name for spec in calsync_flowfact.calsync_providers()]
    assert manifest["provides"] == {"providers": given, "rules": [], "commands": ["flowfact"]}
