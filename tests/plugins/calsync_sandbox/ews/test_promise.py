"""A request of calsync that might mail somebody is noticed, in whatever process it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from calsync_sandbox.ews.promise import broken

if TYPE_CHECKING:
    from calsync_sandbox.ews import EwsServer

ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header/><s:Body>{}</s:Body></s:Envelope>'
)
SILENT = '<m:DeleteItem SendMeetingCancellations="SendToNone"/>'


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("<m:GetItem/>", 0),
        (SILENT, 0),
        ("<m:SendItem/>", 2),
        ("<m:DeleteItem/>", 1),
        (SILENT.replace("SendToNone", "SendToAllAndSaveCopy"), 1),
        ('<m:GetItem SendMeetingCancellations="SendToNone"/>', 1),
        ('<m:CreateItem SendMeetingInvitations="SendToNone"><m:Attendee/></m:CreateItem>', 1),
        ('<m:CreateItem SendMeetingInvitations="SendToNone" MessageDisposition="SendOnly"/>', 1),
        ('<m:CreateItem SendMeetingInvitations="SendToNone"><m:Location>x</m:Location></m:CreateItem>', 0),
        ('<m:CreateItem SendMeetingInvitations="SendToNone"><m:EnhancedLocation/></m:CreateItem>', 1),
        ('<m:UpdateItem SendMeetingInvitationsOrCancellations="SendToNone"><m:Location/></m:UpdateItem>', 1),
        ("<m:GetItem>", 1),
    ],
)
def test_what_a_request_must_not_do(operation: str, said: int) -> None:
    assert len(broken(ENVELOPE.format(operation).encode())) == said
    assert broken(b"\x00NTLMSSP") == []


@pytest.mark.parametrize(("sender", "noticed"), [("calsync", 1), ("exchangelib/5.6.0", 0)])
async def test_the_server_notices_it(server: EwsServer, sender: str, noticed: int) -> None:
    body = ENVELOPE.format(SILENT.replace("SendToNone", "SendOnlyToAll"))
    async with aiohttp.ClientSession(headers={"User-Agent": sender}) as client:
        await client.post(server.ews_url, data=body)
    assert len(server.not_allowed) == noticed
