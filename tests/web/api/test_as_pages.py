"""What can be done on the pages, programs can do, too: every page is named with the requests that do the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from calsync.web.api.routes import BASE, ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.web.site import Site

ACCOUNT = "/accounts/{account}"
CONNECTION = "/connections/{connection}"
PERSON = r"/people/{person:\d{1,15}}"

PAGES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("GET", "/"): ("list_accounts", "list_runs", "list_activity", "list_left_out"),
    ("GET", "/accounts"): ("list_accounts",),
    ("GET", "/accounts/-/switch"): ("list_accounts",),
    ("POST", "/accounts/-/switch"): ("switch_accounts",),
    ("GET", "/add/account"): ("list_connections", "get_provider"),
    ("POST", "/add/account"): ("add_account",),
    ("GET", f"{ACCOUNT}/edit"): ("get_account_setup",),
    ("POST", f"{ACCOUNT}/edit"): ("change_account",),
    ("POST", f"{ACCOUNT}/remove"): ("remove_account",),
    ("GET", ACCOUNT): ("get_account", "list_runs"),
    ("GET", f"{ACCOUNT}/activity"): ("list_activity",),
    ("GET", f"{ACCOUNT}/events"): ("list_pairs",),
    ("GET", f"{ACCOUNT}/left-out"): ("list_left_out",),
    ("GET", f"{ACCOUNT}/explain"): ("explain_event",),
    ("POST", f"{ACCOUNT}/switch"): ("switch_account",),
    ("POST", f"{ACCOUNT}/direction"): ("direct_account",),
    ("POST", f"{ACCOUNT}/sync"): ("sync_account",),
    ("GET", f"{ACCOUNT}/decisions"): ("list_holds",),
    ("POST", f"{ACCOUNT}/decisions"): ("decide_holds",),
    ("GET", f"{ACCOUNT}/plan"): ("plan_account",),
    ("POST", f"{ACCOUNT}/plan"): ("plan_account",),
    ("POST", f"{ACCOUNT}/confirm"): ("confirm_account",),
    ("GET", f"{ACCOUNT}/undo"): ("list_activity", "plan_undo"),
    ("POST", f"{ACCOUNT}/undo"): ("plan_undo",),
    ("POST", f"{ACCOUNT}/undo/confirm"): ("confirm_undo",),
    ("GET", f"{ACCOUNT}/leave"): ("plan_leave",),
    ("POST", f"{ACCOUNT}/leave"): ("plan_leave",),
    ("POST", f"{ACCOUNT}/leave/confirm"): ("confirm_leave",),
    ("GET", "/connections"): ("list_connections",),
    ("POST", f"{CONNECTION}/check"): ("check_connection",),
    ("POST", f"{CONNECTION}/try"): ("sync_connection",),
    ("GET", "/connections/-/export"): ("export",),
    ("GET", "/add/connection"): ("list_providers", "get_provider"),
    ("POST", "/add/connection"): ("add_connection",),
    ("GET", f"{CONNECTION}/edit"): ("get_connection",),
    ("POST", f"{CONNECTION}/edit"): ("change_connection",),
    ("POST", f"{CONNECTION}/remove"): ("remove_connection",),
    ("GET", f"{CONNECTION}/questions"): ("list_questions",),
    ("POST", f"{CONNECTION}/questions"): ("answer_questions",),
    ("GET", "/repairs"): ("list_repairs",),
    ("GET", "/people"): ("list_people",),
    ("POST", "/people"): ("invite_person",),
    ("GET", PERSON): ("list_people",),
    ("POST", f"{PERSON}/invite"): ("invite_person",),
    ("POST", f"{PERSON}/remove"): ("remove_person",),
    ("POST", f"{PERSON}/give"): ("give_account",),
    ("POST", f"{PERSON}/take"): ("take_account",),
    ("GET", f"{PERSON}/member"): ("list_members", "get_member"),
    ("POST", f"{PERSON}/member"): ("assign_member",),
    ("GET", "/audit"): ("list_changes",),
    ("GET", "/profile"): ("list_tokens",),
    ("POST", r"/profile/tokens/{token:\d{1,15}}/revoke"): ("revoke_token",),
    ("GET", "/start"): ("list_connections", "list_people_of_connection", "list_calendars"),
    ("POST", "/start/connect"): ("try_connection", "add_connection", "change_connection"),
    ("POST", "/start/check"): ("check_connection",),
    ("POST", "/start/fields"): ("answer_questions",),
    ("POST", "/start/pick"): ("list_calendars",),
    ("POST", "/start/preview"): ("preview_account",),
    ("POST", "/start/enable"): ("add_account",),
}
"""By method and path of the page."""

A_BROWSER = "a person signs in at Microsoft, which sends the browser back"
A_WAY_IN = "a way in is used, or made, by who has proven who that is: a token lets in, and makes no other token"
THE_OWN_MAILBOX = (
    "a person proves here with the own password or sign-in whose mailbox it is; a token proves nothing"
)
A_PAGE = "is about how pages look in one browser, or keeps them up to date"
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("GET", f"{CONNECTION}/sign-in"): A_BROWSER,
    ("GET", "/connections/-/signed-in"): A_BROWSER,
    ("GET", "/sign-in"): A_WAY_IN,
    ("POST", "/sign-in"): A_WAY_IN,
    ("POST", "/sign-out"): A_WAY_IN,
    ("GET", "/sign-in/microsoft"): A_WAY_IN,
    ("GET", "/sign-in/microsoft/back"): A_WAY_IN,
    ("GET", "/invitation/{secret}"): A_WAY_IN,
    ("POST", "/invitation/{secret}"): A_WAY_IN,
    ("GET", "/invitation/{secret}/microsoft"): A_WAY_IN,
    ("POST", "/profile/password"): A_WAY_IN,
    ("POST", "/profile/tokens"): A_WAY_IN,
    ("GET", "/own"): THE_OWN_MAILBOX,
    ("POST", "/own"): THE_OWN_MAILBOX,
    ("GET", "/own/microsoft"): THE_OWN_MAILBOX,
    ("GET", "/own/back"): THE_OWN_MAILBOX,
    ("GET", "/own/calendar"): THE_OWN_MAILBOX,
    ("POST", "/own/calendar"): THE_OWN_MAILBOX,
    ("GET", "/own/{account}/sign-in"): THE_OWN_MAILBOX,
    ("POST", "/own/{account}/sign-in"): THE_OWN_MAILBOX,
    ("GET", "/own/{account}/sign-in/microsoft"): THE_OWN_MAILBOX,
    ("POST", "/language"): A_PAGE,
    ("GET", "/events"): A_PAGE,
}
"""What is for people in a browser alone, and why."""


def pages(site: Site) -> set[tuple[str, str]]:
    found = {(one.method, one.path) for one in site.routes() if isinstance(one, web.RouteDef)}
    return {(method, path) for method, path in found if method != "*" and not path.startswith((BASE, "/static"))}


def test_every_page_is_named_here_and_nothing_that_is_none(site: Site) -> None:
    assert pages(site) == PAGES.keys() | EXCEPTIONS.keys()
    assert not PAGES.keys() & EXCEPTIONS.keys()


def test_what_a_page_does_can_be_asked_for_and_there_is_no_more() -> None:
    assert {name for names in PAGES.values() for name in names} == {route.id for route in ROUTES}


def test_every_exception_says_why() -> None:
    assert set(EXCEPTIONS.values()) == {A_BROWSER, A_WAY_IN, THE_OWN_MAILBOX, A_PAGE}
