"""SyncFolderItems: first everything, then what has changed; states never expire unless they are lost."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from calsync_sandbox.ews import EwsServer
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mailbox import Mailbox

Draft = Callable[..., dict[str, Any]]
DAILY = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}


def told(answer: Any) -> list[tuple[str, str]]:
    """Return the kinds of changes and the ids they are about."""
    return [
        (one.tag.partition("}")[2], one.xpath(".//*[local-name()='ItemId']")[0].get("Id"))
        for one in answer.all("//m:Changes/*")
    ]


def kinds(answer: Any) -> list[str]:
    return [kind for kind, _ in told(answer)]


async def follow(ews: Any, state: str = "", **options: Any) -> tuple[list[tuple[str, str]], str]:
    """Read pages until the last one; return all changes and the last state."""
    changes: list[tuple[str, str]] = []
    while True:
        answer = await ews.sync(state, **options)
        assert answer.code == "NoError"
        changes += told(answer)
        state = answer.text("//m:SyncState")
        if answer.text("//m:IncludesLastItemInRange") == "true":
            return changes, state


async def test_everything_page_by_page_newest_first(ews: Any, anna: Mailbox, draft: Draft) -> None:
    for number in range(7):
        anna.create(draft(subject=str(number)))
    shape = '<t:AdditionalProperties><t:FieldURI FieldURI="item:Subject"/></t:AdditionalProperties>'
    first = await ews.sync(size=3, shape=shape)
    assert (first.texts("//t:Subject"), first.text("//m:IncludesLastItemInRange")) == (["6", "5", "4"], "false")
    changes, state = await follow(ews, size=3)
    assert len({item_id for _, item_id in changes}) == 7
    assert await follow(ews, state) == ([], state)


async def test_an_empty_calendar(ews: Any) -> None:
    changes, state = await follow(ews)
    assert changes == []
    assert state


async def test_own_and_others_writes_come_back(ews: Any, xml: Any, anna: Mailbox, draft: Draft) -> None:
    _, state = await follow(ews)
    mine = await ews.create()
    event_id = anna.create(draft())["id"]
    changes, state = await follow(ews, state)
    assert [kind for kind, _ in changes] == ["Create", "Create"]
    assert changes[0][1] == mine.id
    changed = await ews.update(mine.id, mine.key, xml.set("item:Subject", "<t:Subject>Neu</t:Subject>"))
    anna.edit(event_id, {"subject": "Neu"})
    again, later = await follow(ews, state)
    assert again == [("Update", mine.id), ("Update", changes[1][1])]
    await ews.delete(changed.id)
    anna.delete(event_id)
    gone, _ = await follow(ews, later)
    assert gone == [("Delete", mine.id), ("Delete", changes[1][1])]
    assert (await follow(ews, state))[0] == gone


async def test_what_comes_and_goes_between_two_states_is_not_told(ews: Any) -> None:
    _, state = await follow(ews)
    await ews.delete((await ews.create()).id)
    assert (await follow(ews, state))[0] == []


async def test_a_restored_item_has_another_id(ews: Any, anna: Mailbox, draft: Draft) -> None:
    event_id = anna.create(draft())["id"]
    (known,), state = await follow(ews)
    anna.delete(event_id)
    assert (await ews.get(known[1])).code == "ErrorItemNotFound"
    anna.restore(event_id)
    changes, state = await follow(ews, state)
    assert [kind for kind, _ in changes] == ["Delete", "Create"]
    assert changes[0][1] == known[1] != changes[1][1]
    assert (await ews.get(changes[1][1], fields="item:Subject")).text("//t:Subject") == "Besichtigung"
    assert (await ews.get(known[1])).code == "ErrorItemNotFound"


async def test_items_move_between_calendars(ews: Any, anna: Mailbox, draft: Draft) -> None:
    other = anna.add_calendar("Privat")
    event_id = anna.create(draft())["id"]
    found = await ews.send(
        '<m:FindFolder Traversal="Deep"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>'
        '<m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindFolder>'
    )
    folder = f'<t:FolderId Id="{found.all("//t:FolderId")[0].get("Id")}"/>'
    (known,), state = await follow(ews)
    _, other_state = await follow(ews, folder=folder)
    anna.move_to_calendar(event_id, other)
    assert (await follow(ews, state))[0] == [("Delete", known[1])]
    (arrived,), other_state = await follow(ews, other_state, folder=folder)
    assert arrived[0] == "Create"
    assert arrived[1] != known[1]
    anna.move_to_calendar(event_id, anna.store.primary)
    (back,) = (await follow(ews, state))[0][1:]
    assert back[0] == "Create"
    assert back[1] not in {known[1], arrived[1]}
    assert (await follow(ews, other_state, folder=folder))[0] == [("Delete", arrived[1])]


async def test_series_are_masters_and_their_occurrences_updates_of_them(
    ews: Any, anna: Mailbox, draft: Draft
) -> None:
    master = anna.create(draft(recurrence=DAILY))["id"]
    (known,), state = await follow(ews)
    assert known[0] == "Create"
    anna.edit(anna.occurrence_id(master, date(2026, 3, 4)), {"subject": "Anders"})
    changes, state = await follow(ews, state)
    assert changes == [("Update", known[1])]
    anna.delete(anna.occurrence_id(master, date(2026, 3, 5)))
    changes, state = await follow(ews, state)
    assert changes == [("Update", known[1])]
    anna.delete(master)
    changes, state = await follow(ews, state)
    assert changes == [("Delete", known[1])]
    assert (await follow(ews))[0] == []


async def test_an_exception_without_its_series_is_an_item(ews: Any, anna: Mailbox, draft: Draft) -> None:
    orphan = anna.create(draft(seriesMasterId="elsewhere", originalStart="2026-03-02T08:00:00Z"))
    shape = '<t:AdditionalProperties><t:FieldURI FieldURI="calendar:CalendarItemType"/></t:AdditionalProperties>'
    answer = await ews.sync(shape=shape)
    assert (kinds(answer), answer.text("//t:CalendarItemType")) == (["Create"], "Exception")
    anna.delete(orphan["id"])
    assert kinds(await ews.sync(answer.text("//m:SyncState"))) == ["Delete"]


async def test_changes_in_the_middle_of_a_round(ews: Any, anna: Mailbox, draft: Draft) -> None:
    ids = [anna.create(draft(subject=str(number)))["id"] for number in range(4)]
    first = await ews.sync(size=2)
    anna.delete(ids[0])
    anna.create(draft())
    changes, state = await follow(ews, first.text("//m:SyncState"), size=2)
    assert [kind for kind, _ in changes] == ["Create"]
    assert [kind for kind, _ in (await follow(ews, state))[0]] == ["Delete", "Create"]


async def test_bodies_and_attendees_are_never_answered(ews: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft(body={"content": "Notiz"}, attendees=[{"emailAddress": {"address": "eva@example.org"}}]))
    shape = (
        '<t:AdditionalProperties><t:FieldURI FieldURI="item:Body"/>'
        '<t:FieldURI FieldURI="calendar:RequiredAttendees"/></t:AdditionalProperties>'
    )
    answer = await ews.sync(shape=shape)
    assert answer.all("//t:CalendarItem/*[not(self::t:ItemId)]") == []


async def test_ignored_items(ews: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft())
    (known,), _ = await follow(ews)
    answer = await ews.send(
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
        '<m:SyncFolderId><t:DistinguishedFolderId Id="calendar"/></m:SyncFolderId>'
        f'<m:Ignore><t:ItemId Id="{known[1]}"/></m:Ignore>'
        "<m:MaxChangesReturned>512</m:MaxChangesReturned></m:SyncFolderItems>"
    )
    assert (answer.code, told(answer)) == ("NoError", [])


@pytest.mark.parametrize("state", ["AAAA", "!", "W10=", "bnVsbA==", "WzEsImEiLCJiIiwiYyIsImQiLCJlIl0="])
async def test_broken_states(ews: Any, state: str) -> None:
    answer = await ews.sync(state)
    assert (answer.status, answer.code) == (200, "ErrorInvalidSyncStateData")


async def test_lost_states_and_those_of_others(ews: Any, server: EwsServer, graph: GraphServer, xml: Any) -> None:
    _, state = await follow(ews)
    server.forget_sync_states()
    assert (await ews.sync(state)).code == "ErrorInvalidSyncStateData"
    _, state = await follow(ews)
    graph.add_mailbox("tim@example.de")
    header = (
        "<t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>tim@example.de</t:SmtpAddress></t:ConnectingSID>"
        "</t:ExchangeImpersonation>"
    )
    ews.authorization = xml.basic("EX\\dienst", "streng geheim")
    answer = await ews.send(
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
        f"<m:SyncFolderId>{xml.calendar}</m:SyncFolderId><m:SyncState>{state}</m:SyncState>"
        "<m:MaxChangesReturned>512</m:MaxChangesReturned></m:SyncFolderItems>",
        header=header,
    )
    assert answer.code == "ErrorInvalidSyncStateData"


async def test_no_folder_and_an_empty_list(ews: Any, server: EwsServer, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft())
    server.switches.empty_list = True
    changes, state = await follow(ews)
    assert changes == []
    anna.create(draft())
    assert [kind for kind, _ in (await follow(ews, state))[0]] == ["Create"]
    server.switches.folder_gone = True
    assert (await ews.sync(state)).code == "ErrorSyncFolderNotFound"
    server.switches.folder_gone = False
    assert (await ews.sync(folder='<t:DistinguishedFolderId Id="inbox"/>')).code == "ErrorInvalidFolderId"
