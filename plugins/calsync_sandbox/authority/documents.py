"""The authority's documents. They name the real host, for clients that only swap scheme and host of a request."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from calsync_sandbox.authority.clients import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync_sandbox.authority.people import Person


def instance(asked: str) -> dict[str, Any]:
    """Return what is known about the authority of an authorization endpoint."""
    tenant = asked.removeprefix(HOST + "/").partition("/")[0]
    host = HOST.removeprefix("https://")
    return {
        "tenant_discovery_endpoint": f"{HOST}/{tenant}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": "login.windows.net", "aliases": [host]}],
    }


def configuration(tenant: str) -> dict[str, Any]:
    """Return a tenant's OpenID configuration."""
    base = f"{HOST}/{tenant}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
    }


def identity(tenant: str, client_id: str, person: Person, more: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return who signed in, as a token answer tells it: an unsigned id token, and what msal names accounts by.

    `more`: further claims of the id token, which may also replace one.
    """
    now = int(time.time())  # its readers look at the machine's clock
    claims = {
        "iss": f"{HOST}/{tenant}/v2.0",
        "aud": client_id,
        "iat": now,
        "exp": now + 3600,
        "sub": person.user_id,
        "oid": person.user_id,
        "tid": tenant,
        "preferred_username": person.address,
        **(more or {}),
    }
    return {
        "id_token": ".".join([_encoded({"alg": "none", "typ": "JWT"}), _encoded(claims), ""]),
        "client_info": _encoded({"uid": person.user_id, "utid": tenant}),
    }


def _encoded(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
