"""A first sync waits until its plan was seen; a world that has moved since is told in plain words, and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.browser.conftest import Place


async def test_a_changed_world_is_refused_and_shown_then_approved_and_applied(prepared: Place) -> None:
    world = prepared.world
    world.rewrite("    direction: ", "    first_sync: ask\n    direction: ")
    world.appointment("Besichtigung")
    world.event("Notar", hours=2)
    async with prepared.running():
        anna = await prepared.arrives("Anna", "--account", "anna")
        await anna.go("/repairs")
        await anna.page.get_by_role("article").first.get_by_role("link").last.click()
        await anna.press("Plan ansehen")
        await anna.sees("„Besichtigung“ wird in Outlook angelegt.")
        await anna.sees("„Notar“ wird in FLOWFACT angelegt.")
        await anna.expect_no_barrier()
        world.event("Übergabe", hours=4)  # between the look and the approval
        await anna.press("Diesen Plan bestätigen")
        await anna.sees("Der Plan ist inzwischen ein anderer. Es wurde nichts geschrieben.")
        await anna.sees("dazugekommen")
        await anna.sees("„Übergabe“ wird in FLOWFACT angelegt.")
        await anna.expect_no_barrier()
        assert world.subjects() == (["Besichtigung"], ["Notar", "Übergabe"])
        assert world.writes() == []
        await anna.press("Diesen Plan bestätigen")
        every = ["Besichtigung", "Notar", "Übergabe"]
        await world.until(lambda: world.subjects() == (every, every))
        await anna.go("/repairs")
        await anna.sees("Alles läuft")
        world.expect_converged(3)
        await prepared.close()
