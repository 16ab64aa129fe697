"""Every hook that calsync calls. Hooks register objects; the objects work.

A plugin is a module (or package) of the entry point group `calsync.plugins`, or one in a folder that the
configuration names under `plugin_dirs`, with functions marked by `hookimpl`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from calsync.ports import ProviderSpec, RuleSpec
    from calsync.sync.plan import Plan

PROJECT = "calsync"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def calsync_providers() -> Sequence[ProviderSpec]:  # type: ignore[empty-body] # pluggy calls the implementations
    """Return the providers of this plugin. Called once, when a configuration names one of them."""


@hookspec
def calsync_rules() -> Sequence[RuleSpec]:  # type: ignore[empty-body]
    """Return the rules of this plugin. Called once, when a configuration names one of them."""


@hookspec
def calsync_commands(cli: click.Group) -> None:
    """Add this plugin's commands to the command line. Called only when a command that it lists is used."""


@hookspec
def calsync_plan_ready(account: str, plan: Plan) -> None:
    """Observe the plan of a run before anything is written. Errors are logged and change nothing."""
