"""One company's tenant: what its services share, and what its people do in FLOWFACT's own user interface."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from calsync_sandbox.flowfact.entities import Entities, Entity
from calsync_sandbox.flowfact.fields import Fields, checked
from calsync_sandbox.flowfact.refusal import Refused
from calsync_sandbox.flowfact.schemas import SchemaV2, find, seeded
from calsync_sandbox.flowfact.ticks import Ticks
from calsync_sandbox.flowfact.users import Users

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync_sandbox.flowfact.switches import Switches
    from calsync_sandbox.mail import MailKind, MailLog


class Tenant:
    """The stores of a tenant. Everything that is read or written goes through here."""

    def __init__(self, name: str, mails: MailLog, switches: Switches, now: Callable[[], float]) -> None:
        self.switches = switches
        self.now = now
        self.company = {"id": str(uuid.uuid4()), "companyName": "Musterhaus Immobilien GmbH"}
        self.schemas: dict[str, SchemaV2] = seeded()
        self.entities = Entities(switches, Ticks(now))
        self.users = Users(self.company["id"], Ticks(now))
        self.api_user = self.users.add("api@musterhaus.example", first="API", last="calsync", kind="API")
        self.nylas_accounts: list[dict[str, Any]] = []
        self._name = name
        self._mails = mails

    def schema(self, name_or_id: str) -> SchemaV2:
        """Return one schema. Raises Refused (404)."""
        return find(self.schemas, name_or_id)

    def entity(self, schema: str | None, entity_id: str) -> Entity:
        """Return a live entity for the API user, of a schema (name or id) if one is given. Raises Refused."""
        if entity_id in self.switches.hidden:
            raise Refused(403, "Access denied")
        return self.entities.get(entity_id, None if schema is None else self.schema(schema)["name"])

    def allow(self, right: str) -> None:
        """Raise Refused (403) for what the API user may not do."""
        if right not in self.switches.rights:
            raise Refused(403, "Access denied")

    def fields(self, body: Any, schema: str) -> Fields:
        """Return the fields of a request, checked. Raises Refused (400, 404)."""
        ignore = self.switches.strict_fields == "ignore"
        return checked(body, self.schema(schema), self.users.by_id, ignore_unknown=ignore)

    def notify(self, entity: Entity, kind: MailKind) -> None:
        """Mail every contact that takes part in an appointment, in the API user's name."""
        schema = self.schemas[entity["_metadata"]["schema"]]
        for name, declared in schema["properties"].items():
            if declared.get("lnk_schema") == "contacts":
                contacts = entity.get(name, {}).get("values", [])
                sender = self.api_user["loginRelatedMailAddress"]
                self._mails.record(self._name, sender, entity["id"], kind, contacts)
