"""From an empty folder to the first synced event, by what an administrator does on the pages, over HTTP alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aiohttp

from tests.e2e.conftest import ended
from tests.e2e.first_start.conftest import GOOD, over

if TYPE_CHECKING:
    from tests.e2e.first_start.conftest import Administrator, FirstStart


async def first_steps(admin: Administrator, link: str, start: FirstStart) -> None:
    """Do what the pages ask for, from the invitation to the last step."""
    sandbox = start.sandbox
    await admin.get(link)
    assert "Erste Schritte" in await admin.send(link, {"password": GOOD, "again": GOOD})
    assert admin.path == "/start"
    assert "FLOWFACT verbinden" in admin.text

    wrong = {"provider": "flowfact", "api_token": "wrong", "base_url": sandbox.flowfact.url}
    await admin.send("/start/connect", wrong)
    await admin.until("FLOWFACT lässt calsync mit diesen Angaben nicht herein", "/start")
    assert "FLOWFACT verbinden" in await admin.get("/start?step=mail")  # nothing goes on before it works
    await admin.send("/start/connect", {**wrong, "api_token": sandbox.flowfact.api_token})
    await admin.until("Private Termine", "/start")
    await admin.send("/start/fields")
    await admin.until("Die Felder passen zu Ihren Terminen.", "/start?step=fields")
    assert "Microsoft 365 verbinden" in await admin.get("/start")
    mail = {"provider": sandbox.exchange, **start.mail}
    assert "Bitte füllen Sie dieses Feld aus." in await admin.send(
        "/start/connect", {"provider": mail["provider"]}
    )
    secret = "client_secret" if sandbox.exchange == "graph" else "password"
    await admin.send("/start/connect", {**mail, secret: "wrong"})
    await admin.until("Noch nicht", "/start")
    assert "Weiter" not in re.findall(r'class="button primary"[^>]*>.*?<span>(\w+)', admin.text)
    await admin.send("/start/connect", mail)
    await admin.until('href="/start?step=pick"', "/start?step=mail")

    await admin.until("anna@example.de", "/start?step=pick")
    assert "Diesen Benutzer gibt es in FLOWFACT nicht" in await admin.send("/start/pick", {"user": "x@example.de"})
    await admin.send("/start/pick", {"user": "anna@example.de", "mailbox": "nobody@example.de"})
    await admin.until("Prüfen Sie die Adresse des Postfachs", "/start?step=pick")
    await admin.send("/start/pick", {"user": "anna@example.de", "mailbox": ""})
    await admin.until("Kalender von anna@example.de", "/start?step=pick")
    await admin.send("/start/preview", {"calendar": "", "direction": "both"})
    await admin.until("Das würde geschehen", "/start?step=preview")
    await admin.until("Synchronisation einschalten", "/start?step=preview")


async def test_from_an_empty_folder_to_the_first_synced_event(start: FirstStart) -> None:
    process = await start.command("run")
    jar = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": "de"}) as client:
            admin, link = await start.invitation(client)
            await first_steps(admin, link, start)
            assert "„Besichtigung“ wird in Outlook angelegt." in admin.text
            assert "„Notartermin“ wird in FLOWFACT angelegt." in admin.text
            assert start.world.flowfact_writes() == []  # nothing but reading so far
            await admin.send("/start/enable")
            await admin.until("3 Termine stehen jetzt in beiden Kalendern", "/start?step=done")
            await admin.get("/")
            assert admin.path == "/"  # never again
    finally:
        found = await over(process)
    start.expect_done(found)
    subjects = sorted(str(one["subject"]) for one in start.world.anna.mailbox.events.values())
    assert subjects == ["Besichtigung", "Notartermin", "Privat"]  # the pages have found the field that says so
    exported = await ended(await start.command("export-config"))
    assert "mailbox: anna@example.de" in exported.output
    start.expect_no_secret()
