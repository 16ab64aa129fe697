"""Every hook that calsync calls. Hooks register objects; the objects work.

A plugin is a package with functions marked by `hookimpl` and a `manifest.json` that names what they hand over. An
installed distribution names the package in the entry point group `calsync.plugins`; without installing it may
lie in a folder that the configuration names under `plugin_dirs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from calsync.ports import OpenConnection, ProviderSpec, RuleSpec

PROJECT = "calsync"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook of its name."""


@hookspec
def calsync_providers() -> Sequence[ProviderSpec]:  # type: ignore[empty-body] # pluggy calls the implementations
    """Return the providers of this plugin, the ones that its manifest names.

    Called once at the start, and only when the configuration names one of them. Opening a connection is the
    spec's work, not this hook's.
    """


@hookspec
def calsync_rules() -> Sequence[RuleSpec]:  # type: ignore[empty-body]
    """Return the rules of this plugin, the ones that its manifest names.

    Called once at the start, and only when the configuration names one of them. The order of the chain is the
    configuration's, not that of the plugins.
    """


@hookspec
def calsync_commands(cli: click.Group, open_connection: OpenConnection) -> None:
    """Add this plugin's commands, the ones that its manifest names, to the group `cli`.

    A command that works with a connection gets it from `open_connection`; an implementation that needs none leaves
    that argument out.

    Called only when one of them is used, and only for the plugin that lists it; so only for installed plugins,
    because no configuration is read yet.
    """
