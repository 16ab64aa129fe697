"""The top group: calsync's own commands, and those of plugins, which are known from manifests alone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import click

from calsync.cli.failures import tell
from calsync.errors import PluginError
from calsync.loader import Plugins

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from calsync.ports import Provider


@asynccontextmanager
async def _open_connection(path: Path, connection: str) -> AsyncIterator[Provider]:
    from calsync.app import App  # noqa: PLC0415 - it brings in every driver, which most commands do without

    async with App.open(path) as app:
        yield app.provider(connection)


class PluginCommand(click.Command):
    """Stands for a plugin's command in listings. It is exchanged for the real one when it is used."""


class PluginGroup(click.Group):
    """Lists the plugins' commands without importing a plugin; using one imports only its own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *sorted(self._added)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self._added.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, PluginCommand) and name is not None:
            command = Plugins.find().command(name, _open_connection)
        return name, command, rest

    @cached_property
    def _added(self) -> dict[str, click.Command]:
        """What plugins add. A broken one costs its own commands, not calsync's."""
        try:
            plugins = Plugins.find()
        except PluginError as error:
            tell([str(error)])
            return {}
        tell(plugins.broken)
        return {
            name: PluginCommand(name, short_help=f"(plugin {plugin.manifest.domain}) {plugin.manifest.name}")
            for plugin in plugins.found
            for name in plugin.manifest.commands
            if name not in self.commands
        }
