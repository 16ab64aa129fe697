"""Microsoft's clouds: who signs in where has its mailboxes there, and tokens of one are worth nothing in another.

Source: Microsoft's pages "National cloud deployments" and, for Germany's, the Graph PowerShell documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Scheme and host of the sign-in server and of Graph."""

    authority_url: str
    graph_url: str


CLOUDS: Mapping[str, Cloud] = {
    "global": Cloud(authority_url="https://login.microsoftonline.com", graph_url="https://graph.microsoft.com"),
    "us": Cloud(authority_url="https://login.microsoftonline.us", graph_url="https://graph.microsoft.us"),
    "us_dod": Cloud(authority_url="https://login.microsoftonline.us", graph_url="https://dod-graph.microsoft.us"),
    "china": Cloud(
        authority_url="https://login.chinacloudapi.cn", graph_url="https://microsoftgraph.chinacloudapi.cn"
    ),
    "germany": Cloud(
        authority_url="https://login.sovcloud-identity.de", graph_url="https://graph.svc.sovcloud.de"
    ),
}
