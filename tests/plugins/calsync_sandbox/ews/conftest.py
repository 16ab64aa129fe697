from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import aiohttp
import pytest
from lxml import etree

from calsync_sandbox.authority import Tokens
from calsync_sandbox.ews import EwsServer, User
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from calsync_sandbox.mailbox import Mailbox

NAMES = {
    "s": "http://schemas.xmlsoap.org/soap/envelope/",
    "m": "http://schemas.microsoft.com/exchange/services/2006/messages",
    "t": "http://schemas.microsoft.com/exchange/services/2006/types",
    "e": "http://schemas.microsoft.com/exchange/services/2006/errors",
}
CALENDAR = '<t:DistinguishedFolderId Id="calendar"/>'
MARKER = (
    '<t:ExtendedFieldURI PropertySetId="C11FF724-AA03-4555-9952-8FA248A11C3E" PropertyName="calsync-foreign-id" '
    'PropertyType="String"/>'
)
TIMES = (
    "<t:Start>2026-03-02T09:00:00+01:00</t:Start><t:End>2026-03-02T10:00:00+01:00</t:End>",
    '<t:StartTimeZone Id="W. Europe Standard Time"/><t:EndTimeZone Id="W. Europe Standard Time"/>',
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def root(self) -> Any:
        return etree.fromstring(self.content)

    def all(self, path: str) -> list[Any]:
        return list(self.root.xpath(path, namespaces=NAMES))

    def text(self, path: str) -> str | None:
        """Return the text of the first element on a path, None without one."""
        found = self.all(path)
        return (found[0].text or "") if found else None

    def texts(self, path: str) -> list[str]:
        return [str(one.text) for one in self.all(path)]

    @property
    def codes(self) -> list[str]:
        return self.texts("//m:ResponseCode|//e:ResponseCode")

    @property
    def code(self) -> str:
        (code,) = self.codes
        return code

    @property
    def id(self) -> str:
        return str(self.all("//t:ItemId")[0].get("Id"))

    @property
    def key(self) -> str:
        return str(self.all("//t:ItemId")[0].get("ChangeKey"))


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


class Client:
    """Sends raw SOAP as anna, with Basic."""

    def __init__(self, session: aiohttp.ClientSession, server: EwsServer) -> None:
        self.session = session
        self.server = server
        self.authorization = basic("EX\\anna", "geheim")

    async def send(
        self,
        operation: str,
        *,
        version: str = "Exchange2013_SP1",
        header: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        spaces = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())
        content = (
            f'<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope {spaces}><s:Header>'
            f'<t:RequestServerVersion Version="{version}"/>{header}</s:Header>'
            f"<s:Body>{operation}</s:Body></s:Envelope>"
        )
        return await self.raw(content.encode(), headers=headers)

    async def raw(self, content: bytes, *, headers: Mapping[str, str] | None = None, path: str = "") -> Answer:
        url = self.server.url + (path or "/EWS/Exchange.asmx")
        sent = {"Authorization": self.authorization} if self.authorization else {}
        async with self.session.post(
            url, data=io.BytesIO(content), headers=sent | dict(headers or {}), allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def create(
        self,
        subject: str = "Besichtigung",
        more: str = "",
        *,
        after: str = "",
        send: str = "SendToNone",
        **kw: Any,
    ) -> Answer:
        """Create an hour on 2 March; `more` stands behind the subject, `after` between End and StartTimeZone."""
        item = f"<t:Subject>{escape(subject)}</t:Subject>{more}{TIMES[0]}{after}{TIMES[1]}"
        return await self.create_raw(item, send=send, **kw)

    async def create_raw(
        self, item: str, *, send: str = "SendToNone", folder: str = CALENDAR, **kw: Any
    ) -> Answer:
        return await self.send(
            f'<m:CreateItem MessageDisposition="SaveOnly" SendMeetingInvitations="{send}">'
            f"<m:SavedItemFolderId>{folder}</m:SavedItemFolderId>"
            f"<m:Items><t:CalendarItem>{item}</t:CalendarItem></m:Items></m:CreateItem>",
            **kw,
        )

    async def get(self, *item_ids: str, fields: str = "", body: str = "Text", base: str = "IdOnly") -> Answer:
        """Get items; `fields` are names like `item:Subject`, separated by blanks, and `X` for the marker."""
        ids = "".join(f'<t:ItemId Id="{one}"/>' for one in item_ids)
        uris = "".join(MARKER if one == "X" else f'<t:FieldURI FieldURI="{one}"/>' for one in fields.split())
        more = f"<t:AdditionalProperties>{uris}</t:AdditionalProperties>" if uris else ""
        return await self.send(
            f"<m:GetItem><m:ItemShape><t:BaseShape>{base}</t:BaseShape><t:BodyType>{body}</t:BodyType>{more}"
            f"</m:ItemShape><m:ItemIds>{ids}</m:ItemIds></m:GetItem>"
        )

    async def update(
        self,
        item_id: str,
        key: str,
        *updates: str,
        send: str = "SendToNone",
        conflicts: str = "NeverOverwrite",
        **kw: Any,
    ) -> Answer:
        changed = f' ChangeKey="{key}"' if key else ""
        return await self.send(
            f'<m:UpdateItem ConflictResolution="{conflicts}" MessageDisposition="SaveOnly" '
            f'SendMeetingInvitationsOrCancellations="{send}"><m:ItemChanges><t:ItemChange>'
            f'<t:ItemId Id="{item_id}"{changed}/><t:Updates>{"".join(updates)}</t:Updates>'
            f"</t:ItemChange></m:ItemChanges></m:UpdateItem>",
            **kw,
        )

    async def delete(
        self, item_id: str, *, send: str = "SendToNone", how: str = "MoveToDeletedItems", key: str = ""
    ) -> Answer:
        changed = f' ChangeKey="{key}"' if key else ""
        return await self.send(
            f'<m:DeleteItem DeleteType="{how}" SendMeetingCancellations="{send}">'
            f'<m:ItemIds><t:ItemId Id="{item_id}"{changed}/></m:ItemIds></m:DeleteItem>'
        )

    async def sync(self, state: str = "", *, size: int = 512, shape: str = "", folder: str = CALENDAR) -> Answer:
        given = f"<m:SyncState>{state}</m:SyncState>" if state else ""
        return await self.send(
            f"<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{shape}</m:ItemShape>"
            f"<m:SyncFolderId>{folder}</m:SyncFolderId>{given}"
            f"<m:MaxChangesReturned>{size}</m:MaxChangesReturned></m:SyncFolderItems>"
        )

    async def find(
        self, view: str = "", restriction: str = "", *, folder: str = CALENDAR, fields: str = ""
    ) -> Answer:
        uris = "".join(f'<t:FieldURI FieldURI="{one}"/>' for one in fields.split())
        more = f"<t:AdditionalProperties>{uris}</t:AdditionalProperties>" if uris else ""
        return await self.send(
            f'<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{more}</m:ItemShape>'
            f"{view}{restriction}<m:ParentFolderIds>{folder}</m:ParentFolderIds></m:FindItem>"
        )


def set_field(uri: str, value: str) -> str:
    """Return a SetItemField; `value` is the whole element."""
    path = MARKER if uri == "X" else f'<t:FieldURI FieldURI="{uri}"/>'
    return f"<t:SetItemField>{path}<t:CalendarItem>{value}</t:CalendarItem></t:SetItemField>"


def delete_field(uri: str) -> str:
    path = MARKER if uri == "X" else f'<t:FieldURI FieldURI="{uri}"/>'
    return f"<t:DeleteItemField>{path}</t:DeleteItemField>"


def folder_of(address: str, name: str = "calendar") -> str:
    """Return a folder of somebody's mailbox."""
    mailbox = f"<t:Mailbox><t:EmailAddress>{address}</t:EmailAddress></t:Mailbox>"
    return f'<t:DistinguishedFolderId Id="{name}">{mailbox}</t:DistinguishedFolderId>'


def people(kind: str, *names: str) -> str:
    """Return an element of attendees, `RequiredAttendees` for one."""
    invited = "".join(
        f"<t:Attendee><t:Mailbox><t:EmailAddress>{name}@example.org</t:EmailAddress></t:Mailbox></t:Attendee>"
        for name in names
    )
    return f"<t:{kind}>{invited}</t:{kind}>"


class Xml:
    """The builders above, for tests."""

    set = staticmethod(set_field)
    delete = staticmethod(delete_field)
    folder_of = staticmethod(folder_of)
    people = staticmethod(people)
    marker = MARKER
    basic = staticmethod(basic)
    calendar = CALENDAR
    times = TIMES


@pytest.fixture
def xml() -> type[Xml]:
    return Xml


@pytest.fixture
def now() -> list[float]:
    """The servers' time in epoch seconds; a test moves it by changing the only entry."""
    return [1_780_000_000.0]


@pytest.fixture
def mails() -> MailLog:
    return MailLog()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(lambda: 0.0)


@pytest.fixture
def graph(now: list[float], mails: MailLog, tokens: Tokens) -> GraphServer:
    """Owns the mailboxes; it does not listen."""
    return GraphServer(mails, tokens, now=lambda: now[0])


@pytest.fixture
def anna(graph: GraphServer) -> Mailbox:
    return graph.add_mailbox("anna@example.de", aliases=("anna.muster@example.de",))


@pytest.fixture
async def server(graph: GraphServer, anna: Mailbox, mails: MailLog, tokens: Tokens) -> AsyncIterator[EwsServer]:
    server = EwsServer(mails, tokens, graph.mailbox)
    server.users.add(User("EX\\anna", "geheim", anna.address))
    server.users.add(User("EX\\dienst", "streng geheim", impersonates=True))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def ews(server: EwsServer) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(session, server)


@pytest.fixture
def draft() -> Callable[..., dict[str, Any]]:
    """Return what somebody makes in Outlook: one hour on 2 March 2026 in Berlin; keywords add to it."""

    def make(**more: Any) -> dict[str, Any]:
        return {
            "subject": "Besichtigung",
            "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "W. Europe Standard Time"},
            "end": {"dateTime": "2026-03-02T10:00:00", "timeZone": "W. Europe Standard Time"},
        } | more

    return make
