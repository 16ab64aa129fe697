"""What the API user may do with appointments, as far as FLOWFACT tells without a write.

The entity-service answers whether a user may change or delete given entities (`hasaccess`, in the official
client). Nothing tells whether one may create, but one whom FLOWFACT names as a creator may.
`_metadata.currentAccessLevel` is not looked at: what its numbers mean is not public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_flowfact.answers import Answer, ok, problem, warning
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
VERBS_DE: Mapping[str, str] = {"change": "ändern", "delete": "löschen", "create": "anlegen"}


async def rights_of(client: Client, api_user: str | None, entities: Sequence[Entity]) -> Sequence[Answer]:
    """Say what the API user may do, judged by some of an account's appointments."""
    found: list[Answer] = []
    granted: list[str] = []
    unknown: list[str] = []
    for verb, right in RIGHTS.items():
        answers = await _answers(client, right, api_user, entities)
        refused = answers.count(False)
        if refused:
            found.append(_refusal(verb, refused, len(answers)))
        else:
            (granted if answers else unknown).append(verb)
    if all(api_user is None or metadata(entity).get("creator") != api_user for entity in entities):
        unknown.append("create")
    if granted:
        en = f"the API user may {' and '.join(granted)} the user's appointments"
        found.append(
            ok("rights", en, f"Der API-Benutzer darf die Termine {' und '.join(VERBS_DE[one] for one in granted)}")
        )
    if unknown and not any(one.severity == "error" for one in found):
        found.append(_untold(unknown))
    return found


async def _answers(client: Client, right: str, api_user: str | None, entities: Sequence[Entity]) -> list[bool]:
    """Return what FLOWFACT says about the entities, nothing where it does not say."""
    if api_user is None or not entities:
        return []
    try:
        return list(await client.has_access(right, api_user, entities))
    except (NoRight, NotFound, Rejected):
        return []


def _untold(unknown: Sequence[str]) -> Answer:
    oder = " oder ".join(VERBS_DE[verb] for verb in unknown)
    return warning(
        "rights",
        f"FLOWFACT does not tell whether the API user may {' or '.join(unknown)} appointments of this user; check "
        "its rights, as a missing one shows at the first write only",
        f"FLOWFACT sagt nicht, ob der API-Benutzer Termine {oder} darf; bitte prüfen Sie seine Rechte, denn ein "
        "fehlendes zeigt sich erst beim ersten Schreiben",
    )


def _refusal(verb: str, refused: int, asked: int) -> Answer:
    none = refused == asked >= ENOUGH and verb == "change"
    which = f"none of {asked}" if refused == asked else f"only {asked - refused} of {asked}"
    welche = f"keinen von {asked}" if refused == asked else f"nur {asked - refused} von {asked}"
    return (problem if none else warning)(
        "rights",
        f"the API user may {verb} {which} appointments of this user that were asked about; ask FLOWFACT's "
        "administrator to give it the right, or choose one direction for this account",
        f"der API-Benutzer darf {welche} der angesehenen Termine {VERBS_DE[verb]}; bitten Sie die "
        "FLOWFACT-Administration um das Recht, oder wählen Sie für dieses Konto nur eine Richtung",
    )
