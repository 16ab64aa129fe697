"""The folders of a mailbox as the server describes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from calsync_exchange_ews.requests import Folder, find_folders
from calsync_exchange_ews.search import search
from calsync_exchange_ews.xml import Element, child, local, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_exchange_ews.client import Client
    from calsync_exchange_ews.envelope import Caller
    from calsync_exchange_ews.responses import Reply

APPOINTMENTS = "IPF.Appointment"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderInfo:
    """A folder as the server describes it."""

    id: str
    name: str
    kind: str
    """Its class; calendars begin with `IPF.Appointment`."""
    readable: bool
    writable: bool
    """The user may create, change and delete in it."""
    sees_private: bool
    """The user is shown private items; others are answered like items that are gone.

    Where the server does not say, all three are taken as given.
    """


async def calendars_of(client: Client, caller: Caller) -> Sequence[FolderInfo]:
    """Return the calendars of a mailbox. Raises AccountError, EventError, Retry."""
    root = Folder(anchor="msgfolderroot", mailbox=caller.mailbox)
    found = [folder_of(each) for each in await search(client, caller, partial(find_folders, root))]
    return [each for each in found if each.kind.startswith(APPOINTMENTS)]


def folder_info(reply: Reply) -> FolderInfo:
    """Read the answer about one folder that is there."""
    folders = child(reply.node, "m:Folders") if reply.node is not None else None
    if folders is None or len(folders) == 0:
        return FolderInfo(id="", name="", kind="", readable=False, writable=False, sees_private=False)
    return folder_of(folders[0])


def folder_of(folder: Element) -> FolderInfo:
    """Read a folder."""
    found, rights = child(folder, "t:FolderId"), child(folder, "t:EffectiveRights")
    kind = text_of(folder, "t:FolderClass") or (APPOINTMENTS if local(folder) == "CalendarFolder" else "")
    return FolderInfo(
        id=(found.get("Id") or "") if found is not None else "",
        name=text_of(folder, "t:DisplayName"),
        kind=kind,
        readable=_granted(rights, "t:Read"),
        # `Modify` and `Delete` are about the folder itself; what is said about its content is this.
        writable=_granted(rights, "t:CreateContents"),
        sees_private=_granted(rights, "t:ViewPrivateItems"),
    )


def _granted(rights: Element | None, right: str) -> bool:
    return rights is None or text_of(rights, right).strip().lower() != "false"
