"""The installed command line, driven as a user would: one process for each command."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import TYPE_CHECKING, Any

from calsync.errors import CalsyncError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable
    from pathlib import Path


class CommandFailed(CalsyncError):  # noqa: N818 - errors are named as outcomes
    """The demo cannot go on: a command of calsync did not do what it should. It has said why itself."""


class CommandLine:
    """`calsync COMMAND -c FILE`. Its standard error, a progress bar above all, is the demo's own."""

    def __init__(self, configuration: Path) -> None:
        self.configuration = configuration

    async def json(self, command: str) -> Any:
        """Run a command with `--json` and return its object. Raises CommandFailed for any exit code but 0."""
        return json.loads(await self._output(command, "--json"))

    async def login(self, connection: str, use_code: Callable[[str], object]) -> str:
        """Run `calsync login`, whose code somebody uses; return the last line. Raises CommandFailed."""
        process = await self.start("login", connection, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None  # noqa: S101 - it is piped
        line = ""
        try:
            async for content in process.stdout:
                line = content.decode().strip()
                if found := re.search(r"Code.*: (\w+)$", line, re.IGNORECASE):
                    use_code(found[1])
        finally:
            code = await (process.wait() if process.stdout.at_eof() else stopped(process))
        if code:
            raise CommandFailed(f"calsync login ended with exit code {code}")
        return line

    async def invite(self, name: str, *options: str) -> str:
        """Run `calsync user invite`; return the link that it prints. Raises CommandFailed."""
        return (await self._output("user", "invite", name, *options)).splitlines()[-1]

    async def _output(self, *command: str) -> str:
        process = await self.start(*command, stdout=asyncio.subprocess.PIPE)
        try:
            output, _ = await process.communicate()
        except BaseException:
            await stopped(process)
            raise
        if process.returncode:
            raise CommandFailed(f"calsync {command[0]} ended with exit code {process.returncode}")
        return output.decode()

    async def start(self, *command: str, stdout: int | None = None, log: Path | None = None) -> Process:
        """Start a command and return its process. With `log` its standard error goes to that file."""
        arguments = [sys.executable, "-m", "calsync", *command, "-c", str(self.configuration)]
        if log is None:
            return await asyncio.create_subprocess_exec(*arguments, stdout=stdout)
        with log.open("ab") as file:
            return await asyncio.create_subprocess_exec(*arguments, stdout=stdout, stderr=file)


async def stopped(process: Process) -> int:
    """Ask a process to stop, wait for it, and return its exit code."""
    if process.returncode is None:
        process.terminate()
    return await process.wait()
