"""FindItem: by property, page by page, and what a calendar view shows."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from calsync_sandbox.ews import EwsServer
from calsync_sandbox.mailbox import Mailbox

Draft = Callable[..., dict[str, Any]]
PATH = '<t:FieldURI FieldURI="item:Subject"/>'
COMPARED = f"<t:IsEqualTo>{PATH}<t:FieldURIOrConstant>{PATH}</t:FieldURIOrConstant></t:IsEqualTo>"
GUID = "c11ff724-aa03-4555-9952-8fa248a11c3e"


def page(size: int, offset: int = 0, base: str = "Beginning") -> str:
    return f'<m:IndexedPageItemView MaxEntriesReturned="{size}" Offset="{offset}" BasePoint="{base}"/>'


def view(start: str, end: str, most: int | None = None) -> str:
    limit = "" if most is None else f' MaxEntriesReturned="{most}"'
    return f'<m:CalendarView{limit} StartDate="{start}" EndDate="{end}"/>'


def equal(path: str, value: str) -> str:
    constant = f"<t:FieldURIOrConstant><t:Constant Value='{value}'/></t:FieldURIOrConstant>"
    return f"<t:IsEqualTo>{path}{constant}</t:IsEqualTo>"


def restriction(*tests: str, join: str = "") -> str:
    content = "".join(tests)
    return f"<m:Restriction>{f'<t:{join}>{content}</t:{join}>' if join else content}</m:Restriction>"


async def test_by_foreign_id(ews: Any, xml: Any, anna: Mailbox, draft: Draft) -> None:
    prop = f"<t:ExtendedProperty>{xml.marker}<t:Value>t:a:1</t:Value></t:ExtendedProperty>"
    mine = await ews.create_raw(f"<t:Subject>a</t:Subject>{prop}{''.join(xml.times)}")
    await ews.create()
    theirs = {"id": f"String {{{GUID.upper()}}} Name calsync-foreign-id", "value": "t:a:2"}
    anna.create(draft(subject="Graph", singleValueExtendedProperties=[theirs]))
    found = await ews.find(page(100), restriction(equal(xml.marker, "t:a:1")))
    assert [one.get("Id") for one in found.all("//t:ItemId")] == [mine.id]
    assert found.all("//m:RootFolder")[0].get("IncludesLastItemInRange") == "true"
    both = restriction(equal(xml.marker, "t:a:1"), equal(xml.marker, "t:a:2"), join="Or")
    assert (await ews.find(restriction=both, fields="item:Subject")).texts("//t:Subject") == ["a", "Graph"]
    assert (await ews.find(restriction=restriction(equal(xml.marker, "t:a:3")))).all("//t:ItemId") == []


@pytest.mark.parametrize("uid", ["", "<t:UID>fremd@example.org</t:UID>"])
async def test_by_global_object_id(ews: Any, uid: str) -> None:
    made = await ews.create("Besichtigung", uid)
    await ews.create()
    uri = (
        '<t:ExtendedFieldURI PropertySetId="6ED8DA90-450B-101B-98DA-00AA003F1305" PropertyId="{}" '
        'PropertyType="Binary"/>'
    )
    read = await ews.send(
        "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        f"{uri.format(3)}</t:AdditionalProperties></m:ItemShape>"
        f'<m:ItemIds><t:ItemId Id="{made.id}"/></m:ItemIds></m:GetItem>'
    )
    value = read.text("//t:ExtendedProperty/t:Value")
    for number in ("3", "35"):
        found = await ews.find(restriction=restriction(equal(uri.format(number), value)))
        assert [one.get("Id") for one in found.all("//t:ItemId")] == [made.id]


async def test_joined_tests_and_other_comparisons(ews: Any, xml: Any) -> None:
    for subject in ("eins", "zwei"):
        await ews.create(subject)
    path = '<t:FieldURI FieldURI="item:Subject"/>'

    async def subjects(test: str, join: str = "") -> list[str]:
        found = await ews.find(restriction=restriction(test, join=join), fields="item:Subject")
        assert found.code == "NoError"
        return list(found.texts("//t:Subject"))

    assert await subjects(equal(path, "EINS")) == ["eins"]
    assert await subjects(equal(path, "eins") + equal(path, "zwei"), "And") == []
    assert await subjects(equal(path, "eins"), "Not") == ["zwei"]
    assert await subjects(f"<t:Exists>{path}</t:Exists>") == ["zwei", "eins"]
    assert await subjects(f"<t:Exists>{xml.marker}</t:Exists>") == []
    assert await subjects(f'<t:Contains>{path}<t:Constant Value="wei"/></t:Contains>') == ["zwei"]
    later = equal('<t:FieldURI FieldURI="calendar:Start"/>', "2026-03-02T08:00:00Z").replace(
        "IsEqualTo", "IsLessThan"
    )
    assert await subjects(later) == []


@pytest.mark.parametrize(
    ("test", "code"),
    [
        (equal('<t:FieldURI FieldURI="calendar:UID"/>', "x"), "ErrorUnsupportedPathForQuery"),
        (
            equal('<t:ExtendedFieldURI PropertyName="x" PropertyType="String"/>', "x"),
            "ErrorInvalidExtendedProperty",
        ),
        (
            '<t:Excludes><t:FieldURI FieldURI="item:Subject"/><t:Bitmask Value="1"/></t:Excludes>',
            "ErrorUnsupportedQueryFilter",
        ),
        (
            COMPARED,
            "ErrorUnsupportedQueryFilter",
        ),
    ],
)
async def test_tests_that_cannot_be_made(ews: Any, test: str, code: str) -> None:
    await ews.create()
    assert (await ews.find(restriction=restriction(test))).code == code


async def test_pages(ews: Any, server: EwsServer, anna: Mailbox, draft: Draft, xml: Any) -> None:
    for number in range(5):
        anna.create(draft(subject=str(number)))
    first = await ews.find(page(2), fields="item:Subject")
    assert first.texts("//t:Subject") == ["4", "3"]
    root = first.all("//m:RootFolder")[0]
    assert dict(root.attrib) == {
        "IndexedPagingOffset": "2",
        "TotalItemsInView": "5",
        "IncludesLastItemInRange": "false",
    }
    last = await ews.find(page(2, 4), fields="item:Subject")
    assert (last.texts("//t:Subject"), last.all("//m:RootFolder")[0].get("IncludesLastItemInRange")) == (
        ["0"],
        "true",
    )
    assert (await ews.find(page(2, 1, "End"), fields="item:Subject")).texts("//t:Subject") == ["2", "1"]
    server.switches.restricted_page = 3
    exists = "<m:Restriction><t:Exists><t:FieldURI FieldURI='item:Subject'/></t:Exists></m:Restriction>"
    cut = await ews.find(page(100), exists)
    assert (len(cut.all("//t:ItemId")), cut.all("//m:RootFolder")[0].get("IncludesLastItemInRange")) == (
        3,
        "false",
    )
    server.switches.empty_list = True
    assert (await ews.find(page(2))).all("//t:ItemId") == []


async def test_bodies_are_cut_and_orders_kept(ews: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft(subject="b", body={"contentType": "html", "content": "x" * 2000}))
    anna.create(draft(subject="a"))
    answer = await ews.find(fields="item:Body item:Subject calendar:RequiredAttendees")
    assert max(len(text) for text in answer.texts("//t:Body")) == 512
    order = (
        '<m:SortOrder><t:FieldOrder Order="{}"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>'
    )
    for way, subjects in (("Ascending", ["a", "b"]), ("Descending", ["b", "a"])):
        found = await ews.find(restriction=order.format(way), fields="item:Subject")
        assert found.texts("//t:Subject") == subjects


async def test_a_calendar_view_shows_occurrences(ews: Any, anna: Mailbox, draft: Draft) -> None:
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}
    master = anna.create(draft(subject="täglich", recurrence=daily))["id"]
    anna.edit(anna.occurrence_id(master, date(2026, 3, 3)), {"subject": "anders"})
    anna.create(draft(subject="danach", start=at("2026-03-02T12:00:00"), end=at("2026-03-02T13:00:00")))
    fields = "item:Subject calendar:CalendarItemType calendar:OriginalStart"
    seen = await ews.find(view("2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z"), fields=fields)
    assert seen.texts("//t:Subject") == ["täglich", "danach", "anders", "täglich"]
    assert seen.texts("//t:CalendarItemType") == ["Occurrence", "Single", "Exception", "Occurrence"]
    cut = await ews.find(view("2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z", 2))
    assert (len(cut.all("//t:ItemId")), cut.all("//m:RootFolder")[0].get("IncludesLastItemInRange")) == (
        2,
        "false",
    )


def at(text: str) -> dict[str, str]:
    return {"dateTime": text, "timeZone": "W. Europe Standard Time"}


async def test_the_edges_of_a_view(ews: Any) -> None:
    await ews.create()  # 8:00 to 9:00 in UTC
    for start, end, count in (
        ("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z", 1),
        ("2026-03-02T09:00:01Z", "2026-03-02T10:00:00Z", 0),
        ("2026-03-02T07:00:00Z", "2026-03-02T08:00:00Z", 0),
        ("2026-03-02T07:00:00Z", "2026-03-02T08:00:01Z", 1),
    ):
        assert len((await ews.find(view(start, end))).all("//t:ItemId")) == count


@pytest.mark.parametrize(
    ("start", "end", "most", "code"),
    [
        ("2026-01-01T00:00:00Z", "2028-01-03T00:00:00Z", None, "NoError"),
        ("2026-01-01T00:00:00Z", "2028-02-01T00:00:00Z", None, "ErrorCalendarViewRangeTooBig"),
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", None, "ErrorCalendarEndDateIsEarlierThanStartDate"),
        ("0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z", None, "ErrorValueOutOfRange"),
        ("2026-01-01T00:00:00Z", "9999-12-31T00:00:00Z", None, "ErrorValueOutOfRange"),
        ("2026-02-30T00:00:00Z", "2026-01-01T00:00:00Z", None, "ErrorValueOutOfRange"),
        ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", 1001, "ErrorExceededFindCountLimit"),
    ],
)
async def test_the_limits_of_a_view(ews: Any, start: str, end: str, most: int | None, code: str) -> None:
    assert (await ews.find(view(start, end, most))).code == code


async def test_too_much_for_a_view(ews: Any, server: EwsServer, anna: Mailbox, draft: Draft) -> None:
    server.switches.view_limit = 2
    for _ in range(3):
        anna.create(draft())
    march = view("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")
    assert (await ews.find(march)).code == "ErrorExceededFindCountLimit"
    assert (await ews.find(march, folder='<t:DistinguishedFolderId Id="inbox"/>')).code == (
        "ErrorCalendarFolderIsInvalidForCalendarView"
    )
    exists = "<m:Restriction><t:Exists><t:FieldURI FieldURI='item:Subject'/></t:Exists></m:Restriction>"
    assert (await ews.find(march, exists)).code == "ErrorUnsupportedQueryFilter"


async def test_deleted_items_are_found_in_their_folder(ews: Any) -> None:
    made = await ews.create()
    await ews.delete(made.id)
    found = await ews.find(folder='<t:DistinguishedFolderId Id="deleteditems"/>', fields="item:ParentFolderId")
    assert found.id != made.id
    assert (await ews.get(found.id)).code == "NoError"
    assert (await ews.find()).all("//t:ItemId") == []
    assert (await ews.find(folder='<t:DistinguishedFolderId Id="unknown"/>')).code == "ErrorFolderNotFound"
    assert (await ews.find(folder='<t:FolderId Id="unknown"/>')).code == "ErrorInvalidIdMalformed"
