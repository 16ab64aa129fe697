"""DeleteItem and MoveItem: where items go, and their ids with them."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from calsync_sandbox.mailbox import Mailbox

Draft = Callable[..., dict[str, Any]]
TRASH = '<t:DistinguishedFolderId Id="deleteditems"/>'


def move(target: str, item_id: str) -> str:
    return (
        f"<m:MoveItem><m:ToFolderId>{target}</m:ToFolderId>"
        f'<m:ItemIds><t:ItemId Id="{item_id}"/></m:ItemIds></m:MoveItem>'
    )


async def test_to_deleted_items_and_away(ews: Any, anna: Mailbox) -> None:
    created = await ews.create()
    deleted = await ews.delete(created.id, key="an old one")
    assert (deleted.code, deleted.all("//m:Items")) == ("NoError", [])
    assert (len(anna.events), len(anna.deleted)) == (0, 1)
    assert (await ews.delete(created.id)).code == "ErrorItemNotFound"
    found = await ews.find(folder=TRASH)
    assert (await ews.delete(found.id, how="HardDelete")).code == "NoError"
    assert anna.deleted == {}


@pytest.mark.parametrize("how", ["HardDelete", "SoftDelete"])
async def test_purging_leaves_nothing(ews: Any, anna: Mailbox, how: str) -> None:
    created = await ews.create()
    assert (await ews.delete(created.id, how=how)).code == "NoError"
    assert (anna.events, anna.deleted) == ({}, {})


async def test_what_exchangelib_sends(ews: Any, anna: Mailbox) -> None:
    created = await ews.create()
    deleted = await ews.send(
        '<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone" '
        'AffectedTaskOccurrences="AllOccurrences" SuppressReadReceipts="false"><m:ItemIds>'
        f'<t:ItemId Id="{created.id}" ChangeKey="{created.key}"/></m:ItemIds></m:DeleteItem>'
    )
    assert deleted.code == "NoError"


async def test_moving_there_and_back(ews: Any, xml: Any, anna: Mailbox) -> None:
    created = await ews.create()
    trashed = await ews.send(move(TRASH, created.id))
    assert (trashed.code, len(anna.deleted)) == ("NoError", 1)
    again = await ews.send(move(TRASH, trashed.id))
    assert again.id == trashed.id
    restored = await ews.send(move(xml.calendar, trashed.id))
    assert len({created.id, trashed.id, restored.id}) == 3
    assert (await ews.get(restored.id)).code == "NoError"
    privat = anna.add_calendar("Privat")
    folders = await ews.send(
        '<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>'
        f"<m:ParentFolderIds>{xml.calendar}</m:ParentFolderIds></m:FindFolder>"
    )
    target = f'<t:FolderId Id="{folders.all("//t:FolderId")[0].get("Id")}"/>'
    moved = await ews.send(move(target, restored.id))
    assert list(anna.store.homes.values()) == [privat]
    assert (await ews.get(moved.id)).code == "NoError"


async def test_what_cannot_be_moved(ews: Any, anna: Mailbox, draft: Draft) -> None:
    created = await ews.create()
    assert (
        await ews.send(move('<t:DistinguishedFolderId Id="inbox"/>', created.id))
    ).code == "ErrorMoveCopyFailed"
    await ews.delete(created.id)
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}
    master = anna.create(draft(recurrence=daily))["id"]
    anna.edit(anna.occurrence_id(master, date(2026, 3, 3)), {"subject": "Anders"})
    seen = await ews.get((await ews.sync()).id, fields="calendar:ModifiedOccurrences")
    occurrence = seen.all("//t:Occurrence/t:ItemId")[0].get("Id")
    assert (await ews.send(move(TRASH, occurrence))).code == "ErrorCalendarCannotMoveOrCopyOccurrence"
