"""People get in: by an invitation, by name and password, and out again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.conftest import GOOD

if TYPE_CHECKING:
    from playwright.async_api import Route

    from tests.browser.conftest import Place


async def test_the_first_administrator_gets_in_and_invites_a_user(place: Place) -> None:
    chef = await place.arrives("Sabine Schäfer", "--admin")
    await chef.sees("Guten Tag, Sabine Schäfer")
    await chef.page.get_by_role("link", name="Personen").click()
    await chef.fill(Name="Anna Beispiel", Konto="anna")
    await chef.press("Link erstellen")
    link = await chef.page.locator("#secret").input_value()
    anna = await place.tab()
    await anna.go(link)
    await anna.sees("Willkommen, Anna Beispiel")
    await anna.fill(**{"Neues Passwort": GOOD, "Noch einmal dasselbe": GOOD})
    await anna.press("Passwort speichern")
    await anna.sees("Guten Tag, Anna Beispiel")
    assert await anna.page.get_by_role("link", name="Personen").count() == 0
    await anna.press("Abmelden")
    await anna.sees("Sie haben sich abgemeldet.")
    await anna.fill(Name="Anna Beispiel", Passwort=GOOD)
    await anna.press("Anmelden")
    await anna.sees("Guten Tag, Anna Beispiel")


async def test_a_wrong_password_is_told(place: Place) -> None:
    stranger = await place.tab()
    stranger.watch.expected.add(403)
    await stranger.go("/people")
    await stranger.fill(Name="Anna Beispiel", Passwort="falsch, aber lang")
    await stranger.press("Anmelden")
    await stranger.sees("Name und Passwort passen nicht zusammen.")
    await stranger.expect_no_barrier()


WAITS = """
  const text = () => document.querySelector("main button")?.innerText;
  const watch = new MutationObserver(() => text() === "Bitte einen Moment …" && waits());
  watch.observe(document, { subtree: true, childList: true });
"""


async def test_a_sign_in_that_takes_long_says_that_it_goes_on(place: Place) -> None:
    """As after several wrong passwords, when the next one has to wait."""
    stranger, told = await place.tab(), asyncio.Event()
    stranger.watch.expected.add(403)

    async def held(route: Route) -> None:
        await told.wait()
        await route.continue_()

    await stranger.page.expose_function("waits", told.set)
    await stranger.page.add_init_script(WAITS)
    await stranger.go("/sign-in")
    await stranger.page.route("**/sign-in", held)
    await stranger.fill(Name="Anna Beispiel", Passwort="falsch, aber lang")
    await stranger.press("Anmelden")
    await stranger.sees("Name und Passwort passen nicht zusammen.")
    assert told.is_set()
    await expect(stranger.page.get_by_role("button", name="Anmelden")).to_be_visible()


async def test_the_language_is_the_browsers_and_can_be_changed(place: Place) -> None:
    anna = await place.arrives("Anna", "--account", "anna", language="en")
    await anna.sees("Hello, Anna")
    assert await anna.page.locator("html").get_attribute("lang") == "en"
    await anna.press("Deutsch")
    await anna.sees("Guten Tag, Anna")
    await anna.page.reload()
    await anna.sees("Guten Tag, Anna")
    assert await anna.page.locator("html").get_attribute("lang") == "de"
