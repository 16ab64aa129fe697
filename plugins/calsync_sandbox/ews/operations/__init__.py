"""The operations: each takes a call and returns its response element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.operations.convert import convert_id
from calsync_sandbox.ews.operations.create import create_item
from calsync_sandbox.ews.operations.delete import delete_item, move_item
from calsync_sandbox.ews.operations.find import find_items
from calsync_sandbox.ews.operations.folders import find_folder, get_folder
from calsync_sandbox.ews.operations.get import get_item
from calsync_sandbox.ews.operations.subscribe import subscribe, unsubscribe
from calsync_sandbox.ews.operations.sync import sync_folder_items
from calsync_sandbox.ews.operations.update import update_item
from calsync_sandbox.ews.operations.zones import get_server_time_zones

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.ews.names import Element

OPERATIONS: dict[str, Callable[[Call], Element]] = {
    "ConvertId": convert_id,
    "CreateItem": create_item,
    "DeleteItem": delete_item,
    "FindFolder": find_folder,
    "FindItem": find_items,
    "GetFolder": get_folder,
    "GetItem": get_item,
    "GetServerTimeZones": get_server_time_zones,
    "MoveItem": move_item,
    "Subscribe": subscribe,
    "SyncFolderItems": sync_folder_items,
    "Unsubscribe": unsubscribe,
    "UpdateItem": update_item,
}
