"""Paths, headers and versions: the frame that all answers share."""

from typing import Any

import pytest

from calsync_sandbox.ews import EwsServer
from calsync_sandbox.ews.switches import EXCHANGE_2010_SP2, EXCHANGE_2013_SP1


@pytest.mark.parametrize("path", ["/EWS/Exchange.asmx", "/ews/exchange.asmx", "/Ews/EXCHANGE.ASMX"])
async def test_paths_ignore_case(ews: Any, path: str) -> None:
    assert (await ews.raw(b"x", path=path)).status == 400


async def test_other_paths_and_methods(ews: Any, server: EwsServer) -> None:
    assert (await ews.raw(b"x", path="/owa")).status == 404
    async with ews.session.get(server.ews_url) as answer:
        assert answer.status == 405


async def test_headers(ews: Any) -> None:
    answer = await ews.send(
        "<m:GetServerTimeZones/>", headers={"client-request-id": "mine", "return-client-request-id": "true"}
    )
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["client-request-id"] == "mine"
    assert len(answer.headers["request-id"]) == 36
    assert answer.headers.getall("Set-Cookie")[0].startswith("exchangecookie=")
    info = answer.all("//t:ServerVersionInfo")[0]
    assert (info.get("MajorVersion"), info.get("MinorVersion"), info.get("Version")) == ("15", "2", "V2017_07_11")


async def test_faults_name_the_version_too(ews: Any) -> None:
    assert (await ews.send("<m:Nonsense/>")).all("//t:ServerVersionInfo") != []


@pytest.mark.parametrize(
    ("version", "known", "unknown"),
    [
        (EXCHANGE_2010_SP2, "Exchange2010_SP2", "Exchange2013_SP1"),
        (EXCHANGE_2013_SP1, "Exchange2013_SP1", "Exchange2016"),
    ],
)
async def test_versions(ews: Any, server: EwsServer, version: Any, known: str, unknown: str) -> None:
    server.switches.version = version
    assert (await ews.send("<m:GetServerTimeZones/>", version=known)).code == "NoError"
    for wrong in (unknown, "V2017_07_11", ""):
        refused = await ews.send("<m:GetServerTimeZones/>", version=wrong)
        assert (refused.status, refused.code) == (500, "ErrorInvalidServerVersion")
        assert refused.text("//faultstring") == "The specified server version is invalid."


async def test_no_version_is_the_oldest(ews: Any) -> None:
    content = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        b'<GetServerTimeZones xmlns="http://schemas.microsoft.com/exchange/services/2006/messages"/>'
        b"</s:Body></s:Envelope>"
    )
    assert (await ews.raw(content)).code == "NoError"


async def test_a_server_comes_back_with_what_it_stores(ews: Any, server: EwsServer) -> None:
    await ews.create()
    await server.stop()
    await server.start()
    assert len((await ews.sync()).all("//t:ItemId")) == 1
