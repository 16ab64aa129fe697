"""GetFolder and FindFolder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.folders import children, named_folder, render
from calsync_sandbox.ews.names import Element, find, flag, m, parts, t, text_of

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call

_DEFAULT = frozenset({"DisplayName", "TotalCount", "ChildFolderCount"})
_ALL = _DEFAULT | {"ParentFolderId", "FolderClass", "EffectiveRights"}
_BASES = {"IdOnly": frozenset[str](), "Default": _DEFAULT, "AllProperties": _ALL}


def get_folder(call: Call) -> Element:
    fields = _fields(call.operation)

    def get(element: Element) -> list[Element]:
        return [m("Folders", render(named_folder(call, element), fields=fields))]

    return each(call, parts(call.operation, "FolderIds"), get)


def find_folder(call: Call) -> Element:
    """List the folders in others, all on one page. A client lists for ever where that page is not the last."""
    fields = _fields(call.operation)
    deep = call.operation.get("Traversal") == "Deep"

    def search(element: Element) -> list[Element]:
        found = children(named_folder(call, element), deep=deep)
        root = m(
            "RootFolder",
            t("Folders", *(render(folder, fields=fields) for folder in found)),
            IndexedPagingOffset=str(len(found)),
            TotalItemsInView=str(len(found)),
            IncludesLastItemInRange=flag(True),
        )
        return [root]

    return each(call, parts(call.operation, "ParentFolderIds"), search)


def _fields(operation: Element) -> frozenset[str]:
    more = find(operation, "FolderShape", "AdditionalProperties")
    uris = [child.get("FieldURI", "") for child in more] if more is not None else []
    base = _BASES.get(text_of(operation, "FolderShape", "BaseShape") or "", _DEFAULT)
    return base | {uri.removeprefix("folder:") for uri in uris}
