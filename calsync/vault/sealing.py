"""Sealing a text: AES-256-GCM (NIST SP 800-38D), bound to the place where it is kept.

A sealed text is one JSON object: `key`, the id of the key; `nonce` and `sealed` in base64. Who moves it to another
place, or changes a bit of it, gets nothing out of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Sequence

NONCE_BYTES = 12
"""Random ones of this length may seal 2^32 texts with one key (NIST SP 800-38D, section 8.3)."""


class Unsealable(Exception):  # noqa: N818 - becomes an error that says what is kept there
    """A text cannot be unsealed; the message says why."""


def key_id(key: bytes) -> str:
    """Return a name of a key that does not tell anything else about it."""
    return hashlib.sha256(b"calsync key id" + key).hexdigest()[:8]


def key_of(content: str) -> str:
    """Return the id of the key that a text was sealed with. Raises Unsealable."""
    try:
        return str(json.loads(content)["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unsealable("it is damaged") from error


def seal(key: bytes, place: Sequence[str], text: str) -> str:
    """Return the text, readable only with this key and as the content of this place."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), _additional(place))
    return json.dumps({"key": key_id(key), "nonce": _base64(nonce), "sealed": _base64(sealed)})


def unseal(key: bytes, place: Sequence[str], content: str) -> str:
    """Return the text that was sealed. Raises Unsealable."""
    try:
        fields = json.loads(content)
        used, nonce, sealed = fields["key"], fields["nonce"], fields["sealed"]
        if used != key_id(key):
            raise Unsealable("it was encrypted with another key")
        return AESGCM(key).decrypt(base64.b64decode(nonce), base64.b64decode(sealed), _additional(place)).decode()
    except (ValueError, KeyError, TypeError) as error:
        raise Unsealable("it is damaged") from error
    except InvalidTag as error:
        raise Unsealable("it was changed, or belongs elsewhere") from error


def _additional(place: Sequence[str]) -> bytes:
    return json.dumps([*place]).encode()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
