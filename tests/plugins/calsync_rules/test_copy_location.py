from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import voluptuous as vol

from calsync.sync.rules import Chain, needs_of
from calsync.values import replace
from calsync_rules.copy_location import LONGEST, SCHEMA, build
from calsync_rules.private_mask import PrivateMask

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.sync.model import Event

CHAIN = Chain([build(vol.Schema(SCHEMA)({}))])
PLACE = "Lindenstraße 5, 50674 Köln (2. OG)"


def test_a_copy_is_created_where_its_original_takes_place(make_event: Callable[..., Event]) -> None:
    event = make_event(location=PLACE)
    draft = CHAIN.draft(event)
    assert draft.location == PLACE
    assert replace(draft, location="") == Chain([]).draft(event)


@pytest.mark.parametrize("rules", [[build({}), PrivateMask("Privat")], [PrivateMask("Privat"), build({})]])
def test_where_a_private_event_takes_place_is_nobodys_business(
    make_event: Callable[..., Event], rules: list[PrivateMask]
) -> None:
    assert Chain(rules).draft(make_event(location=PLACE, private=True)).location == ""


@pytest.mark.parametrize(
    "location",
    [
        "",
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting_Zm9v",
        "Microsoft Teams: https://teams.live.com/meet/9",
        "Büro, sonst TEAMS.MICROSOFT.COM via www.example.de",
        "sip:anna@example.de",
        "Tel:+49 221 1",
        "raum-koeln@example.de",
        "Besprechungsraum <raum.2@example.de>",
        "x" * (LONGEST + 1),
    ],
)
def test_what_leads_into_a_meeting_or_names_a_mailbox_is_no_place(
    make_event: Callable[..., Event], location: str
) -> None:
    assert CHAIN.draft(make_event(location=location)).location == ""


def test_an_online_meeting_takes_place_nowhere(make_event: Callable[..., Event]) -> None:
    event = make_event(location="Microsoft Teams-Besprechung", online_meeting=True)
    assert CHAIN.draft(event).location == ""


@pytest.mark.parametrize(
    "location", ["Köln: Hotel am Dom", "Raum 2 @ Messe", "A/B-Halle", "Straße des 17. Juni 1"]
)
def test_a_place_may_have_any_name(make_event: Callable[..., Event], location: str) -> None:
    assert CHAIN.draft(make_event(location=location)).location == location


def test_it_judges_and_shows_nothing_of_events_that_are_there(make_event: Callable[..., Event]) -> None:
    event = make_event(location=PLACE)
    assert CHAIN.admit(event) is None
    assert CHAIN.project(event) == (event, frozenset())
    assert needs_of(CHAIN.rules) == {"location"}
