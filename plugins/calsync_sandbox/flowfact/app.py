"""The FLOWFACT server: its services put together, and what people do in FLOWFACT's own user interface."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from calsync_sandbox.flowfact.auth import AdminTokenService
from calsync_sandbox.flowfact.directory import Directory
from calsync_sandbox.flowfact.entity_service import EntityService
from calsync_sandbox.flowfact.fields import wrapped
from calsync_sandbox.flowfact.gateway import PREFIXES, Gateway
from calsync_sandbox.flowfact.search import SearchService
from calsync_sandbox.flowfact.switches import Switches
from calsync_sandbox.flowfact.tenant import Tenant
from calsync_sandbox.flowfact.trash import Trash
from calsync_sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aiohttp import web
    from aiohttp.typedefs import Middleware

    from calsync_sandbox.flowfact.entities import Entity, TrashEntry
    from calsync_sandbox.flowfact.schemas import SchemaV2
    from calsync_sandbox.flowfact.users import User
    from calsync_sandbox.mail import MailLog


class FlowfactServer(Server):
    """One tenant. Requests act as its API user; `create`, `patch` and `delete` act as one of its people."""

    def __init__(self, mails: MailLog, *, now: Callable[[], float] = time.time, name: str = "flowfact") -> None:
        """`now` answers epoch seconds; it decides on timestamps, the search's lag and the end of sessions."""
        super().__init__(name)
        self.switches = Switches()
        self._tenant = Tenant(name, mails, self.switches, now)
        self._sessions = AdminTokenService(self._tenant)
        self._services = (
            self._sessions,
            EntityService(self._tenant),
            Trash(self._tenant),
            SearchService(self._tenant),
            Directory(self._tenant),
        )
        self._gateway = Gateway(self._tenant, self._sessions)
        self.add_user = self._tenant.users.add

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [route for service in self._services for prefix in PREFIXES for route in service.routes(prefix)]

    def middlewares(self) -> Sequence[Middleware]:
        return [self._gateway.admit]

    @property
    def api_token(self) -> str:
        return self._sessions.api_token

    @property
    def api_user(self) -> User:
        return self._tenant.api_user

    @property
    def schemas(self) -> dict[str, SchemaV2]:
        """By name. A test may take a field away."""
        return self._tenant.schemas

    @property
    def entities(self) -> dict[str, Entity]:
        """By id, in the shape of the wire. To be read; writes go through `create`, `patch`, `delete`."""
        return self._tenant.entities.live

    @property
    def trash(self) -> dict[str, TrashEntry]:
        """By id, the newest last."""
        return self._tenant.entities.trash

    @property
    def nylas_accounts(self) -> list[dict[str, Any]]:
        """The mailboxes that FLOWFACT's own sync knows; empty unless a test adds one."""
        return self._tenant.nylas_accounts

    def create(self, schema: str, fields: Mapping[str, Any], *, user: User) -> Entity:
        """Create an entity as a person does. Plain values: `{"subject": "Besichtigung", "assignee": [id]}`."""
        checked = self._tenant.fields(wrapped(fields), schema)
        return self._tenant.entities.create(schema, checked, user["id"])

    def patch(self, entity_id: str, fields: Mapping[str, Any], *, user: User) -> Entity:
        """Change the given fields as a person does; None empties one."""
        entity = self._tenant.entities.get(entity_id)
        checked = self._tenant.fields(wrapped(fields), entity["_metadata"]["schema"])
        return self._tenant.entities.patch(entity, checked, user["id"])

    def delete(self, entity_id: str, *, user: User) -> None:
        """Move an entity to the trash as a person does."""
        self._tenant.entities.delete(self._tenant.entities.get(entity_id), user["id"])

    def restore(self, entity_id: str) -> Entity:
        """Take an entity out of the trash, unchanged: its times do not move."""
        return self._tenant.entities.restore(entity_id)
