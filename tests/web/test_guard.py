"""S4 of the security requirements: what stands before every page."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest
from yarl import URL

from calsync.errors import StoreError
from calsync.people import Person, Role
from calsync.web.security import HEADERS
from tests.web.conftest import GOOD, PUBLIC, Browser

if TYPE_CHECKING:
    from aiohttp import web

    from calsync.desk import Desk
    from calsync.testing import FakeClock
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

PUBLIC_HEADERS = {"Host": "calsync.example.de"}
SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/people", "/nothing", "/static/x/calsync.css", "/events", "/sign-in/microsoft/back"]
)
async def test_every_answer_tells_browsers_to_be_strict(browser: Browser, path: str) -> None:
    answer = await browser.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Server" not in answer.headers


async def test_a_policy_allows_nothing_that_is_not_ours(browser: Browser) -> None:
    policy = (await browser.get("/sign-in")).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "base-uri 'none'; frame-ancestors 'none'" in policy


async def test_no_page_has_a_script_or_style_of_its_own(browser: Browser, chef: Person) -> None:
    await browser.sign_in("chef")
    own = (
        "/",
        "/people",
        f"/people/{chef.id}",
        "/profile",
        "/nothing",
        "/accounts",
        "/repairs",
        "/connections",
        "/audit",
    )
    parts = ("", "/activity", "/events", "/left-out", "/decisions", "/plan", "/undo", "/leave")
    for path in (*own, *(f"/accounts/anna{part}" for part in parts)):
        text = (await browser.get(path)).text
        assert "<script>" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "http" not in text.replace(f"{browser.origin}/", "").replace("http-equiv", "").replace("hx-", "")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1"])
@pytest.mark.parametrize("path", ["/", "/sign-in", "/events", "/nothing"])
async def test_a_foreign_name_that_leads_here_is_answered_with_nothing(
    browser: Browser, host: str, path: str
) -> None:
    answer = await browser.get(path, Host=host)
    assert (answer.status, answer.text) == (421, "calsync is not at this address\n")
    assert "Set-Cookie" not in answer.headers


async def test_who_has_not_signed_in_is_asked_to(browser: Browser, anna: Person) -> None:
    answer = await browser.get("/people?a=b")
    assert (answer.status, answer.location) == (303, "/sign-in?next=%2Fpeople%3Fa%3Db")
    part = await browser.get("/people", **{"HX-Request": "true"})
    assert (part.status, part.headers["HX-Redirect"]) == (401, "/sign-in")
    assert (await browser.get("/events")).status == 401


async def test_a_user_is_no_administrator(browser: Browser, anna: Person, chef: Person) -> None:
    await browser.sign_in("anna")
    for path in ("/people", f"/people/{chef.id}"):
        answer = await browser.get(path)
        assert (answer.status, answer.says("You may not do this.")) == (403, True)
        assert not answer.says("open for too long")
    for path in ("/people", f"/people/{chef.id}/remove", f"/people/{anna.id}/give"):
        answer = await browser.post(path, {"name": "Eve", "account": "bernd"}, at="/profile")
        assert answer.status == 403
    assert "/people" not in (await browser.get("/")).text


async def test_a_user_sees_the_own_accounts_only(
    browser: Browser, other: Browser, anna: Person, chef: Person
) -> None:
    await browser.sign_in("anna")
    page = await browser.get("/")
    assert page.says("anna")
    assert not page.says("bernd")
    await other.sign_in("chef")
    assert (await other.get("/")).says("No account is yours")


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://127.0.0.1", "http://localhost:1"]
)
async def test_a_form_from_another_site_is_refused(browser: Browser, anna: Person, origin: str | None) -> None:
    await browser.sign_in("anna")
    csrf = (await browser.get("/profile")).csrf
    headers = {} if origin is None else {"Origin": origin}
    answer = await browser.ask("POST", "/profile/tokens", headers=headers, data={"csrf": csrf, "name": "x"})
    assert answer.status == 403
    assert not (await browser.get("/profile")).says("created on")


@pytest.mark.parametrize("fetched", ["cross-site", "same-site", "none"])
async def test_what_the_browser_says_about_its_source_counts(browser: Browser, anna: Person, fetched: str) -> None:
    await browser.sign_in("anna")
    answer = await browser.post("/profile/tokens", {"name": "x"}, at="/profile", **{"Sec-Fetch-Site": fetched})
    assert answer.status == 403


async def test_a_form_without_the_visitors_token_is_refused(
    browser: Browser, other: Browser, anna: Person, chef: Person
) -> None:
    before = (await browser.get("/sign-in")).csrf
    await browser.sign_in("anna")
    await other.sign_in("chef")
    foreign = (await other.get("/profile")).csrf
    for csrf in ("", "0" * 64, before, foreign, "ä"):
        headers = {"Origin": browser.origin}
        answer = await browser.ask("POST", "/profile/tokens", headers=headers, data={"csrf": csrf, "name": "x"})
        assert (answer.status, answer.says("The page was open for too long")) == (403, True), csrf
        answer = await browser.ask("POST", "/profile/tokens", headers=headers, data={"name": "x"})
        assert answer.status == 403
    assert not (await browser.get("/profile")).says("created on")


async def test_a_part_of_a_page_sends_the_token_in_a_header(browser: Browser, anna: Person) -> None:
    await browser.sign_in("anna")
    headers = {"Origin": browser.origin, "X-CSRF-Token": (await browser.get("/profile")).csrf}
    answer = await browser.ask("POST", "/profile/tokens", headers=headers, data={"name": "Skript"})
    assert answer.status == 200


async def test_nobody_can_be_signed_in_from_elsewhere(browser: Browser, anna: Person) -> None:
    """Who signs a victim in as somebody else would be told what the victim enters."""
    data = {"name": "anna", "password": GOOD}
    assert (await browser.ask("POST", "/sign-in", headers={"Origin": browser.origin}, data=data)).status == 403
    assert (await browser.get("/")).status == 303


async def test_a_session_that_was_known_before_is_not_signed_in(browser: Browser, anna: Person) -> None:
    planted = "A" * 43
    browser.client.cookie_jar.update_cookies(
        {"calsync_session": planted, "calsync_visit": planted}, URL(browser.origin)
    )
    await browser.get("/sign-in")
    await browser.sign_in("anna")
    assert browser.cookie("calsync_session") not in {None, planted}
    first = browser.cookie("calsync_session")
    await browser.post("/sign-out", {}, at="/profile")
    await browser.sign_in("anna")
    assert browser.cookie("calsync_session") not in {None, planted, first}
    browser.client.cookie_jar.clear()
    browser.client.cookie_jar.update_cookies({"calsync_session": planted}, URL(browser.origin))
    assert (await browser.get("/")).status == 303


async def test_a_session_that_was_left_is_over(browser: Browser, other: Browser, anna: Person) -> None:
    await browser.sign_in("anna")
    session = browser.cookie("calsync_session")
    assert session is not None
    answer = await browser.post("/sign-out", {}, at="/profile")
    assert (answer.status, answer.location) == (303, "/sign-in")
    assert (await browser.get("/sign-in")).says("You have signed out.")
    assert not (await browser.get("/sign-in")).says("You have signed out.")
    other.client.cookie_jar.update_cookies({"calsync_session": session}, URL(other.origin))
    assert (await other.get("/")).status == 303


@pytest.mark.parametrize("hours", [12.1, 24 * 7.1])
async def test_a_session_that_nobody_used_is_over(
    browser: Browser, anna: Person, clock: FakeClock, hours: float
) -> None:
    await browser.sign_in("anna")
    clock.advance(hours * 3600)
    assert (await browser.get("/")).status == 303


async def test_who_is_removed_is_out_at_once(browser: Browser, anna: Person, desk: Desk) -> None:
    await browser.sign_in("anna")
    assert (await browser.get("/")).status == 200
    await desk.people.remove("anna")
    assert (await browser.get("/")).status == 303


async def test_cookies_are_for_us_alone(browser: Browser, anna: Person) -> None:
    page = await browser.get("/sign-in")
    headers = {"Origin": browser.origin}
    data = {"csrf": page.csrf, "name": "anna", "password": GOOD}
    answer = await browser.ask("POST", "/sign-in", headers=headers, data=data)
    for cookie in [*page.headers.getall("Set-Cookie"), *answer.headers.getall("Set-Cookie")]:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


async def test_over_tls_cookies_are_bound_to_the_host_and_links_to_the_public_path(
    browser: Browser, anna: Person
) -> None:
    page = await browser.get("/sign-in", **PUBLIC_HEADERS)
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    (cookie,) = page.headers.getall("Set-Cookie")
    assert cookie.startswith("__Host-calsync_visit=")
    assert "Secure" in cookie
    assert 'action="/kalender/sign-in"' in page.text
    assert 'src="/kalender/static/' in page.text
    visit = cookie.partition(";")[0]
    headers = {**PUBLIC_HEADERS, "Cookie": visit, "Origin": "https://calsync.example.de"}
    data = {"csrf": page.csrf, "name": "anna", "password": GOOD, "next": "/profile"}
    answer = await browser.ask("POST", "/sign-in", headers=headers, data=data)
    assert (answer.status, answer.location) == (303, "/kalender/profile")
    session = answer.headers.getall("Set-Cookie")[0]
    assert session.startswith("__Host-calsync_session=")
    assert "Secure" in session
    plain = {**headers, "Origin": browser.origin}
    assert (await browser.ask("POST", "/sign-in", headers=plain, data=data)).status == 403
    assert PUBLIC.endswith("/kalender")


@pytest.mark.parametrize("path", ["/nothing", "/people/999999", "/people/x", "/static/../site.py", "/invitation/"])
async def test_what_is_not_there_is_told_as_a_page(browser: Browser, chef: Person, path: str) -> None:
    await browser.sign_in("chef")
    answer = await browser.get(path)
    assert answer.status == 404
    assert answer.says("There is no such page, or it is not yours.")


async def test_a_bug_shows_and_logs_nothing_of_what_was_sent(
    site: Site, browser: Browser, anna: Person, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(name: str, password: str) -> Person | None:
        raise ValueError(name + password)

    monkeypatch.setattr(site.desk.access, "by_password", broken)
    caplog.set_level(logging.DEBUG)
    answer = await browser.sign_in("canary-name", "canary-password")
    assert answer.status == 500
    assert answer.says("calsync made a mistake here.")
    assert "a bug, ValueError" in caplog.text
    assert "canary" not in caplog.text + answer.text


async def test_a_store_that_is_away_is_told_as_a_page(
    site: Site, browser: Browser, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> Person | None:
        raise StoreError("store x: the disk is full")

    await browser.sign_in("anna")
    monkeypatch.setattr(site.desk.access, "by_session", away)
    answer = await browser.get("/")
    assert (answer.status, answer.says("cannot do this at the moment")) == (503, True)
    assert "disk" not in answer.text


async def test_what_people_enter_is_shown_as_text(browser: Browser, chef: Person) -> None:
    await browser.sign_in("chef")
    made = await browser.post("/people", {"name": SCRIPT, "role": "user"}, at="/people")
    for answer in (made, await browser.get("/people")):
        assert SCRIPT not in answer.text
        assert answer.says(SCRIPT)


async def test_a_body_that_is_too_large_is_refused(browser: Browser, anna: Person) -> None:
    await browser.sign_in("anna")
    headers = {"Origin": browser.origin, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.ask(
        "POST", "/profile/tokens", headers=headers, data=io.BytesIO(b"name=" + b"x" * 2_000_000)
    )
    assert answer.status == 413


async def test_pages_are_in_the_browsers_language_until_another_one_is_chosen(
    browser: Browser, anna: Person
) -> None:
    browser.language = "de-DE,de;q=0.9"
    page = await browser.get("/sign-in")
    assert '<html lang="de">' in page.text
    assert page.says("Anmelden")
    answer = await browser.post("/language", {"language": "en", "next": "/sign-in"}, at="/sign-in")
    assert (answer.status, answer.location) == (303, "/sign-in")
    assert '<html lang="en">' in (await browser.get("/sign-in")).text
    answer = await browser.post("/language", {"language": "de", "next": "//evil.example"}, at="/sign-in")
    assert answer.location == "/"
    assert (await browser.post("/language", {"language": "fr"}, at="/sign-in")).status == 400


async def test_a_page_that_is_added_is_for_people_who_signed_in_and_in_the_navigation(
    site: Site, desk: Desk, clock: FakeClock
) -> None:
    """Nobody forgets to guard a page: only who says so opens it to all."""

    async def accounts(_request: web.Request, visitor: Visitor) -> web.Response:
        return site.page(visitor, "mine.html", accounts=[])

    site.add("GET", "/accounts", accounts, Role.ADMINISTRATOR)
    assert site._roles["/accounts"] is Role.ADMINISTRATOR
    assert {path for path, role in site._roles.items() if role is None} == {
        "/sign-in",
        "/sign-in/microsoft",
        "/sign-in/microsoft/back",
        "/invitation/{secret}",
        "/invitation/{secret}/microsoft",
    }
