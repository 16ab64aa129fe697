"""What is made of the advisory service's answers: known vulnerabilities fail, silence is loud."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit.py"
FAKE = """
import pathlib, sys
output = [one.removeprefix("--output=") for one in sys.argv if one.startswith("--output=")][0]
answer = {answer!r}
if answer is not None:
    pathlib.Path(output).write_text(answer)
print({errors!r}, file=sys.stderr)
sys.exit({code})
"""
FINE = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
BAD = {"name": "lxml", "version": "6.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["6.1"]}, {"id": "PYSEC-2"}]}
UNKNOWN = {"name": "yarl", "skip_reason": "Dependency not found on PyPI and could not be audited: yarl (1.25.1)"}


def audit(
    folder: Path, packages: list[dict[str, Any]] | None, *, code: int = 0, errors: str = "", files: int = 1
) -> subprocess.CompletedProcess[str]:
    """Run the audit with a pip-audit that answers this."""
    answer = None if packages is None else json.dumps({"dependencies": packages, "fixes": []})
    (folder / "pip_audit.py").write_text(FAKE.format(answer=answer, errors=errors, code=code), "utf-8")
    command = [sys.executable, str(AUDIT), *[f"pins-{number}.txt" for number in range(files)]]
    environment = {"PYTHONPATH": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own


def test_packages_without_a_known_vulnerability_pass(tmp_path: Path) -> None:
    ended = audit(tmp_path, [FINE], files=2)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "audited: 1 packages, known vulnerabilities: 0\n"


def test_known_vulnerabilities_fail_and_are_named(tmp_path: Path) -> None:
    ended = audit(tmp_path, [FINE, BAD], code=1)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "lxml 6.0: PYSEC-1, mended in 6.1",
        "lxml 6.0: PYSEC-2, mended in no version yet",
    ]


def test_a_package_that_nobody_knows_is_not_taken_for_a_good_one(tmp_path: Path) -> None:
    ended = audit(tmp_path, [FINE, UNKNOWN])
    assert ended.returncode == 0
    assert ended.stderr == "THE ADVISORY SERVICE DOES NOT KNOW 1 of 2 packages, they were not audited\n"
    assert ended.stdout == "audited: 1 packages, known vulnerabilities: 0\n"


@pytest.mark.parametrize("errors", ["requests.exceptions.ConnectionError: Max retries exceeded", "ReadTimeout"])
def test_a_service_that_does_not_answer_is_one_loud_line(tmp_path: Path, errors: str) -> None:
    ended = audit(tmp_path, None, code=1, errors=errors, files=2)
    assert ended.returncode == 0
    assert ended.stderr == (
        "THE ADVISORY SERVICE DOES NOT ANSWER, nothing was audited of: pins-0.txt, pins-1.txt\n"
    )


def test_a_file_that_cannot_be_read_is_no_silence(tmp_path: Path) -> None:
    ended = audit(tmp_path, None, code=1, errors="pins-0.txt: no such file")
    assert ended.returncode == 1
    assert "pip-audit has failed at pins-0.txt" in ended.stderr
