"""The mail counter, proved by raw requests before anything else trusts it."""

from typing import Any

import pytest

from calsync_sandbox.ews import EwsServer
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog
from calsync_sandbox.mailbox import Mailbox

LATER = (
    ("calendar:Start", "<t:Start>2026-03-02T11:00:00Z</t:Start>"),
    ("calendar:End", "<t:End>2026-03-02T12:00:00Z</t:End>"),
)
NOTES = (("item:Body", '<t:Body BodyType="Text">Neue Notiz</t:Body>'),)
CREATES = ["SendOnlyToAll", "SendToAllAndSaveCopy"]
UPDATES = [*CREATES, "SendOnlyToChanged", "SendToChangedAndSaveCopy"]


def kinds(mails: MailLog) -> list[tuple[str, str]]:
    return [(mail.kind, mail.recipient) for mail in mails.sent]


@pytest.fixture
def meeting(anna: Mailbox) -> dict[str, Any]:
    """A meeting of anna's with eva, made by hand in Outlook."""
    return anna.create(
        {
            "subject": "Besichtigung",
            "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "W. Europe Standard Time"},
            "end": {"dateTime": "2026-03-02T10:00:00", "timeZone": "W. Europe Standard Time"},
            "attendees": [{"emailAddress": {"address": "eva@example.org"}}],
        }
    )


@pytest.fixture
async def listed(ews: Any, meeting: dict[str, Any]) -> Any:
    """Its id and change key."""
    return await ews.sync()


@pytest.mark.parametrize("send", CREATES)
async def test_creating_with_attendees_invites_each(ews: Any, xml: Any, mails: MailLog, send: str) -> None:
    invited = xml.people("RequiredAttendees", "eva") + xml.people("OptionalAttendees", "max")
    created = await ews.create(after=invited, send=send)
    assert created.code == "NoError"
    assert kinds(mails) == [("invitation", "eva@example.org"), ("invitation", "max@example.org")]
    assert {(mail.system, mail.mailbox) for mail in mails.sent} == {("exchange_ews", "anna@example.de")}
    seen = await ews.get(created.id, fields="calendar:MeetingRequestWasSent calendar:IsMeeting")
    assert (seen.text("//t:MeetingRequestWasSent"), seen.text("//t:IsMeeting")) == ("true", "true")


@pytest.mark.parametrize("send", UPDATES)
@pytest.mark.parametrize("updates", [LATER, NOTES])
async def test_moving_and_editing_notes_updates_each(
    ews: Any, xml: Any, listed: Any, mails: MailLog, updates: Any, send: str
) -> None:
    changed = await ews.update(listed.id, listed.key, *(xml.set(*one) for one in updates), send=send)
    assert changed.code == "NoError"
    assert kinds(mails) == [("update", "eva@example.org")]


@pytest.mark.parametrize("send", UPDATES)
async def test_adding_an_attendee_invites(ews: Any, xml: Any, listed: Any, mails: MailLog, send: str) -> None:
    everybody = xml.set("calendar:RequiredAttendees", xml.people("RequiredAttendees", "eva", "max"))
    assert (await ews.update(listed.id, listed.key, everybody, send=send)).code == "NoError"
    assert kinds(mails) == [("invitation", "max@example.org")]


@pytest.mark.parametrize("send", UPDATES)
async def test_taking_all_attendees_away_cancels(
    ews: Any, xml: Any, listed: Any, mails: MailLog, send: str
) -> None:
    nobody = xml.delete("calendar:RequiredAttendees")
    assert (await ews.update(listed.id, listed.key, nobody, send=send)).code == "NoError"
    assert kinds(mails) == [("cancellation", "eva@example.org")]


@pytest.mark.parametrize("send", CREATES)
@pytest.mark.parametrize("how", ["MoveToDeletedItems", "HardDelete", "SoftDelete"])
async def test_deleting_a_meeting_cancels_it(ews: Any, listed: Any, mails: MailLog, send: str, how: str) -> None:
    assert (await ews.delete(listed.id, send=send, how=how)).code == "NoError"
    assert kinds(mails) == [("cancellation", "eva@example.org")]


async def test_send_to_none_is_silent_in_everything(
    ews: Any, xml: Any, anna: Mailbox, mails: MailLog, server: EwsServer, graph: GraphServer
) -> None:
    created = await ews.create(after=xml.people("RequiredAttendees", "eva"))
    item_id, key = created.id, created.key
    for updates in (
        [xml.set(*one) for one in LATER],
        [xml.set(*one) for one in NOTES],
        [xml.set("calendar:RequiredAttendees", xml.people("RequiredAttendees", "eva", "max"))],
        [xml.delete("calendar:RequiredAttendees")],
    ):
        changed = await ews.update(item_id, key, *updates)
        assert changed.code == "NoError"
        key = changed.key
    assert (await ews.delete(item_id)).code == "NoError"
    assert (mails.count, graph.people_mail.count) == (0, 0)
    assert {value for _, value in server.state.sends} == {"SendToNone"}
    assert [name for name, _ in server.state.sends] == ["CreateItem", *["UpdateItem"] * 4, "DeleteItem"]


async def test_writes_without_attendees_never_mail(ews: Any, xml: Any, mails: MailLog) -> None:
    created = await ews.create(send="SendToAllAndSaveCopy")
    changed = await ews.update(created.id, created.key, xml.set(*NOTES[0]), send="SendToAllAndSaveCopy")
    assert (await ews.delete(changed.id, send="SendToAllAndSaveCopy")).code == "NoError"
    assert mails.count == 0


@pytest.fixture
async def received(ews: Any, anna: Mailbox) -> Any:
    """A meeting that somebody else organises."""
    anna.create(
        {
            "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2026-03-02T10:00:00", "timeZone": "UTC"},
            "organizer": {"emailAddress": {"address": "chef@example.org", "name": "Chef"}},
            "isOrganizer": False,
            "attendees": [{"emailAddress": {"address": "anna@example.de"}}],
        }
    )
    return await ews.sync()


async def test_deleting_an_attendees_copy_declines(ews: Any, received: Any, mails: MailLog) -> None:
    await ews.delete(received.id, send="SendOnlyToAll")
    assert kinds(mails) == [("decline", "chef@example.org")]


async def test_an_attendees_copy_changes_and_goes_in_silence(
    ews: Any, xml: Any, received: Any, mails: MailLog
) -> None:
    changed = await ews.update(received.id, received.key, xml.set(*NOTES[0]), send="SendToAllAndSaveCopy")
    assert changed.code == "NoError"
    await ews.delete(changed.id)
    assert mails.count == 0


async def test_a_silent_meeting_says_that_nobody_was_told_until_somebody_is(
    ews: Any, xml: Any, mails: MailLog
) -> None:
    async def sent(item_id: str) -> Any:
        return (await ews.get(item_id, fields="calendar:MeetingRequestWasSent")).text("//t:MeetingRequestWasSent")

    created = await ews.create()
    assert await sent(created.id) == "false"
    invited = xml.set("calendar:RequiredAttendees", xml.people("RequiredAttendees", "eva"))
    silent = await ews.update(created.id, created.key, invited)
    assert await sent(created.id) == "false"
    told = await ews.update(created.id, silent.key, xml.set(*NOTES[0]), send="SendOnlyToAll")
    assert await sent(created.id) == "true"
    await ews.update(created.id, told.key, xml.set("item:Subject", "<t:Subject>Neu</t:Subject>"))
    assert await sent(created.id) == "true"
    assert kinds(mails) == [("update", "eva@example.org")]


async def test_without_the_attribute_nothing_is_written(ews: Any, anna: Mailbox, server: EwsServer) -> None:
    times = "<t:Start>2026-03-02T11:00:00Z</t:Start><t:End>2026-03-02T12:00:00Z</t:End>"
    item = f"<t:CalendarItem>{times}</t:CalendarItem>"
    created = await ews.send(f"<m:CreateItem><m:Items>{item}</m:Items></m:CreateItem>")
    assert created.code == "ErrorSendMeetingInvitationsRequired"
    assert anna.events == {}
    made = await ews.create()
    deleted = await ews.send(
        f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="{made.id}"/></m:ItemIds></m:DeleteItem>'
    )
    assert deleted.code == "ErrorSendMeetingCancellationsRequired"
    updated = await ews.send(
        '<m:UpdateItem ConflictResolution="AutoResolve"><m:ItemChanges><t:ItemChange>'
        f'<t:ItemId Id="{made.id}" ChangeKey="{made.key}"/><t:Updates/>'
        "</t:ItemChange></m:ItemChanges></m:UpdateItem>"
    )
    assert updated.code == "ErrorSendMeetingInvitationsOrCancellationsRequired"
    assert server.state.sends == [
        ("CreateItem", ""),
        ("CreateItem", "SendToNone"),
        ("DeleteItem", ""),
        ("UpdateItem", ""),
    ]
