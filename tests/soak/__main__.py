"""Let the service work for a while: `python -m tests.soak --minutes 30`. Exit code 1: a bound is missed."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.soak.soak import soak


def main() -> int:
    """Print what was seen, and keep it where somebody asks for it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of what people do and of what goes wrong")
    parser.add_argument("--json", type=Path, help="write the figures into this file, too")
    parser.add_argument("--folder", type=Path, help="keep calsync's store and log here")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # calsync ends with it
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        played = soak(folder, seconds=arguments.minutes * 60, accounts=arguments.accounts, seed=arguments.seed)
        findings = asyncio.run(played)
    sys.stdout.write(findings.table() + "\n")
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(findings.as_json(), indent=1), "utf-8")
    return 0 if findings.kept else 1


if __name__ == "__main__":
    sys.exit(main())
