"""Subscriptions, and the answer without an end that wakes who has subscribed."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from lxml import etree

from calsync_sandbox.ews import EwsServer
from calsync_sandbox.mailbox import Mailbox

Draft = Callable[..., dict[str, Any]]
ALL = ("CreatedEvent", "ModifiedEvent", "MovedEvent", "DeletedEvent")
END = re.compile(rb"</(?:\w+:)?Envelope\s*>")
SPACES = (
    'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
)


async def subscribe(ews: Any, *events: str, folder: str = '<t:DistinguishedFolderId Id="calendar"/>') -> Any:
    kinds = "".join(f"<t:EventType>{event}</t:EventType>" for event in events or ALL)
    return await ews.send(
        f"<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>{folder}</t:FolderIds>"
        f"<t:EventTypes>{kinds}</t:EventTypes></m:StreamingSubscriptionRequest></m:Subscribe>"
    )


class Stream:
    """Reads the envelopes of one stream."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self._data = b""

    async def next(self) -> Any:
        while not (found := END.search(self._data)):
            piece = await self.answer.content.readany()
            assert piece, "the stream has ended"
            self._data += piece
        content, self._data = self._data[: found.end()], self._data[found.end() :]
        return etree.fromstring(content)

    async def ends(self) -> bool:
        return not self._data and not await self.answer.content.read()


@asynccontextmanager
async def streaming(ews: Any, *ids: str) -> AsyncIterator[Stream]:
    wanted = "".join(f"<t:SubscriptionId>{one}</t:SubscriptionId>" for one in ids)
    content = (
        f"<s:Envelope {SPACES}><s:Body><m:GetStreamingEvents><m:SubscriptionIds>{wanted}</m:SubscriptionIds>"
        "<m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents></s:Body></s:Envelope>"
    )
    headers = {"Authorization": ews.authorization}
    async with ews.session.post(ews.server.ews_url, data=content.encode(), headers=headers) as answer:
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        yield Stream(answer)


def names(envelope: Any) -> list[str]:
    path = "//*[local-name()='Notification']/*[contains(local-name(), 'Event') and not(local-name()='MoreEvents')]"
    return [str(etree.QName(one).localname) for one in envelope.xpath(path)]


def status(envelope: Any) -> list[str]:
    return [str(one.text) for one in envelope.xpath("//*[local-name()='ConnectionStatus']")]


async def test_what_happens_is_told(ews: Any, anna: Mailbox, draft: Draft) -> None:
    made = await subscribe(ews)
    assert made.code == "NoError"
    anna.create(draft())  # before the stream: not made up for
    async with streaming(ews, made.text("//m:SubscriptionId")) as stream:
        assert status(await stream.next()) == ["OK"]
        event_id = anna.create(draft())["id"]
        assert names(await stream.next()) == ["CreatedEvent"]
        anna.edit(event_id, {"subject": "Neu"})
        modified = await stream.next()
        assert names(modified) == ["ModifiedEvent"]
        old = modified.xpath("//*[local-name()='ItemId']/@Id")[0]
        anna.delete(event_id)
        moved = await stream.next()
        assert names(moved) == ["MovedEvent"]
        assert moved.xpath("//*[local-name()='OldItemId']/@Id") == [old]
        assert moved.xpath("//*[local-name()='ItemId']/@Id") != [old]
        other = anna.add_calendar("Privat")
        anna.move_to_calendar(anna.create(draft())["id"], other)
        assert names(await stream.next()) == ["CreatedEvent", "MovedEvent"]


async def test_only_wanted_events_and_folders(ews: Any, anna: Mailbox, draft: Draft) -> None:
    made = await subscribe(ews, "ModifiedEvent")
    async with streaming(ews, made.text("//m:SubscriptionId")) as stream:
        await stream.next()
        anna.create(draft(), anna.add_calendar("Privat"))
        event_id = anna.create(draft())["id"]
        anna.edit(event_id, {"subject": "Neu"})
        assert names(await stream.next()) == ["ModifiedEvent"]


async def test_changed_occurrences_are_changes_of_their_series(ews: Any, anna: Mailbox, draft: Draft) -> None:
    from datetime import date

    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}
    master = anna.create(draft(recurrence=daily))["id"]
    known = (await ews.sync()).id
    made = await subscribe(ews)
    async with streaming(ews, made.text("//m:SubscriptionId")) as stream:
        await stream.next()
        anna.delete(anna.occurrence_id(master, date(2026, 3, 4)))
        told = await stream.next()
        assert (names(told), told.xpath("//*[local-name()='ItemId']/@Id")) == (["ModifiedEvent"], [known])


async def test_signs_of_life_and_the_end(ews: Any, server: EwsServer) -> None:
    server.switches.heartbeat = 0.05
    made = await subscribe(ews)
    async with streaming(ews, made.text("//m:SubscriptionId")) as stream:
        await stream.next()
        assert names(await stream.next()) == ["StatusEvent"]
        server.state.subscriptions.close_streams()
        while not (words := status(await stream.next())):
            pass
        assert words == ["Closed"]
        assert await stream.ends()
    assert server.state.subscriptions.streams == set()


@pytest.mark.parametrize("size", [1, 37])
async def test_pieces_of_any_size(ews: Any, server: EwsServer, anna: Mailbox, draft: Draft, size: int) -> None:
    server.switches.stream_chunk = size
    made = await subscribe(ews)
    async with streaming(ews, made.text("//m:SubscriptionId")) as stream:
        assert status(await stream.next()) == ["OK"]
        anna.create(draft())
        assert names(await stream.next()) == ["CreatedEvent"]


async def test_lost_and_unknown_subscriptions(ews: Any, server: EwsServer) -> None:
    made = await subscribe(ews)
    subscription = made.text("//m:SubscriptionId")
    async with streaming(ews, subscription) as stream:
        await stream.next()
        server.state.subscriptions.lose()
        assert status(await stream.next()) == ["Closed"]
    async with streaming(ews, subscription, "other") as stream:
        refused = await stream.next()
        assert refused.xpath("//*[local-name()='ResponseCode']")[0].text == "ErrorSubscriptionNotFound"
        assert [one.text for one in refused.xpath("//*[local-name()='SubscriptionId']")] == [subscription, "other"]
        assert await stream.ends()


async def test_clients_that_go(ews: Any, server: EwsServer, anna: Mailbox, draft: Draft) -> None:
    made = await subscribe(ews)
    async with streaming(ews, made.text("//m:SubscriptionId")) as stream:
        await stream.next()
        stream.answer.close()
    async with asyncio.timeout(20):
        while server.state.subscriptions.streams:
            anna.create(draft())
            await asyncio.sleep(0.01)


async def test_ending_and_refused_subscriptions(ews: Any) -> None:
    made = await subscribe(ews)
    end = f"<m:Unsubscribe><m:SubscriptionId>{made.text('//m:SubscriptionId')}</m:SubscriptionId></m:Unsubscribe>"
    assert (await ews.send(end)).code == "NoError"
    assert (await ews.send(end)).code == "ErrorSubscriptionNotFound"
    assert (await subscribe(ews, folder='<t:DistinguishedFolderId Id="journal"/>')).code == "ErrorFolderNotFound"
    pull = "<m:Subscribe><m:PullSubscriptionRequest/></m:Subscribe>"
    assert (await ews.send(pull)).code == "ErrorInvalidSubscriptionRequest"
