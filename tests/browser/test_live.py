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
