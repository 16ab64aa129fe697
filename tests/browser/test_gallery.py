"""Every page: without a barrier, not wider than a phone, light and dark, in both languages, and with a picture.

The pictures are in build/screenshots: `make test ARGS=tests/browser/test_gallery.py`, then look at them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.test_steering import switch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import Page

    from tests.browser.conftest import Place, Tab

PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
PERSON = re.compile(r"/people/\d+$")
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"phone": True},
    "en": {"language": "en"},
}


@dataclass
class Gallery:
    """The same person in browsers of each look."""

    tabs: Mapping[str, Tab]

    @classmethod
    async def of(cls, place: Place, tab: Tab) -> Gallery:
        return cls({look: await place.again(tab, **options) for look, options in LOOKS.items()})

    async def hang(self, name: str, path: str, shows: str) -> None:
        """Look at a page, which shows an element, and take pictures of it."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        for look, tab in self.tabs.items():
            await tab.go(path)
            await tab.page.locator(shows).first.wait_for()
            await tab.expect_no_barrier()
            await take_picture(tab.page, PICTURES / f"{name}-{look}.png")


async def take_picture(page: Page, path: Path) -> None:
    """Take a picture of a whole page, in a window that is as high."""
    size = page.viewport_size
    assert size is not None
    height: int = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": size["width"], "height": height})
    await page.screenshot(path=path)
    await page.set_viewport_size(size)


async def test_pages_for_everybody(place: Place) -> None:
    gallery = await Gallery.of(place, await place.tab())
    for tab in gallery.tabs.values():
        tab.watch.expected.add(400)
    await gallery.hang("sign-in", "/sign-in", "#password")
    await gallery.hang("invitation", await place.invited("Anna Beispiel"), "#again")
    await gallery.hang("problem", "/invitation/unknown", "h1")


async def test_pages_of_a_user(office: Place) -> None:
    gallery = await Gallery.of(office, await office.arrives("Anna Beispiel", "--account", "anna"))
    await gallery.hang("mine", "/", "main .card")
    await gallery.hang("repairs-none", "/repairs", ".empty")
    await gallery.hang("profile", "/profile", "#present")


async def test_pages_of_administrators(office: Place) -> None:
    await office.invited("Anna Beispiel", "--account", "anna")
    chef = await office.arrives("Sabine Schäfer", "--admin")
    gallery = await Gallery.of(office, chef)
    await gallery.hang("people", "/people", "table")
    await chef.go("/people")
    await chef.page.get_by_role("link", name="Anna Beispiel").click()
    await chef.page.wait_for_url(PERSON)
    await gallery.hang("person", chef.page.url, "h1")
    await gallery.hang("audit", "/audit", "main .log")


async def test_pages_of_accounts(office: Place) -> None:
    gallery = await Gallery.of(office, await office.arrives("Sabine Schäfer", "--admin"))
    await gallery.hang("repairs", "/repairs", "article + article")
    await gallery.hang("accounts", "/accounts", "table")
    await gallery.hang("account", "/accounts/anna", ".facts")
    await gallery.hang("account-activity", "/accounts/anna/activity", ".log, .empty")
    await gallery.hang("account-events", "/accounts/anna/events", "table")
    await gallery.hang("account-left-out", "/accounts/anna/left-out", "main .card")
    await gallery.hang("account-conflict", "/accounts/bernd/decisions", ".cases")
    await gallery.hang("account-deletes", "/accounts/clara/decisions", ".cases")
    await gallery.hang("account-plan", "/accounts/clara/plan", "h2")


async def test_pages_on_which_people_look_undo_and_leave(office: Place) -> None:
    world = office.world
    anna = await office.arrives("Anna Beispiel", "--account", "anna")
    gallery = await Gallery.of(office, anna)
    await anna.go("/accounts/anna")
    await switch(anna).uncheck()
    await anna.sees("Ausgeschaltet")
    first, second, third, *_ = sorted(world.anna.mailbox.events.values(), key=lambda event: event["subject"])
    world.anna.mailbox.edit(first["id"], {"subject": "Notartermin Familie Meyer"})
    world.anna.mailbox.edit(
        second["id"], {"subject": "Übergabe Goethestr. 5", "body": _text("Schlüssel mitnehmen")}
    )
    world.anna.mailbox.delete(third["id"])
    world.event("Besichtigung Lindenallee 12", hours=3)
    await switch(anna).check()
    await world.until(lambda: "Besichtigung Lindenallee 12" in world.subjects()[0])
    await anna.sees("Aktuell")
    await anna.go("/accounts/anna/events")
    await anna.page.get_by_role("link", name="Warum? Notartermin Familie Meyer").first.click()
    await anna.page.wait_for_url("**/explain?*")
    await gallery.hang("account-explain", anna.page.url, "main .log")
    await anna.go("/accounts/anna/undo")
    await gallery.hang("account-undo-choose", "/accounts/anna/undo", ".choices")
    await anna.page.get_by_role("button", name="Zeigen, was dabei geschieht").first.click()
    await anna.page.locator(".button.danger").wait_for()
    await gallery.hang("account-undo", "/accounts/anna/undo", ".button.danger")
    await anna.press("Genau das rückgängig machen")
    await anna.page.get_by_role("heading", name="Rückgängig gemacht").wait_for()
    await gallery.hang("account-undone", "/accounts/anna/undo", ".told")
    await anna.go("/accounts/anna/leave")
    await anna.page.get_by_label("Die in FLOWFACT entfernen").check()
    await anna.page.get_by_role("button", name="Zeigen, was dabei geschieht").click()
    await anna.page.locator(".button.danger").wait_for()
    await gallery.hang("account-leave", "/accounts/anna/leave", ".button.danger")
    await office.close()


async def test_the_page_that_shows_a_first_sync_before_it_writes(prepared: Place) -> None:
    world = prepared.world
    world.rewrite("    direction: ", "    first_sync: ask\n    direction: ")
    world.appointment("Besichtigung Goethestr. 5")
    world.event("Notartermin Familie Meyer", hours=2)
    world.event("Zahnarzt", hours=5, sensitivity="private")
    async with prepared.running():
        anna = await prepared.arrives("Anna Beispiel", "--account", "anna")
        gallery = await Gallery.of(prepared, anna)
        await anna.go("/accounts/anna/plan")
        await anna.press("Plan ansehen")
        await anna.page.get_by_role("button", name="Diesen Plan bestätigen").wait_for()
        for tab in gallery.tabs.values():
            await tab.go("/accounts/anna/plan")
            await tab.page.locator("#planned-1 summary").click()
            await tab.expect_no_barrier()
        await gallery.hang("account-plan-first", "/accounts/anna/plan", "#planned-1")
        await prepared.close()


def _text(text: str) -> dict[str, str]:
    return {"contentType": "text", "content": text}


async def test_pages_of_connections(office: Place) -> None:
    chef = await office.arrives("Sabine Schäfer", "--admin")
    gallery = await Gallery.of(office, chef)
    await chef.go("/connections")
    await chef.page.get_by_role("button", name="flowfact").click()
    await chef.page.locator("#flowfact .findings, #flowfact .badge.good").first.wait_for()
    await gallery.hang("connections", "/connections", ".findings, .card")
    await gallery.hang("connection-choose", "/add/connection", "h1")
    await gallery.hang("account-choose", "/add/account", "h1")
