"""What people do with an account in the pages, and what becomes of it in the two calendars."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import Locator, Route

    from tests.browser.conftest import Place, Tab

ACCOUNT = "/accounts/anna"


def switch(tab: Tab) -> Locator:
    return tab.page.get_by_role("switch", name="Kalender synchronisieren")


async def at_the_account(place: Place, **options: Any) -> Tab:
    """Let the account's owner open its page."""
    anna = await place.arrives("Anna", "--account", "anna", **options)
    await anna.go(ACCOUNT)
    return anna


async def test_off_edited_on_both_sides_and_on_again(place: Place) -> None:
    world = place.world
    entity, event = world.appointment("Besichtigung"), world.event("Notar", hours=2)
    anna = await at_the_account(place)
    await world.until(lambda: world.subjects() == (["Besichtigung", "Notar"],) * 2)
    await switch(anna).uncheck()
    await anna.sees("Ausgeschaltet")
    world.patch(entity, subject="Besichtigung mit Makler")
    world.anna.mailbox.edit(event["id"], {"subject": "Notar Weiß"})
    world.appointment("nur in FLOWFACT", hours=4)
    world.clear()
    await anna.page.reload()
    await expect(switch(anna)).not_to_be_checked()
    assert world.writes() == []
    await switch(anna).check()
    both = ["Besichtigung mit Makler", "Notar Weiß", "nur in FLOWFACT"]
    await world.until(lambda: world.subjects() == (both, both))
    await anna.sees("Aktuell")
    world.expect_converged(3)


async def test_a_wider_direction_writes_nothing_before_its_plan_is_confirmed(place: Place) -> None:
    world = place.world
    anna = await at_the_account(place)
    await turn(anna, "Nur von FLOWFACT")
    world.event("aus Outlook")
    world.appointment("aus FLOWFACT", hours=2)
    await world.until(lambda: world.subjects()[1] == ["aus FLOWFACT", "aus Outlook"])
    assert world.subjects()[0] == ["aus FLOWFACT"]
    await turn(anna, "In beide Richtungen")
    await anna.page.get_by_role("link", name="Plan ansehen").click()
    await anna.press("Plan ansehen")
    await anna.sees("aus Outlook")
    assert world.subjects()[0] == ["aus FLOWFACT"]
    await anna.expect_no_barrier()
    await anna.press("Diesen Plan bestätigen")
    await world.until(lambda: world.subjects()[0] == ["aus FLOWFACT", "aus Outlook"])
    await anna.go(ACCOUNT)
    await anna.sees("Aktuell")
    world.expect_converged(2)


async def turn(tab: Tab, direction: str) -> None:
    """Choose another direction."""
    await tab.page.get_by_role("radio", name=direction).check()
    await tab.press("Richtung übernehmen")
    await tab.sees("Die Richtung wurde geändert.")


async def test_on_a_phone(place: Place) -> None:
    world = place.world
    world.appointment("Besichtigung")
    anna = await at_the_account(place, phone=True)
    await world.until(lambda: world.subjects()[1] == ["Besichtigung"])
    await switch(anna).tap()
    await anna.sees("Ausgeschaltet")
    await anna.expect_no_barrier()
    await switch(anna).tap()
    await anna.sees("Aktuell")
    await anna.page.get_by_role("link", name="Aktivität", exact=True).tap()
    await anna.sees("Besichtigung")
    await anna.expect_no_barrier()


async def test_by_keyboard_alone(place: Place) -> None:
    """Sign in, switch the sync off and on, and sign out, without a mouse."""
    link = await place.invited("Anna", "--account", "anna")
    anna = await place.tab()
    keyboard = anna.page.keyboard
    await anna.go(link)
    for name in ("password", "again"):
        await tab_to(anna.page.locator(f"#{name}"))
        await keyboard.type("vier grüne Schafe")
    await keyboard.press("Enter")
    await anna.page.wait_for_url(f"{place.url}/")
    await anna.go(ACCOUNT)
    await keyboard.press("Tab")
    await expect(anna.page.get_by_role("link", name="Zum Inhalt springen")).to_be_focused()
    await keyboard.press("Enter")
    await tab_to(switch(anna))
    await keyboard.press("Space")
    await anna.sees("Ausgeschaltet")
    await tab_to(switch(anna))
    await keyboard.press("Space")
    await anna.sees("Das Konto ist eingeschaltet.")
    await tab_to(anna.page.get_by_role("button", name="Abmelden"))
    await keyboard.press("Enter")
    await anna.sees("Sie haben sich abgemeldet.")


async def test_a_page_that_sends_a_form_asks_for_nothing_more(place: Place) -> None:
    """Else it could be answered that nobody is signed in, behind a form that signs out."""
    anna = await at_the_account(place)
    sent = asyncio.Event()

    async def held(route: Route) -> None:
        await sent.wait()
        await route.continue_()

    await anna.page.route("**/sign-out", held)
    async with anna.page.expect_event("requestfailed", lambda one: one.url.endswith("/events")):
        await anna.page.get_by_role("button", name="Abmelden").click(no_wait_after=True)
    sent.set()
    await anna.sees("Sie haben sich abgemeldet.")


async def tab_to(element: Locator) -> None:
    """Press the tabulator until an element has the focus, and expect that it is seen to have it."""
    for _ in range(60):
        if await element.evaluate("one => one === document.activeElement"):
            break
        await element.page.keyboard.press("Tab")
    await expect(element.and_(element.page.locator(":focus-visible"))).to_be_visible()
