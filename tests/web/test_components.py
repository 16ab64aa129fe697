"""What pages are made of: every component renders, escapes what it is given, and can be used without a mouse."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from aiohttp.test_utils import make_mocked_request
from jinja2 import ChoiceLoader, DictLoader
from multidict import CIMultiDict

from calsync.sync.model import AllDay, Timed
from calsync.testing import FakeClock
from calsync.web.moments import Moments
from calsync.web.origins import Origin
from calsync.web.pages.sign_in import sender
from calsync.web.rendering import Templates
from calsync.web.static_files import StaticFiles
from calsync.web.texts import Texts
from calsync.web.visitor import Visitor

if TYPE_CHECKING:
    from calsync.reasons import Language

EVIL = '"><script>x</script>'


def rendered(source: str, language: Language = "de", **values: object) -> str:
    templates = Templates(FakeClock(), StaticFiles())
    visitor = Visitor(
        person=None,
        session="x",
        fresh=False,
        texts=Texts(language),
        origin=Origin("https://calsync.example.de", "/sync"),
        path="/",
    )
    names = (
        "badge, button, card, cell, choice, empty, field, form, icon, link_button, live, notice, secret, switch"
    )
    head = f'{{% from "components.html" import {names}, table, when with context %}}'
    loader = templates._environment.loader
    assert loader is not None
    templates._environment.loader = ChoiceLoader([DictLoader({"page.html": head + source}), loader])
    return templates.render("page.html", visitor, [], values)


def test_commands_in_what_a_system_said_are_set_apart() -> None:
    assert rendered("{{ said | coded }}", said="run `calsync <x>`") == "run <code>calsync &lt;x&gt;</code>"
    assert rendered("{{ said | coded }}", said="a ` b") == "a ` b"


def test_a_choice_may_say_what_stands_behind_a_name() -> None:
    source = '{{ field("Konto", "account", options=given) }}'
    assert '<option value="4711">anna@example.de</option>' in rendered(source, given={"4711": "anna@example.de"})
    assert '<option value="4711"></option>' in rendered(source, given=["4711"])


@pytest.mark.parametrize(
    "source",
    [
        "{{ evil | coded }}",
        "{{ badge(evil, 'good') }}",
        "{{ button(evil, label=evil, name=evil, value=evil) }}",
        "{% call card(evil, note=evil, id=evil) %}{{ evil }}{% endcall %}",
        "{% call table(evil, [evil]) %}<tr>{% call cell(evil) %}{{ evil }}{% endcall %}</tr>{% endcall %}",
        "{{ choice(evil, evil, evil, evil) }}",
        "{{ empty(evil, evil) }}",
        "{{ field(evil, evil, value=evil, hint=evil, problem=evil, options=[evil]) }}",
        "{% call form('/x', confirm=evil) %}{{ evil }}{% endcall %}",
        "{{ link_button(evil, '/' ~ evil) }}",
        "{% call live('x', '/x', [evil]) %}{{ evil }}{% endcall %}",
        "{{ notice(evil, 'bad') }}",
        "{{ secret(evil, evil) }}",
        "{{ switch(evil, '/x', true, hint=evil) }}",
    ],
)
def test_nothing_that_is_given_becomes_markup(source: str) -> None:
    text = rendered(source, evil=EVIL)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_switch_is_one_for_screen_readers_and_sends_a_form() -> None:
    text = rendered("{{ switch('An', '/accounts/anna/switch', true, hint='Hilfe') }}")
    assert 'role="switch"' in text
    assert "checked" in text
    assert 'action="/sync/accounts/anna/switch"' in text
    assert 'name="csrf"' in text
    assert "<noscript>" in text
    assert "checked" not in rendered("{{ switch('An', '/x', false) }}")


def test_a_live_part_asks_for_itself_when_its_accounts_change() -> None:
    text = rendered("{% call live('state', '/accounts', ['anna', 'bernd']) %}x{% endcall %}")
    for attribute in (
        'data-live="anna bernd"',
        'hx-get="/sync/accounts"',
        'hx-select="#state"',
        'hx-trigger="live"',
    ):
        assert attribute in text


def test_a_time_is_written_for_people_and_for_machines() -> None:
    text = rendered("{{ when(at, zone) }}", at=FakeClock().now(), zone=ZoneInfo("Europe/Berlin"))
    assert '<time datetime="2026-03-02T08:00:00+00:00">2. März 2026, 09:00</time>' in text


def test_how_long_ago_something_was_can_grow_in_the_browser_also_within_a_text() -> None:
    at = FakeClock().now() - timedelta(minutes=3)
    time = '<time datetime="2026-03-02T07:57:00+00:00" data-ago="-180">vor 3 Minuten</time>'
    assert rendered("{{ ago(at) }}", at=at) == time
    assert rendered("{{ t('mine.good_at', ago=ago(at)) }}", at=at) == f"Zuletzt abgeglichen {time}"


def test_times_are_written_as_in_the_language() -> None:
    now, zone = FakeClock().now(), ZoneInfo("Europe/Berlin")
    german, english = Moments("de"), Moments("en")
    assert (german.day(now, zone), english.moment(now, zone)) == ("2. März 2026", "2 March 2026, 09:00")
    assert german.ago(now - timedelta(minutes=3), now) == "vor 3 Minuten"
    assert english.ago(now + timedelta(minutes=3), now) == "in 3 minutes"
    assert german.ago(now, now) == "vor 1 Sekunde"


def test_when_an_event_is_ends_on_its_last_day() -> None:
    zone, german = ZoneInfo("Europe/Berlin"), Moments("de")
    now = FakeClock().now()
    spans = {
        german.span(Timed(now, now + timedelta(hours=1)), zone),
        german.span(Timed(now, now + timedelta(hours=20)), zone),
        german.span(Timed(now, now), zone),
        german.span(AllDay(now.date(), now.date() + timedelta(days=1)), zone),
        german.span(AllDay(now.date(), now.date() + timedelta(days=3)), zone),
    }
    assert {span.replace("\u2013", "to") for span in spans} == {
        "2. März 2026, 09:00 to 10:00",
        "2. März 2026, 09:00 to 3. März 2026, 05:00",
        "2. März 2026, 09:00",
        "2. März 2026",
        "2. März 2026 to 4. März 2026",
    }


@pytest.mark.parametrize(
    ("peer", "forwarded", "told"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("192.0.2.9", "203.0.113.7", "192.0.2.9"),
    ],
)
def test_only_the_trusted_proxy_says_who_sent_a_request(peer: str, forwarded: str, told: str) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded})
    request = request.clone(remote=peer)
    assert sender(request, ip_network("10.0.0.0/8")) == told
    assert sender(request, None) == peer


def test_what_a_sender_says_of_itself_stands_before_what_the_proxy_adds() -> None:
    """Some proxies add a header of their own instead of a part (HAProxy, `option forwardfor`)."""
    headers = CIMultiDict([("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.7")])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote="10.0.0.1")
    assert sender(request, ip_network("10.0.0.0/8")) == "203.0.113.7"
