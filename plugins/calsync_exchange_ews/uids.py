"""UIDs as they can be searched for: as GlobalObjectId, the binary property that holds them."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from calsync_exchange_ews.xml import make

if TYPE_CHECKING:
    from calsync_exchange_ews.xml import Element

MEETING_SET = "6ed8da90-450b-101b-98da-00aa003f1305"
GLOBAL_OBJECT_ID = "3"
"""PidLidGlobalObjectId (MS-OXOCAL 2.2.1.27)."""
_HEAD = bytes.fromhex("040000008200E00074C5B7101A82E008")
_OUTLOOK = re.compile(rf"{_HEAD.hex()}(?:[0-9a-f]{{2}})*", re.IGNORECASE)


def uid_field() -> Element:
    """Return the name of the property that holds the UID."""
    return make(
        "t:ExtendedFieldURI", PropertySetId=MEETING_SET, PropertyId=GLOBAL_OBJECT_ID, PropertyType="Binary"
    )


def global_object_id(uid: str) -> str:
    """Return the property's value in base64. Outlook's UIDs are hex of it; others stand wrapped in it.

    Source: MS-OXCICAL 2.1.3.1.1.20.26: array id, date of an exception (4), creation (8), reserved (8), size, data.
    """
    if _OUTLOOK.fullmatch(uid):
        return base64.b64encode(bytes.fromhex(uid)).decode()
    data = b"vCal-Uid\x01\x00\x00\x00" + uid.encode() + b"\x00"
    return base64.b64encode(_HEAD + bytes(20) + len(data).to_bytes(4, "little") + data).decode()
