"""/subscriptions: who is told of changes in a mailbox, after a handshake with the address that is to be called."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from calsync_sandbox.graph.calls import Reply
from calsync_sandbox.graph.errors import GraphError
from calsync_sandbox.graph.notifications import Deliveries, changed, lifecycle
from calsync_sandbox.mailbox.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calsync_sandbox.graph.face import Face
    from calsync_sandbox.graph.routing import Request
    from calsync_sandbox.graph.switches import GraphSwitches
    from calsync_sandbox.mailbox import Mailbox
    from calsync_sandbox.mailbox.store import Change

LEAST_MINUTES = 45
"""A shorter life is made as long as this."""
MOST_PER_MAILBOX = 1000
MAX_CLIENT_STATE = 128
CHANGE_TYPES = frozenset({"created", "updated", "deleted"})
_PATH = re.compile(r"/subscriptions(?:/(?P<id>[^/]+)(?P<again>/reauthorize)?)?")
_RESOURCE = re.compile(r"/?users/(?P<mailbox>[^/]+)/events", re.IGNORECASE)
_WRITTEN = frozenset(
    {
        "changeType",
        "clientState",
        "expirationDateTime",
        "latestSupportedTlsVersion",
        "lifecycleNotificationUrl",
        "notificationUrl",
        "resource",
    }
)


@dataclass(eq=False, slots=True, kw_only=True)
class Subscription:
    """One client's wish to be told of the events of one mailbox."""

    id: str
    client_id: str
    tenant: str
    resource: str
    mailbox: Mailbox
    change_types: frozenset[str]
    notification_url: str
    lifecycle_url: str | None
    client_state: str | None
    until: float
    """Seconds since the epoch."""
    authorised: bool = True
    """Nothing is told while it is not: `reauthorizationRequired`."""


class Subscriptions:
    """All subscriptions of one server. They end by the server's clock."""

    def __init__(
        self, switches: GraphSwitches, now: Callable[[], float], find_face: Callable[[str], Face]
    ) -> None:
        self.deliveries = Deliveries(switches)
        self._switches = switches
        self._now = now
        self._find_face = find_face
        self._made: dict[str, Subscription] = {}

    @property
    def present(self) -> Mapping[str, Subscription]:
        """Return those that have not ended, by id."""
        now = self._now()
        for one in [one for one in self._made.values() if one.until <= now]:
            del self._made[one.id]
        return self._made

    def watch(self, mailbox: Mailbox) -> None:
        """Tell whoever wants to know of each change in a mailbox from now on."""

        def tell(change: Change) -> None:
            for one in self.present.values():
                if one.mailbox is mailbox and one.authorised:
                    notification = changed(one, change)
                    if notification["changeType"] in one.change_types:
                        self.deliveries.add(one.notification_url, notification)

        mailbox.store.noted.append(tell)

    def tell(self, event: Literal["reauthorizationRequired", "subscriptionRemoved", "missed"]) -> None:
        """Tell all clients of something that has happened to their subscriptions, and let it happen."""
        for one in list(self.present.values()):
            one.authorised &= event != "reauthorizationRequired"
            if event == "subscriptionRemoved":
                del self._made[one.id]
            if one.lifecycle_url is not None:
                self.deliveries.add(one.lifecycle_url, lifecycle(one, event))

    def lose(self) -> None:
        """Forget all subscriptions, and tell nobody."""
        self._made.clear()

    async def close(self) -> None:
        await self.deliveries.close()

    async def answer(self, asked: Request, client_id: str, tenant: str) -> Reply:
        """Answer a request below /subscriptions. Raises MailboxError."""
        found = _PATH.fullmatch(asked.path)
        name, again = (found["id"], bool(found["again"])) if found else (None, True)
        match asked.method, name, again:
            case "GET", None, False:
                own = [_shown(one) for one in self.present.values() if one.client_id == client_id]
                return Reply(200, {"value": own}, "[subscription]")
            case "POST", None, False:
                return await self._create(asked.body, client_id, tenant)
            case "GET", str(), False:
                return Reply(200, _shown(self._own(name, client_id)), "subscription")
            case "PATCH", str(), False:
                return self._renew(self._own(name, client_id), asked.body)
            case "DELETE", str(), False:
                del self._made[self._own(name, client_id).id]
                return Reply(204)
            case "POST", str(), True:
                self._own(name, client_id).authorised = True
                return Reply(204)
        raise bad_request("Resource not found for the segment.", "BadRequest")

    def _own(self, name: str, client_id: str) -> Subscription:
        found = self.present.get(unquote(name))
        if found is None or found.client_id != client_id:
            raise GraphError(404, "ResourceNotFound", "The object was not found.")
        return found

    async def _create(self, body: Any, client_id: str, tenant: str) -> Reply:
        one = self._read(body, client_id, tenant)
        alike = [other for other in self.present.values() if other.mailbox is one.mailbox]
        if len(alike) >= MOST_PER_MAILBOX:
            raise GraphError(403, "ExtensionError", "The mailbox has reached its limit of subscriptions.")
        same = [other for other in alike if other.client_id == client_id and other.resource == one.resource]
        if self._switches.refuse_duplicate_subscription and same:
            raise GraphError(409, "ExtensionError", "A subscription of this resource exists already.")
        for url in (one.notification_url, one.lifecycle_url):
            if url is not None and not await self.deliveries.validate(url):
                raise bad_request("Subscription validation request failed.", "ValidationError")
        self._made[one.id] = one
        return Reply(201, _shown(one), "subscription")

    def _read(self, body: Any, client_id: str, tenant: str) -> Subscription:
        given = _without_annotations(body)
        types = frozenset(str(given.get("changeType", "")).split(","))
        found = _RESOURCE.fullmatch(str(given.get("resource", "")))
        state, lifecycle_url = given.get("clientState"), given.get("lifecycleNotificationUrl")
        if given.keys() - _WRITTEN or not types <= CHANGE_TYPES or found is None:
            raise bad_request("The subscription's properties are not valid.", "InvalidRequest")
        if state is not None and (not isinstance(state, str) or len(state) > MAX_CLIENT_STATE):
            raise bad_request("The clientState is too long.", "InvalidRequest")
        return Subscription(
            id=str(uuid.uuid4()),
            client_id=client_id,
            tenant=tenant,
            resource=given["resource"],
            mailbox=self._find_face(unquote(found["mailbox"])).mailbox,
            change_types=types,
            notification_url=_public(given.get("notificationUrl")),
            lifecycle_url=None if lifecycle_url is None else _public(lifecycle_url),
            client_state=state,
            until=self._until(given),
        )

    def _renew(self, one: Subscription, body: Any) -> Reply:
        given = _without_annotations(body)
        if given.keys() != {"expirationDateTime"}:
            raise bad_request("Only expirationDateTime can be changed.", "InvalidRequest")
        one.until, one.authorised = self._until(given), True
        return Reply(200, _shown(one), "subscription")

    def _until(self, body: Mapping[str, Any]) -> float:
        """Return when a subscription is to end, in seconds since the epoch."""
        try:
            wanted = datetime.fromisoformat(body["expirationDateTime"])
        except (KeyError, TypeError, ValueError):
            raise bad_request("The expirationDateTime is missing or malformed.", "InvalidRequest") from None
        left = (wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)).timestamp() - self._now()
        if not 0 < left <= self._switches.subscription_minutes * 60:
            raise bad_request("The subscription's life is too long, or over.", "ExtensionError")
        return self._now() + max(left, LEAST_MINUTES * 60)


def _without_annotations(body: Any) -> dict[str, Any]:
    """Return what a request says; Microsoft's clients also name the type."""
    return {key: value for key, value in body.items() if "@" not in key} if isinstance(body, dict) else {}


def _public(url: Any) -> str:
    """Accept what may be called: https, and http on loopback, as there is no certificate for it."""
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))):
        return str(url)
    raise bad_request("NotificationUrl must be an https address.", "InvalidRequest")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(one: Subscription) -> dict[str, Any]:
    return {
        "id": one.id,
        "resource": one.resource,
        "applicationId": one.client_id,
        "changeType": ",".join(sorted(one.change_types)),
        "clientState": one.client_state,
        "notificationUrl": one.notification_url,
        "lifecycleNotificationUrl": one.lifecycle_url,
        "expirationDateTime": stamp(one.until),
        "creatorId": one.client_id,
    }


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
