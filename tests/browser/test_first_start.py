"""First start: from an empty configuration to the first synced event, without touching YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.test_gallery import PICTURES, take_picture

if TYPE_CHECKING:
    from tests.browser.conftest import Place, Tab

CONFIGURATION = """
service:
  store: sqlite:///{store}
  key: !secret calsync_key
  listen: {listen}
  poll_seconds: 2
connections: {{}}
rules: [series_skip, attendee_stripping, private_mask]
web: {{}}
"""


async def test_from_nothing_to_the_first_synced_event(prepared: Place) -> None:
    world, sandbox = prepared.world, prepared.world.sandbox
    store, listen = world.folder / "calsync.db", prepared.url.removeprefix("http://")
    world.configuration.write_text(CONFIGURATION.format(store=store, listen=listen), "utf-8")
    world.appointment("Besichtigung")
    world.event("Notartermin", hours=3)
    world.clear()
    async with prepared.running():
        chef = await prepared.arrives("Sabine Schäfer", "--admin", first="/start")
        await look(chef, "start-flowfact")
        await fill(chef, api_token=sandbox.flowfact.api_token, base_url=sandbox.flowfact.url)
        await chef.heading("Microsoft 365 verbinden").wait_for()
        await look(chef, "start-mail")
        await fill(
            chef,
            tenant_id=sandbox.tenant_id,
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            graph_url=sandbox.graph.url,
            authority_url=sandbox.authority.url,
        )
        await chef.heading("Microsoft 365 verbinden").wait_for(state="hidden")
        await chef.go("/start?step=check")  # it may be done already
        onwards = chef.page.get_by_role("link", name="Weiter", exact=True)
        await expect(onwards).to_be_visible()
        await look(chef, "start-check")
        await onwards.click()
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


async def fill(tab: Tab, **values: str) -> None:
    """Fill in what a system needs, also what few people change, and go on."""
    await tab.page.locator("details:not(.how) > summary").click()
    for key, value in values.items():
        await tab.page.locator(f"[name={key}]").fill(value)
    await tab.press("Verbinden und prüfen")
