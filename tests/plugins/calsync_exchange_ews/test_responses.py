from __future__ import annotations

import pytest

from calsync_exchange_ews.responses import content
from calsync_exchange_ews.xml import BadXml, parse
from tests.plugins.calsync_exchange_ews.conftest import answer, fault, message, soap


def test_each_item_has_an_answer() -> None:
    values = '<m:MessageXml><t:Value Name="BackOffMilliseconds">1500</t:Value></m:MessageXml>'
    found = content(
        parse(
            answer(
                "GetItem",
                message("GetItem"),
                message("GetItem", values, code="ErrorServerBusy"),
                message("GetItem", code="NoError", kind="Error"),
                message("GetItem", code="NoError", kind="Warning"),
                message("GetItem", code=""),
            )
        ),
        "GetItem",
    )
    assert [reply.code for reply in found.replies] == ["NoError", "ServerBusy", "", "NoError", ""]
    assert [reply.ok for reply in found.replies] == [True, False, False, True, False]
    assert found.replies[1].back_off == 1.5
    assert (found.version, found.fault) == ("15.2.1118.7", None)


def test_a_fault_names_its_code_in_one_of_two_places() -> None:
    uri = '<t:FieldURI FieldURI="calendar:StartTimeZone"/>'
    found = content(parse(fault("ErrorInvalidPropertySet", uri)), "GetItem").fault
    assert found is not None
    assert (found.code, found.values) == ("InvalidPropertySet", {"FieldURI": "calendar:StartTimeZone"})
    short = "<s:Fault><faultcode>a:ErrorInvalidRequest</faultcode></s:Fault>"
    for inside, code in ((short, "InvalidRequest"), (short.replace("a:Error", "s:"), "")):
        found = content(parse(soap(inside)), "GetItem").fault
        assert found is not None
        assert found.code == code


@pytest.mark.parametrize("inside", ["", "<m:FindItemResponse/>", "<m:GetItem/>"])
def test_what_is_no_answer_is_none(inside: str) -> None:
    with pytest.raises(BadXml):
        content(parse(soap(inside)), "GetItem")
    with pytest.raises(BadXml):
        content(parse(b"<html/>"), "GetItem")


def test_a_version_of_nonsense_is_none() -> None:
    body = soap("<m:GetItemResponse/>").replace(b'MajorVersion="15"', b'MajorVersion="%s"' % (b"9" * 5000))
    assert content(parse(body), "GetItem").version == "2.1118.7"
