"""The folders of a mailbox: its calendars, and those that clients look for first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.ids import TRASH, folder_id, read_folder_id
from calsync_sandbox.ews.names import Element, flag, local, t, text_of

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.mailbox.mailbox import Mailbox

ROOT, TOP = "root", "msgfolderroot"
_DISTINGUISHED = {
    ROOT: ("Root", ""),
    TOP: ("Top of Information Store", "IPF"),
    "inbox": ("Inbox", "IPF.Note"),
    "drafts": ("Drafts", "IPF.Note"),
    "sentitems": ("Sent Items", "IPF.Note"),
    "outbox": ("Outbox", "IPF.Note"),
    TRASH: ("Deleted Items", "IPF.Note"),
    "junkemail": ("Junk Email", "IPF.Note"),
    "contacts": ("Contacts", "IPF.Contact"),
    "tasks": ("Tasks", "IPF.Task"),
}
"""Distinguished name -> display name and class. `calendar` is the mailbox's own calendar."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder. `key` is a calendar's id in the store, or a distinguished name."""

    mailbox: Mailbox
    key: str

    @property
    def is_calendar(self) -> bool:
        return self.key in self.mailbox.store.calendars

    @property
    def id(self) -> str:
        return folder_id(self.mailbox.address, self.key)


def read_folder(call: Call, parent: Element) -> Folder:
    """Return the folder that the only child of an element names. Raises EwsError."""
    return named_folder(call, parent[0])


def named_folder(call: Call, element: Element) -> Folder:
    """Return the folder of a FolderId or DistinguishedFolderId. Raises EwsError."""
    given = element.get("Id", "")
    if local(element) == "FolderId":
        address, key = read_folder_id(given)
        mailbox = call.open(address)
    else:
        mailbox = call.open(text_of(element, "Mailbox", "EmailAddress"))
        key = mailbox.store.primary if given == "calendar" else given
    folder = Folder(mailbox, key)
    if not folder.is_calendar and key not in _DISTINGUISHED:
        raise EwsError("ErrorFolderNotFound")
    if folder.is_calendar and call.switches.folder_gone:
        raise EwsError("ErrorFolderNotFound")
    return folder


def calendar_folder(call: Call, parent: Element) -> Folder:
    """Return the calendar that an element names. Raises EwsError."""
    folder = read_folder(call, parent)
    if not folder.is_calendar:
        raise EwsError("ErrorInvalidFolderId", "The folder is not a calendar.")
    return folder


def children(folder: Folder, *, deep: bool) -> list[Folder]:
    """Return the folders in a folder, with `deep` also those within them."""
    store = folder.mailbox.store
    if folder.key == store.primary:
        return [Folder(folder.mailbox, key) for key in store.calendars if key != store.primary]
    if folder.key == ROOT:
        top = Folder(folder.mailbox, TOP)
        return [top, *(children(top, deep=True) if deep else [])]
    if folder.key != TOP:
        return []
    own = Folder(folder.mailbox, store.primary)
    rest = [Folder(folder.mailbox, key) for key in _DISTINGUISHED if key not in {ROOT, TOP}]
    return [own, *(children(own, deep=True) if deep else []), *rest]


def render(folder: Folder, *, fields: frozenset[str]) -> Element:
    """Return a folder's element with the properties that were asked for, without `folder:`, in schema order."""
    values = _values(folder)
    shown = [t("FolderId", Id=folder.id, ChangeKey="AQAAABYAAAA=")]
    shown += [child for name, child in values.items() if name in fields]
    return t("CalendarFolder" if folder.is_calendar else "Folder", *shown)


def _values(folder: Folder) -> dict[str, Element]:
    store = folder.mailbox.store
    name, kind = _DISTINGUISHED.get(folder.key, (store.calendars.get(folder.key, ""), "IPF.Appointment"))
    count = sum(home == folder.key for home in store.homes.values())
    values = {
        "ParentFolderId": t("ParentFolderId", Id=folder_id(folder.mailbox.address, _parent(folder))),
        "FolderClass": t("FolderClass", text=kind),
        "DisplayName": t("DisplayName", text=name),
        "TotalCount": t("TotalCount", text=str(len(store.deleted) if folder.key == TRASH else count)),
        "ChildFolderCount": t("ChildFolderCount", text=str(len(children(folder, deep=False)))),
        "EffectiveRights": _rights(can_edit=folder.mailbox.can_edit),
    }
    if folder.key == ROOT:
        del values["FolderClass"]
    return values


def _parent(folder: Folder) -> str:
    store = folder.mailbox.store
    if folder.key in store.calendars and folder.key != store.primary:
        return store.primary
    return ROOT if folder.key in {ROOT, TOP} else TOP


def _rights(*, can_edit: bool) -> Element:
    rights = {
        "CreateAssociated": can_edit,
        "CreateContents": can_edit,
        "CreateHierarchy": can_edit,
        "Delete": can_edit,
        "Modify": can_edit,
        "Read": True,
        "ViewPrivateItems": True,
    }
    return t("EffectiveRights", *(t(name, text=flag(given)) for name, given in rights.items()))
