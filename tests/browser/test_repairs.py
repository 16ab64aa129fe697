"""What many accounts have in common is one card, from which each of them is reached and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from calsync_sandbox.sandbox import Account
from tests.e2e.conftest import utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync_sandbox.sandbox import Person
    from tests.browser.conftest import Place

NAMES = ("bernd", "clara", "david")
MANY = 12
"""More accounts than a card names."""


def staffed(place: Place, names: Sequence[str]) -> Mapping[str, Person]:
    """Give people of these names accounts that leave conflicts to them, beside one that works."""
    sandbox, port = place.world.sandbox, int(place.url.rpartition(":")[2])
    people = {name: sandbox.add_person(f"{name}@example.de", first=name.title(), last="Makler") for name in names}
    accounts = [Account(name=name, person=person, policy="hold") for name, person in people.items()]
    accounts.append(Account(name="anna", person=place.world.anna))
    place.world.configuration = sandbox.write_configuration(place.world.folder, accounts, pages=port)
    return people


async def copied(place: Place, people: Mapping[str, Person]) -> None:
    """Let each have an appointment on both sides."""
    world = place.world
    for name, person in people.items():
        times = {"start": utc(world.at()), "end": utc(world.at(1))}
        person.mailbox.create({"subject": f"Termin von {name}", **times})
    await world.until(lambda: len(world.sandbox.flowfact.entities) == len(people))


async def test_conflicts_of_many_accounts_are_one_card_and_are_decided_one_by_one(prepared: Place) -> None:
    people, world = staffed(prepared, NAMES), prepared.world
    async with prepared.running():
        await copied(prepared, people)
        chef = await prepared.arrives("Sabine Schäfer", "--admin")
        await chef.go("/repairs")
        await chef.sees("Alles läuft")
        for name, person in people.items():
            (entity,) = [one for one in world.sandbox.flowfact.entities.values() if name in str(one)]
            world.sandbox.flowfact.patch(entity["id"], {"subject": "aus FLOWFACT"}, user=dict(person.user))
            (event,) = person.mailbox.events.values()
            person.mailbox.edit(event["id"], {"subject": f"aus Outlook, {name}"})
        card = chef.page.get_by_role("article", name="3 Konten: ")
        await card.wait_for()  # by itself: nobody loads the page anew
        await expect(chef.page.get_by_role("article")).to_have_count(1)
        for name in NAMES:
            await expect(card.get_by_role("listitem").filter(has_text=f"{name}@example.de")).to_be_visible()
        await chef.expect_no_barrier()
        phone = await prepared.again(chef, phone=True)
        await phone.go("/repairs")
        await phone.page.get_by_role("article", name="3 Konten: ").wait_for()
        await phone.expect_no_barrier()
        await card.get_by_role("listitem").filter(has_text="clara").get_by_role("link", name="Entscheiden").click()
        await chef.page.get_by_role("button", name="Outlook gilt").click()
        await world.until(lambda: "aus Outlook, clara" in str(world.sandbox.flowfact.entities))
        await expect(phone.page.get_by_role("article")).to_have_count(2)  # two stand one by one
        await expect(phone.page.get_by_role("article").filter(has_text="clara@example.de")).to_have_count(0)
        await prepared.close()


async def test_a_card_of_more_accounts_than_it_names_leads_to_all_of_them(prepared: Place) -> None:
    names = [f"makler-{number:02}" for number in range(MANY)]
    staffed(prepared, names)
    for name in names:
        prepared.world.rewrite(f'mailbox: "{name}@example.de"', f'mailbox: "{name}@gone.example"')
    async with prepared.running():
        chef = await prepared.arrives("Sabine Schäfer", "--admin")
        await chef.go("/repairs")
        card = chef.page.get_by_role("article", name=f"{MANY} Konten: Ein Kalender ist nicht verwendbar.")
        await card.wait_for()
        await expect(card.get_by_role("listitem")).to_have_count(10)
        await card.get_by_role("link", name=f"Alle {MANY} ansehen").click()
        await expect(chef.page.get_by_role("article")).to_have_count(MANY)
        await chef.expect_no_barrier()
        await chef.page.get_by_role("main").get_by_role("link", name="Reparaturen").click()
        await card.wait_for()
        await prepared.close()
