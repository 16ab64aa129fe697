"""From a list one gets to why an appointment is where it is; twins are decided together in the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Dialog

    from tests.browser.conftest import Place


async def test_why_an_appointment_is_in_outlook_is_told_from_a_list(place: Place) -> None:
    world = place.world
    world.appointment("Besichtigung")
    await world.until(lambda: world.subjects() == (["Besichtigung"],) * 2)
    anna = await place.arrives("Anna", "--account", "anna")
    await anna.go("/accounts/anna/events")
    await anna.page.get_by_role("link", name="Warum? Besichtigung").click()
    await anna.sees("„Besichtigung“ steht in FLOWFACT und in Outlook: calsync hat den Termin am ")
    await anna.sees("Was geschah")
    await anna.sees("In FLOWFACT wurde der Termin zum ersten Mal gelesen.")
    await anna.sees("Was die Regeln daraus machen")
    await anna.expect_no_barrier()
    await anna.fill(**{"Betreff oder Kennung": "zahnarzt"})
    await anna.press("Suchen")
    await anna.sees("Nichts gefunden")
    await anna.fill(**{"Betreff oder Kennung": "besicht"})
    await anna.press("Suchen")
    await anna.sees("„Besichtigung“ steht in FLOWFACT und in Outlook")
    await anna.expect_no_barrier()
    await place.close()


async def test_twins_are_decided_together(prepared: Place) -> None:
    world = prepared.world
    world.appointment("Besichtigung")
    for _ in range(3):
        world.event("Besichtigung")
    async with prepared.running():
        anna = await prepared.arrives("Anna", "--account", "anna")
        await anna.go("/repairs")
        card = anna.page.get_by_role("article").first
        await card.wait_for()
        await card.get_by_role("link", name="Entscheiden").first.click()
        await anna.sees("Mehrere Termine mit gleichem Betreff und gleicher Zeit")
        await anna.expect_no_barrier()
        asked: list[str] = []

        async def answer(dialog: Dialog) -> None:
            asked.append(dialog.message)
            await dialog.accept()

        anna.page.on("dialog", answer)
        together = anna.page.locator(".together")
        await together.get_by_role("button", name="Nicht übernehmen").click()
        assert asked == ["3 Termine in Outlook nicht nach FLOWFACT übernehmen?"]
        await anna.sees("Nichts wartet auf Sie")
        await world.until(lambda: len(world.subjects()[1]) == 4)
        assert world.subjects()[0] == ["Besichtigung"]
        world.expect_no_mail()
        await prepared.close()
