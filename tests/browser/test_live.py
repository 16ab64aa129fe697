"""Pages show by themselves what changes, also what changed while they were not listening."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.test_steering import at_the_account, switch

if TYPE_CHECKING:
    from playwright.async_api import Route

    from tests.browser.conftest import Place, Tab


async def test_what_changes_elsewhere_is_shown(place: Place) -> None:
    anna = await at_the_account(place)
    phone = await place.again(anna, phone=True)
    await phone.go("/accounts/anna")
    await switch(anna).uncheck()
    await expect(switch(phone)).not_to_be_checked()


async def test_what_changed_before_a_page_was_listening_is_shown(place: Place) -> None:
    anna = await at_the_account(place)
    late, may_listen = await place.again(anna), asyncio.Event()

    async def held(route: Route) -> None:
        await may_listen.wait()
        await route.continue_()

    await late.page.route("**/events", held)
    await late.go("/accounts/anna")
    await switch(anna).uncheck()
    await anna.sees("Das Konto ist ausgeschaltet.")
    await expect(switch(late)).to_be_checked()
    may_listen.set()
    await expect(switch(late)).not_to_be_checked()


HEARD = """
  window.EventSource = class extends EventSource {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", () => (document.documentElement.dataset.heard = "yes"));
      window.hangUp = () => this.close();
    }
  };
"""


async def test_what_changes_while_an_older_answer_is_on_its_way_is_shown(place: Place) -> None:
    anna = await at_the_account(place)
    late, answered, may_come = await place.again(anna), asyncio.Event(), asyncio.Event()

    async def held(route: Route) -> None:
        if "hx-request" not in route.request.headers or answered.is_set():
            await route.continue_()
            return
        answer = await route.fetch()
        answered.set()
        await may_come.wait()
        await route.fulfill(response=answer)

    await late.page.add_init_script(HEARD)
    await late.page.route("**/accounts/anna", held)
    await late.go("/accounts/anna")
    await answered.wait()
    await late.page.evaluate("delete document.documentElement.dataset.heard")
    await switch(anna).uncheck()
    await anna.sees("Das Konto ist ausgeschaltet.")
    await expect(late.page.locator("html")).to_have_attribute("data-heard", "yes")
    await late.page.evaluate("hangUp()")
    await expect(switch(late)).to_be_checked()
    may_come.set()
    await expect(switch(late)).not_to_be_checked()


def forgive_lost_connections(tab: Tab) -> None:
    """Take from a tab's faults what a server that is away causes; anything else stays one."""
    away = ("net::ERR_", "htmx:afterRequest", "htmx:sendError")
    tab.watch.faults[:] = [fault for fault in tab.watch.faults if not any(one in fault for one in away)]


async def test_a_page_whose_server_is_away_says_so_until_it_is_back(prepared: Place) -> None:
    async with prepared.running():
        anna = await at_the_account(prepared)
        lost = anna.page.locator("#lost")
        await expect(lost).to_be_hidden()
    await expect(lost).to_be_visible()
    await expect(lost).to_have_text(re.compile(r"Keine Verbindung .* von \d\d:\d\d Uhr"))
    await anna.expect_no_barrier()
    async with prepared.running():
        await expect(lost).to_be_hidden()
        forgive_lost_connections(anna)
        await prepared.close()


async def test_a_page_goes_to_the_sign_in_when_its_session_has_ended(place: Place) -> None:
    anna = await at_the_account(place)
    anna.watch.expected.add(401)
    phone = await place.again(anna, phone=True)
    await phone.go("/")
    await phone.press("Abmelden")
    await anna.page.wait_for_url("**/sign-in")
    await anna.sees("Anmelden")


async def test_how_long_ago_something_was_grows_while_nothing_is_told(place: Place) -> None:
    anna = await at_the_account(place)
    deaf = await place.again(anna)
    await deaf.page.add_init_script("window.EventSource = class { close() {} };")
    await deaf.page.clock.install()
    await deaf.go("/accounts/anna")
    await expect(deaf.page.get_by_text("Zuletzt erfolgreich vor")).to_have_count(1)
    await deaf.page.clock.fast_forward("05:00")
    await deaf.sees("Zuletzt erfolgreich vor 5 Minuten")
    await deaf.page.clock.fast_forward("02:55:00")
    await deaf.sees("Zuletzt erfolgreich vor 3 Stunden")


async def test_what_somebody_has_just_opened_stays_open_when_the_page_changes(place: Place) -> None:
    place.world.event("Besichtigung")
    anna = await at_the_account(place)
    await anna.page.locator("#runs").wait_for()
    await anna.page.evaluate(
        """() => {
          const open = () => (document.getElementById("runs").open = true);
          document.addEventListener("htmx:beforeSwap", open, { capture: true, once: true });
          document.addEventListener("htmx:afterSettle", () => (document.documentElement.dataset.anew = "yes"));
        }"""
    )
    place.world.event("Notartermin")
    await expect(anna.page.locator("html")).to_have_attribute("data-anew", "yes")
    await expect(anna.page.locator("#runs")).to_have_attribute("open", "")
