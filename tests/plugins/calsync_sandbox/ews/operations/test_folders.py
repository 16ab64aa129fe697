"""GetFolder, FindFolder, ConvertId and GetServerTimeZones: what clients ask at their start."""

from typing import Any

import pytest

from calsync_sandbox.ews import EwsServer
from calsync_sandbox.mailbox import Mailbox

SHAPE = "<m:FolderShape><t:BaseShape>{}</t:BaseShape>{}</m:FolderShape>"


async def get(ews: Any, folder: str, base: str = "AllProperties", more: str = "") -> Any:
    shape = SHAPE.format(base, more)
    return await ews.send(f"<m:GetFolder>{shape}<m:FolderIds>{folder}</m:FolderIds></m:GetFolder>")


async def find(ews: Any, folder: str, how: str = "Shallow") -> Any:
    return await ews.send(
        f'<m:FindFolder Traversal="{how}">{SHAPE.format("Default", "")}'
        f"<m:ParentFolderIds>{folder}</m:ParentFolderIds></m:FindFolder>"
    )


async def test_the_calendar(ews: Any, anna: Mailbox, xml: Any) -> None:
    await ews.create()
    seen = await get(ews, xml.calendar)
    assert seen.text("//t:CalendarFolder/t:DisplayName") == "Kalender"
    assert seen.text("//t:FolderClass") == "IPF.Appointment"
    assert seen.text("//t:TotalCount") == "1"
    assert [one.text for one in seen.all("//t:EffectiveRights/*")] == ["true"] * 7
    anna.can_edit = False
    assert (await get(ews, xml.calendar)).text("//t:EffectiveRights/t:Modify") == "false"
    by_id = await get(ews, f'<t:FolderId Id="{seen.all("//t:FolderId")[0].get("Id")}"/>', "IdOnly")
    assert by_id.all("//t:CalendarFolder/*[not(self::t:FolderId)]") == []


async def test_properties_that_are_asked_for(ews: Any, xml: Any) -> None:
    uris = "".join(
        f'<t:FieldURI FieldURI="folder:{name}"/>'
        for name in ("DisplayName", "FolderClass", "ManagedFolderInformation")
    )
    seen = await get(ews, xml.calendar, "IdOnly", f"<t:AdditionalProperties>{uris}</t:AdditionalProperties>")
    assert [one.tag.partition("}")[2] for one in seen.all("//t:CalendarFolder/*")] == [
        "FolderId",
        "FolderClass",
        "DisplayName",
    ]


@pytest.mark.parametrize("name", ["root", "msgfolderroot", "inbox", "deleteditems", "contacts", "tasks"])
async def test_distinguished_folders(ews: Any, name: str) -> None:
    seen = await get(ews, f'<t:DistinguishedFolderId Id="{name}"/>')
    assert (seen.code, len(seen.all("//t:Folder"))) == ("NoError", 1)


async def test_folders_that_are_not_there(ews: Any, server: EwsServer, xml: Any) -> None:
    missing = await get(ews, xml.calendar + '<t:DistinguishedFolderId Id="journal"/>')
    assert missing.codes == ["NoError", "ErrorFolderNotFound"]
    other = xml.folder_of("x@y", "root")
    assert (await get(ews, other)).code == "ErrorNonExistentMailbox"
    server.switches.folder_gone = True
    assert (await get(ews, xml.calendar)).code == "ErrorFolderNotFound"


async def test_folders_in_folders(ews: Any, anna: Mailbox, xml: Any) -> None:
    anna.add_calendar("Privat")

    async def names(folder: str, how: str) -> list[str]:
        found = await find(ews, folder, how)
        (root,) = found.all("//m:RootFolder")
        assert root.get("IncludesLastItemInRange") == "true"
        return list(found.texts("//t:DisplayName"))

    assert await names(xml.calendar, "Shallow") == ["Privat"]
    assert await names('<t:DistinguishedFolderId Id="inbox"/>', "Deep") == []
    assert await names('<t:DistinguishedFolderId Id="root"/>', "Shallow") == ["Top of Information Store"]
    top = await names('<t:DistinguishedFolderId Id="msgfolderroot"/>', "Shallow")
    assert (top[0], "Privat" in top, "Inbox" in top) == ("Kalender", False, True)
    assert "Privat" in await names('<t:DistinguishedFolderId Id="root"/>', "Deep")


async def test_ids_are_converted(ews: Any) -> None:
    created = await ews.create()
    convert = (
        '<m:ConvertId DestinationFormat="EwsLegacyId"><m:SourceIds>'
        '<t:AlternateId Format="EwsId" Id="{}" Mailbox="anna.muster@example.de"/></m:SourceIds></m:ConvertId>'
    )
    found = await ews.send(convert.format(created.id))
    (made,) = found.all("//m:AlternateId")
    assert (found.code, made.get("Id"), made.get("Mailbox")) == ("NoError", created.id, "anna@example.de")
    assert (await ews.send(convert.format("DUMMY"))).code == "ErrorInvalidIdMalformed"


async def test_zones_of_the_server(ews: Any) -> None:
    ask = "<m:GetServerTimeZones{}><m:Ids>{}</m:Ids></m:GetServerTimeZones>"
    ids = "<t:Id>W. Europe Standard Time</t:Id><t:Id>Mitteleuropäische Zeit</t:Id>"
    known = await ews.send(ask.format(' ReturnFullTimeZoneData="true"', ids))
    assert [one.get("Id") for one in known.all("//t:TimeZoneDefinition")] == ["W. Europe Standard Time"]
    assert len(known.all("//t:Periods/t:Period")) == 1
    everything = await ews.send("<m:GetServerTimeZones/>")
    assert len(everything.all("//m:TimeZoneDefinitions/t:TimeZoneDefinition")) > 100
