"""First start: from an empty configuration to the first synced event, without touching YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.test_gallery import PICTURES, take_picture

if TYPE_CHECKING:
    from tests.browser.conftest import Place, Tab

CONFIGURATION = """
service:
  store: sqlite:///{store}
  key: !secret service_key
  listen: {listen}
  poll_seconds: 2
connections: {{}}
rules: [series_skip, attendee_stripping, private_mask]
web: {{}}
"""


@pytest.mark.parametrize("exchange", ["graph", "exchange_ews"])
async def test_from_nothing_to_the_first_synced_event(prepared: Place, exchange: str) -> None:
    world, sandbox = prepared.world, prepared.world.sandbox
    store, listen = world.folder / "calsync.db", prepared.url.removeprefix("http://")
    world.configuration.write_text(CONFIGURATION.format(store=store, listen=listen), "utf-8")
    world.appointment("Besichtigung")
    world.event("Notartermin", hours=3)
    world.clear()
    async with prepared.running():
        chef = await prepared.arrives("Sabine Schäfer", "--admin", first="/start")
        await look(chef, "start-flowfact")
        await fill(chef, api_token="wrong", base_url=sandbox.flowfact.url)
        await chef.sees("FLOWFACT lässt calsync mit diesen Angaben nicht herein.")
        await look(chef, "start-refused")
        await fill(chef, api_token=sandbox.flowfact.api_token)
        await chef.sees("Als Nächstes ordnen Sie die Felder der Termine zu.")
        await look(chef, "start-works")
        await onwards(chef)
        await chef.heading("Welche Felder haben Ihre Termine?").wait_for()
        await expect(chef.page.locator("#private")).to_have_value("private")
        await look(chef, "start-fields")
        await chef.press("Übernehmen und prüfen")
        await chef.sees("Die Felder passen zu Ihren Terminen.")
        await onwards(chef)
        await chef.heading("Microsoft 365 verbinden").wait_for()
        await look(chef, "start-mail")
        if exchange == "graph":
            await fill(
                chef,
                tenant_id=sandbox.tenant_id,
                client_id=sandbox.client_id,
                client_secret=sandbox.client_secret,
                graph_url=sandbox.graph.url,
                authority_url=sandbox.authority.url,
            )
        else:
            await chef.page.get_by_role("link", name="Exchange Server").click()
            await chef.heading("Exchange Server verbinden").wait_for()
            await look(chef, "start-exchange")
            service = sandbox.service
            await fill(chef, url=sandbox.ews.ews_url, username=service.login, password=service.password)
        await chef.sees("Die Anmeldung klappt.")
        await look(chef, f"start-checked-{exchange}")
        await onwards(chef)
        await chef.page.locator("#user").fill("anna@example.de")
        await chef.press("Kalender suchen")
        await chef.heading("Kalender von anna@example.de").wait_for()
        await look(chef, "start-pick")
        await chef.press("Vorschau zeigen")
        await chef.sees("„Besichtigung“ wird in Outlook angelegt.")
        await chef.sees("„Notartermin“ wird in FLOWFACT angelegt.")
        await look(chef, "start-preview")
        assert world.writes() == []
        await chef.press("Synchronisation einschalten")
        await chef.sees("2 Termine stehen jetzt in beiden Kalendern")
        await look(chef, "start-done")
        world.expect_converged(2)
        await prepared.close()


async def look(tab: Tab, name: str) -> None:
    """Look at a step, and take a picture of it."""
    await tab.expect_no_barrier()
    PICTURES.mkdir(parents=True, exist_ok=True)
    await take_picture(tab.page, PICTURES / f"{name}-light.png")


async def onwards(tab: Tab) -> None:
    """Go on to the next step."""
    await tab.page.get_by_role("link", name="Weiter", exact=True).click()


async def fill(tab: Tab, **values: str) -> None:
    """Fill in what a system needs, also what few people change, and go on."""
    for key, value in values.items():
        place = tab.page.locator(f"[name={key}]")
        if not await place.is_visible():
            await tab.page.locator("details:has([name]) > summary").click()
        await place.fill(value)
    await tab.press("Verbinden und prüfen")
