"""The whole demo on tenants of other habits: other names and forms, each switch of the server the other way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from calsync_sandbox.demo.console import Console
from calsync_sandbox.demo.show import fill, play
from calsync_sandbox.flowfact import GUESSED, RENAMED, Form
from calsync_sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Tenant:
    """The server's switches, and what its administrator would configure."""

    form: Form
    switches: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)


TENANTS = {
    "talkative": Tenant(
        GUESSED,
        {
            "create_response": "entity",
            "last_modified_on_create": True,
            "timestamp_moves": True,
            "missing_first": True,
            "max_page_size": 7,
            "search_lag": 0.7,
            "rights": frozenset({"create", "UPDATE", "DELETE"}),
            "version_prefix": "stable",
        },
        {"path_prefix": "stable"},
    ),
    "taciturn": Tenant(
        RENAMED,
        {
            "create_response": "quoted_id",
            "patch_response": "empty",
            "strict_fields": "ignore",
            "empty_values": "ignore",
            "metadata_filter": "400",
            "max_window": 200,
            "trash_in_search": True,
            "token_seconds": 1.0,
            "unauthorized_status": 403,
            "rate_limit": 100,
            "version_prefix": "latest",
        },
        {"path_prefix": "latest", "clear_strategy": "empty_string"},
    ),
}


@pytest.mark.parametrize("name", TENANTS)
async def test_the_demo_on_a_tenant_of_other_habits(tmp_path: Path, name: str) -> None:
    tenant, quiet = TENANTS[name], Console(quiet=True)
    async with Sandbox(form=tenant.form, flowfact_options=tenant.options) as sandbox:
        for switch, value in tenant.switches.items():
            assert getattr(sandbox.flowfact.switches, switch) != value
            setattr(sandbox.flowfact.switches, switch, value)
        anna, filled = fill(sandbox, (), 10, quiet)
        _, outcome = await play(sandbox, anna, filled, tmp_path, quiet)
    assert outcome.good, outcome


NO_DEMO = {"rate_window", "modified_moves", "sorts", "ignores_offset", "hidden"}
"""A number of another switch, and what a check or a probe reports: a demo cannot be good with it."""


def test_each_switch_is_tried() -> None:
    switches = {switch for tenant in TENANTS.values() for switch in tenant.switches}
    assert switches | NO_DEMO == set(Sandbox().flowfact.switches.__dataclass_fields__)
