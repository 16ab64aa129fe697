"""What calsync wrote is undone in the page: shown first, with what is left alone; then done once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.e2e.conftest import value

if TYPE_CHECKING:
    from tests.browser.conftest import Place

MANY = 500
EDITED = "Termin 7"


async def test_a_run_of_five_hundred_writes_is_undone(prepared: Place) -> None:
    world = prepared.world
    for number in range(MANY):
        world.event(f"Termin {number}", hours=number)
    world.appointment("Besichtigung")
    async with prepared.running():
        await world.until(lambda: world.stored("SELECT number FROM run"))
        assert [len(each) for each in world.subjects()] == [MANY + 1] * 2
        anna = await prepared.arrives("Anna", "--account", "anna")
        await anna.go("/accounts/anna")
        await anna.page.get_by_text("Die letzten Läufe").click()
        await anna.page.get_by_role("link", name="Rückgängig machen: den Lauf vom").first.click()
        await anna.expect_no_barrier()
        await anna.page.get_by_role("button", name="Zeigen, was dabei geschieht").first.click()
        confirm = anna.page.get_by_role("button", name="Genau das rückgängig machen")
        await confirm.wait_for()
        shown = await anna.page.locator("dl.facts.big").inner_text()
        assert sorted(shown.split("\n")) == ["1", str(MANY), "in FLOWFACT löschen", "in Outlook löschen"]
        assert [len(each) for each in world.subjects()] == [MANY + 1] * 2
        world.patch(world.in_flowfact(EDITED), subject="von Hand")  # the world moves on
        await world.until(lambda: "von Hand" in world.subjects()[1])
        await confirm.click()
        await anna.sees("Seit Ihrem Blick hat sich etwas geändert. Es wurde nichts zurückgenommen.")
        assert [len(each) for each in world.subjects()] == [MANY + 1] * 2
        await anna.expect_no_barrier()
        left_alone = anna.page.locator("#others")
        await expect(left_alone).to_contain_text("Der Termin wurde seither geändert")
        await expect(left_alone.locator("li")).to_have_count(1)
        await expect(left_alone.locator("li")).to_contain_text("„von Hand“")
        await confirm.click()
        await expect(anna.page.get_by_role("progressbar")).to_be_visible()
        await anna.page.get_by_role("heading", name="Rückgängig gemacht").wait_for(timeout=60_000)
        await anna.expect_no_barrier()
        assert world.subjects()[0] == ["Besichtigung", "von Hand"]
        assert len(world.subjects()[1]) == MANY
        world.clear()
        await anna.go("/accounts/anna")
        await anna.press("Jetzt abgleichen")
        await world.until(world.sandbox.graph.sent)
        assert world.writes() == []
        world.expect_no_mail()
        await prepared.close()


async def test_one_write_is_undone_from_the_list_of_what_was_done(place: Place) -> None:
    world = place.world
    event = world.event("Besichtigung")
    await world.until(lambda: world.subjects() == (["Besichtigung"],) * 2)
    world.anna.mailbox.edit(event["id"], {"subject": "Notartermin"})
    await world.until(lambda: world.subjects()[0] == ["Notartermin"])
    anna = await place.arrives("Anna", "--account", "anna", phone=True)
    await anna.go("/accounts/anna/activity?kind=update")
    await anna.page.get_by_role("link", name="Rückgängig machen: Notartermin").click()
    await expect(anna.page.get_by_label("Nur diese Änderung")).to_be_checked()
    await anna.page.get_by_role("button", name="Zeigen, was dabei geschieht").first.click()
    await anna.page.get_by_text("Was wird daraus?").click()
    await expect(anna.page.locator(".changes ins")).to_have_text("Besichtigung")
    await expect(anna.page.locator(".changes del")).to_have_text("Notartermin")
    await anna.expect_no_barrier()
    await anna.press("Genau das rückgängig machen")
    await anna.page.get_by_role("heading", name="Rückgängig gemacht").wait_for()
    assert world.subjects() == (["Besichtigung"], ["Notartermin"])
    assert value(world.in_flowfact(), "subject") == "Besichtigung"
    await place.close()
