"""What waits for a person is shown with both sides, decided in the page, and carried out at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Dialog

    from tests.browser.conftest import Place

MANY = 7
"""So many deletes at once that calsync asks."""


@pytest.mark.parametrize(("side", "subject"), [("left", "aus FLOWFACT"), ("right", "aus Outlook")])
async def test_a_conflict_is_decided(prepared: Place, side: str, subject: str) -> None:
    world = prepared.world
    world.rewrite("    direction: ", "    policy: hold\n    direction: ")
    world.event("Besichtigung")
    async with prepared.running():
        await world.until(lambda: world.subjects() == (["Besichtigung"],) * 2)
        anna = await prepared.arrives("Anna", "--account", "anna")
        await anna.go("/repairs")
        await anna.sees("Alles läuft")
        world.patch(world.in_flowfact(), subject="aus FLOWFACT")
        world.anna.mailbox.edit(world.in_outlook()["id"], {"subject": "aus Outlook"})
        card = anna.page.get_by_role("article")
        await card.wait_for()  # by itself: nobody loads the page anew
        await card.get_by_role("link", name="Entscheiden").click()
        for text in ("aus FLOWFACT", "aus Outlook"):
            await anna.sees(text)
        await anna.expect_no_barrier()
        await anna.page.get_by_role(
            "button", name={"left": "FLOWFACT gilt", "right": "Outlook gilt"}[side]
        ).click()
        await world.until(lambda: world.subjects() == ([subject],) * 2)
        await anna.go("/repairs")
        await anna.sees("Alles läuft")
        world.expect_converged(1)
        await prepared.close()


@pytest.mark.parametrize(
    ("button", "left", "question"),
    [
        ("Löschen", 0, f"{MANY} Termine in FLOWFACT löschen?"),
        ("Behalten", MANY, f"{MANY} Termine in FLOWFACT behalten? Sie werden erst wieder"),
    ],
)
async def test_held_deletes_are_decided(place: Place, button: str, left: int, question: str) -> None:
    world = place.world
    for number in range(MANY):
        world.event(f"Termin {number}", hours=number)
    await world.until(lambda: len(world.sandbox.flowfact.entities) == MANY)
    anna = await place.arrives("Anna", "--account", "anna")
    await anna.go("/repairs")
    await anna.sees("Alles läuft")
    for event in list(world.anna.mailbox.events.values()):
        world.anna.mailbox.delete(event["id"])
    card = anna.page.get_by_role("article")
    await card.wait_for()
    assert len(world.sandbox.flowfact.entities) == MANY
    await card.get_by_role("link").last.click()
    await anna.sees("Termin 0")
    await anna.expect_no_barrier()
    asked: list[str] = []

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.dismiss() if len(asked) == 1 else dialog.accept())

    anna.page.on("dialog", answer)
    await anna.press("Löschen: Termin 0")  # changes her mind
    assert asked == ["Diesen Termin in FLOWFACT löschen?"]
    await anna.page.locator(".together").get_by_role("button", name=button).click()
    assert asked[1].startswith(question)
    await world.until(lambda: len(world.sandbox.flowfact.entities) == left)
    await anna.go("/repairs")
    await anna.sees("Alles läuft")
    assert len(world.sandbox.flowfact.entities) == left
    world.expect_no_mail()
