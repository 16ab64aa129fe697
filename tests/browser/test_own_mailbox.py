"""A user without an account connects the own mailbox, and picks the one calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.ews import User
from tests.browser.conftest import GOOD
from tests.browser.test_first_start import look
from tests.browser.test_gallery import PERSON
from tests.e2e.conftest import utc

if TYPE_CHECKING:
    from tests.browser.conftest import Place

SELF_SERVICE = "web:\n  self_service: {left: {connection: flowfact}, right: {connection: m365}}\n"


async def test_a_user_connects_the_own_mailbox(prepared: Place) -> None:
    world, sandbox = prepared.world, prepared.world.sandbox
    bert = sandbox.add_person("bert@example.de", first="Bert", last="Beispiel")
    sandbox.authority.register(sandbox.tenant_id, sandbox.client_id, secret=sandbox.client_secret, public=True)
    sandbox.authority.codes.at_the_browser = sandbox.authority.people.add("bert@example.de")
    times = {"start": utc(world.at()), "end": utc(world.at(1))}
    bert.mailbox.create({"subject": "Notartermin", **times})
    world.rewrite("web: {}\n", SELF_SERVICE)
    world.rewrite("service:\n", f"service:\n  key: {sandbox.key}\n")
    async with prepared.running():
        chef = await prepared.arrives("Sabine Schäfer", "--admin")
        await chef.go("/people")
        await chef.fill(Name="Bert")
        await chef.press("Link erstellen")
        link = await chef.page.locator("#secret").input_value()
        await chef.go("/people")
        await chef.page.get_by_role("link", name="Bert").click()
        await chef.page.wait_for_url(PERSON)
        await chef.go(f"{chef.page.url}/member")
        await chef.page.get_by_role("radio", name="bert@example.de").check()
        await look(chef, "member")
        await chef.page.locator("main form button[type=submit]").click()
        await chef.page.wait_for_url(PERSON)
        user = await prepared.tab()
        await user.go(link)
        await user.fill(**{"Neues Passwort": GOOD, "Noch einmal dasselbe": GOOD})
        await user.press("Passwort speichern")
        await user.sees("Verbinden Sie Ihren Kalender")
        await look(user, "mine-none")
        await user.page.get_by_role("link", name="Kalender verbinden").click()
        await user.heading("Kalender verbinden").wait_for()
        await look(user, "own")
        await user.page.get_by_role("link", name="Weiter mit Microsoft").click()
        await user.heading("Kalender auswählen").wait_for()
        await look(user, "own-calendar")
        await user.press("Kalender verbinden")
        await user.sees("Ihr Kalender ist verbunden.")
        await user.sees("„Notartermin“ wurde aus Outlook nach FLOWFACT übernommen.")
        await user.sees("Alles ist auf dem gleichen Stand")
        verdict = sandbox.judge(bert)
        assert (verdict.converged, verdict.paired) == (True, 1)
        await prepared.close()


EXCHANGE = SELF_SERVICE.replace("m365", "exchange")


@pytest.mark.parametrize("exchange", ["exchange_ews"])
async def test_a_user_connects_the_own_mailbox_on_exchange(prepared: Place) -> None:
    world, sandbox = prepared.world, prepared.world.sandbox
    bert = sandbox.add_person("bert@example.de", first="Bert", last="Beispiel")
    times = {"start": utc(world.at()), "end": utc(world.at(1))}
    bert.mailbox.create({"subject": "Notartermin", **times})
    password = "bert-knows-it"
    sandbox.ews.users.add(User("EX\\bert", password, "bert@example.de"))
    world.rewrite("web: {}\n", EXCHANGE)
    world.rewrite("service:\n", f"service:\n  key: {sandbox.key}\n")
    async with prepared.running():
        chef = await prepared.arrives("Sabine Schäfer", "--admin")
        user = await prepared.arrives("Bert")
        await user.sees("Ihr Administrator hat noch nicht festgelegt, wer Sie im anderen System sind.")
        await look(user, "mine-unassigned")
        await chef.go("/people")
        await chef.page.get_by_role("link", name="Bert").click()
        await chef.page.wait_for_url(PERSON)
        await chef.go(f"{chef.page.url}/member")
        await chef.page.get_by_role("radio", name="bert@example.de").check()
        await chef.page.locator("main form button[type=submit]").click()
        await chef.page.wait_for_url(PERSON)
        await user.go("/own")
        given = {"E-Mail-Adresse": "bert@example.de", "Benutzername": "EX\\bert"}
        user.watch.expected.add(400)
        await user.fill(**given, Passwort="falsch")
        await user.press("Weiter")
        await user.sees("Die Anmeldung wurde abgelehnt.")
        await look(user, "own-exchange")
        await user.fill(Passwort=password)
        await user.press("Weiter")
        await user.heading("Kalender auswählen").wait_for()
        await user.press("Kalender verbinden")
        await user.sees("„Notartermin“ wurde aus Outlook nach FLOWFACT übernommen.")
        verdict = sandbox.judge(bert)
        assert (verdict.converged, verdict.paired) == (True, 1)
        await chef.go("/accounts")
        await chef.page.locator("#search").fill("bert@")
        await chef.press("Suchen")
        await chef.sees("bert@example.de, Bert")
        await look(chef, "accounts-own")
        await prepared.close()
