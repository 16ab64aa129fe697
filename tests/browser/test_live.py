"""Pages show by themselves what changes, also what changed while they were not listening."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.test_steering import at_the_account, switch

if TYPE_CHECKING:
    from playwright.async_api import Route

    from tests.browser.conftest import Place


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
    await expect(late.page.locator("html")).to_have_attribute("data-heard", "yes")
    await late.page.evaluate("hangUp()")
    await expect(switch(late)).to_be_checked()
    may_come.set()
    await expect(switch(late)).not_to_be_checked()
