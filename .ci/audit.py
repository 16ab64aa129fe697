"""Asks whether a pinned package has a known vulnerability: `audit.py REQUIREMENTS...`.

Exit code 1 where there is one. Where the advisory service does not answer, or does not know a package, that is one
loud line, and no failure: it says nothing about the packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SECONDS = 300
NO_ANSWER = (
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "HTTPError",
    "ServiceError",
    "Max retries exceeded",
)
"""What pip-audit ends with where the service is not there."""


def main(paths: list[str]) -> int:
    packages: dict[tuple[str, str], list[str] | None] = {}
    silent = []
    for path in paths:
        answer = _asked(path)
        if answer is None:
            silent.append(path)
            continue
        for one in answer["dependencies"]:
            known = _findings(one)
            packages[one["name"], one.get("version", "")] = known
    unknown = [name for (name, _), found in packages.items() if found is None]
    if silent:
        print(
            f"THE ADVISORY SERVICE DOES NOT ANSWER, nothing was audited of: {', '.join(silent)}", file=sys.stderr
        )
    if unknown:
        told = f"{len(unknown)} of {len(packages)} packages"
        print(f"THE ADVISORY SERVICE DOES NOT KNOW {told}, they were not audited", file=sys.stderr)
    findings = [f"{name} {version}: {line}" for (name, version), found in packages.items() for line in found or ()]
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"audited: {len(packages) - len(unknown)} packages, known vulnerabilities: {len(findings)}")
    return 1 if findings else 0


def _asked(path: str) -> dict[str, Any] | None:
    """Return what pip-audit found in a file; None where the service did not answer."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        options = ["--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json"]
        command = [sys.executable, "-m", "pip_audit", *options, f"--output={found}", f"--requirement={path}"]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return None
        if found.exists() and found.stat().st_size:
            answer: dict[str, Any] = json.loads(found.read_text("utf-8"))
            return answer
        if any(word in ended.stderr for word in NO_ANSWER):
            return None
        sys.exit(f"pip-audit has failed at {path}:\n{ended.stderr}")


def _findings(package: dict[str, Any]) -> list[str] | None:
    """Return a line for each known vulnerability; None for a package that nobody has looked at."""
    if "vulns" not in package:
        return None
    return [
        f"{one['id']}, mended in {', '.join(one.get('fix_versions', ())) or 'no version yet'}"
        for one in package["vulns"]
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
