"""What the API user may do with appointments, as far as FLOWFACT tells without a write.

The entity-service answers whether a user may change or delete given entities (`hasaccess`, in the official
client). Nothing tells whether one may create, but one whom FLOWFACT names as a creator may.
`_metadata.currentAccessLevel` is not looked at: what its numbers mean is not public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.ports import Finding
from calsync_flowfact.entity import metadata
from calsync_flowfact.failures import NoRight, NotFound, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync_flowfact.client import Client
    from calsync_flowfact.entity import Entity

SAMPLE = 20
"""Appointments that are asked about."""
ENOUGH = 3
"""So many, none of which may be changed, are no exceptions: then the API user can only read."""
RIGHTS: Mapping[str, str] = {"change": "UPDATE", "delete": "DELETE"}


async def rights_of(client: Client, api_user: str | None, entities: Sequence[Entity]) -> Sequence[Finding]:
    """Say what the API user may do, judged by some of an account's appointments."""
    findings: list[Finding] = []
    granted: list[str] = []
    unknown: list[str] = []
    for verb, right in RIGHTS.items():
        answers = await _answers(client, right, api_user, entities)
        refused = answers.count(False)
        if refused:
            findings.append(_refusal(client.name, verb, refused, len(answers)))
        else:
            (granted if answers else unknown).append(verb)
    if all(api_user is None or metadata(entity).get("creator") != api_user for entity in entities):
        unknown.append("create")
    if granted:
        may = f"the API user may {' and '.join(granted)} the user's appointments"
        findings.append(Finding("ok", f"connection {client.name}: {may}"))
    if unknown and not any(one.severity == "error" for one in findings):
        may = f"the API user may {' or '.join(unknown)} appointments of this user"
        problem = f"FLOWFACT does not tell whether {may}"
        advice = "check its rights, as a missing one shows at the first write only"
        findings.append(Finding("warning", f"connection {client.name}: {problem}; {advice}"))
    return findings


async def _answers(client: Client, right: str, api_user: str | None, entities: Sequence[Entity]) -> list[bool]:
    """Return what FLOWFACT says about the entities, nothing where it does not say."""
    if api_user is None or not entities:
        return []
    try:
        return list(await client.has_access(right, api_user, entities))
    except (NoRight, NotFound, Rejected):
        return []


def _refusal(name: str, verb: str, refused: int, asked: int) -> Finding:
    none = refused == asked >= ENOUGH and verb == "change"
    which = f"none of {asked}" if refused == asked else f"only {asked - refused} of {asked}"
    advice = "ask FLOWFACT's administrator to give it the right, or choose one direction for this account"
    problem = f"the API user may {verb} {which} appointments of this user that were asked about"
    return Finding("error" if none else "warning", f"connection {name}: {problem}; {advice}")
