from __future__ import annotations

import base64

import pytest
from exchangelib.properties import UID

from calsync_exchange_ews.uids import global_object_id


@pytest.mark.parametrize("uid", ["261cbc18-1f65-5a0a-bd11-23b1e224cc2f", "termin-17@crm.example", "04000000"])
def test_a_foreign_uid_is_wrapped_as_another_client_wraps_it(uid: str) -> None:
    assert base64.b64decode(global_object_id(uid)) == bytes(UID(uid))


def test_an_outlook_uid_is_the_property_in_hex() -> None:
    uid = "040000008200E00074C5B7101A82E00800000000C0FFEE"
    assert base64.b64decode(global_object_id(uid)) == UID.to_global_object_id(uid) == bytes.fromhex(uid)
