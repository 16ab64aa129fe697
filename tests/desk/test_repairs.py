"""One card for each cause, with what to do, and no card without its cause."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import pytest

from calsync.desk.repair_texts import BUTTONS, TEXTS
from calsync.desk.repairs import (
    ACTIONS,
    Action,
    Cause,
    Condition,
    Disabled,
    Repair,
    card_of,
    has_card,
    repairs,
)
from calsync.desk.systems import System
from calsync.errors import AccountError, EventError, LoginError, OtherSync, Retry
from calsync.ports import Finding
from calsync.reasons import Language
from calsync.service import State, Status
from calsync.store.showing import Failing, Waiting
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Side
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from calsync.values import replace
from tests.desk.office import MEETING, SYSTEMS

if TYPE_CHECKING:
    from tests.desk.office import Office

WORKS = Status(account="anna", state=State.WAITING, since=START)
TITLES = {Side.LEFT: "FLOWFACT", Side.RIGHT: "Outlook"}
ANNA = Condition(
    account="anna", titles=TITLES, connections={"crm", "mail"}, status=WORKS, direction=Direction.BOTH
)


def failing(error_class: str, error: str, account: str = "anna") -> Condition:
    status = Status(account=account, state=State.FAILING, since=START, error=error, error_class=error_class)
    return replace(ANNA, account=account, status=status)


def cards(*conditions: Condition, after: timedelta = timedelta(0)) -> list[Repair]:
    return list(repairs(conditions, SYSTEMS, START + after))


def causes(*conditions: Condition, after: timedelta = timedelta(0)) -> list[Cause]:
    return [card.cause for card in cards(*conditions, after=after)]


def held(reason: str, kind: Kind = Kind.UPDATE, events: int = 3) -> Condition:
    return replace(ANNA, waiting=[Waiting(Side.RIGHT, kind, reason, events, START)])


def test_nothing_is_wrong_with_an_account_that_works() -> None:
    assert causes(ANNA) == []


def test_a_lost_sign_in_is_one_card_for_all_accounts_of_its_connection() -> None:
    error = "connection mail: nobody has signed in yet"
    (card,) = cards(failing("LoginError", error), failing("LoginError", error, "bernd"))
    assert (card.cause, card.action, card.connection, card.account, card.accounts) == (
        Cause.SIGN_IN,
        Action.SIGN_IN,
        "mail",
        None,
        2,
    )
    assert card.happened("de") == "Die Anmeldung bei Outlook gilt nicht mehr."
    assert not card.by_owner


def test_a_refused_password_or_token_is_changed_and_not_signed_in() -> None:
    (card,) = cards(failing("LoginError", "connection crm: FLOWFACT refused the API token"))
    assert (card.cause, card.action, card.connection) == (Cause.PASSWORD, Action.CREDENTIALS, "crm")


def test_the_owner_of_a_mailbox_is_asked_to_sign_in_again_and_not_to_check_a_connection() -> None:
    own = "own-0123456789ab"
    condition = replace(
        failing("LoginError", f"connection {own}: Exchange refuses the sign-in"), connections={own}
    )
    systems = {own: System(connection=own, title="Outlook", kept=True)}
    (card,) = repairs([condition], systems, START)
    assert card.happened("de") == "Outlook nimmt das gespeicherte Passwort nicht mehr an."
    assert "melden Sie sich" in card.todo("de")
    assert (card.button("de"), card.account, card.by_owner) == ("Neu anmelden", "anna", True)


def test_a_sign_in_that_names_no_connection_stays_with_its_account() -> None:
    (card,) = cards(failing("LoginError", "the file of keys cannot be read"))
    assert (card.cause, card.account, card.connection) == (Cause.ACCOUNT, "anna", None)


def test_a_server_that_is_away_for_long_is_told_and_a_hiccup_is_not() -> None:
    down = failing("Retry", "connection mail: Outlook does not answer")
    assert causes(down, after=timedelta(minutes=14)) == []
    (card,) = cards(down, after=timedelta(minutes=15))
    assert (card.cause, card.connection, card.since) == (Cause.UNREACHABLE, "mail", START)


@pytest.mark.parametrize(
    "said",
    [
        "mail: cannot reach outlook.example.de:443 (refused)",
        "mail: the answer of outlook.example.de was lost (TimeoutError)",
        "mail: nothing was sent, because the server asks to wait",
        "connection mail, sign-in: nothing was sent, because the server asks to wait",
        "connection mail: the sign-in server does not answer (TimeoutError)",
        "account anna: mail: Outlook does not answer",
    ],
)
def test_all_accounts_that_a_server_keeps_waiting_have_one_card(said: str) -> None:
    (card,) = cards(failing("Retry", said), failing("Retry", said, "bernd"), after=timedelta(minutes=15))
    assert (card.cause, card.connection, card.accounts) == (Cause.UNREACHABLE, "mail", 2)


@pytest.mark.parametrize(
    ("error_class", "cause"),
    [
        ("AccountError", Cause.ACCOUNT),
        ("UnknownAddress", Cause.ACCOUNT),
        ("ConfigError", Cause.ACCOUNT),
        ("OtherSync", Cause.OTHER_SYNC),
        ("StoreError", Cause.BROKEN),
        ("ZeroDivisionError", Cause.BROKEN),
    ],
)
def test_what_is_wrong_with_an_account_is_its_own_card(error_class: str, cause: Cause) -> None:
    (card,) = cards(failing(error_class, "account anna: connection crm: there is no such user"))
    assert (card.cause, card.account, card.connection) == (cause, "anna", None)
    assert card.detail == "account anna: connection crm: there is no such user"


@pytest.mark.parametrize(
    ("reason", "cause", "action"),
    [
        ("brake_deletes", Cause.DELETES, Action.DECIDE),
        ("brake_rewrites", Cause.REWRITES, Action.DECIDE),
        ("budget", Cause.BUDGET, Action.DECIDE),
        ("conflict", Cause.CONFLICT, Action.DECIDE),
        ("changed_by_server", Cause.UNSURE, Action.DECIDE),
        ("loop:when", Cause.LOOP, Action.SHOW),
        ("changed_often", Cause.OFTEN, Action.SHOW),
        ("rule_failed:shout", Cause.RULE, Action.SHOW),
        ("rule_hangs:shout", Cause.RULE, Action.SHOW),
        ("ambiguous", Cause.ASKED, Action.DECIDE),
        ("left_account", Cause.ASKED, Action.DECIDE),
        ("private_original_deleted", Cause.ASKED, Action.DECIDE),
        ("a_plugins_own", Cause.HELD, Action.SHOW),
    ],
)
def test_what_waits_is_a_card_of_its_kind(reason: str, cause: Cause, action: Action) -> None:
    (card,) = cards(held(reason))
    assert (card.cause, card.action, card.events, card.since, card.by_owner) == (cause, action, 3, START, True)


def test_a_loop_names_its_field() -> None:
    (card,) = cards(held("loop:when"))
    assert card.todo("de").startswith("Die Zeit wurde immer wieder geschrieben")


def test_what_was_changed_very_often_is_no_servers_fault() -> None:
    (card,) = cards(held("changed_often"))
    assert card.happened("de") == "Sehr oft geändert: 3 Termine."
    assert "Spätestens morgen wird er wieder übertragen" in card.todo("de")
    assert "im Kreis" not in card.happened("de") + card.means("de") + card.todo("de")


def test_what_must_not_be_written_says_what_to_do_in_the_other_program() -> None:
    (card,) = cards(held("has_attendees", Kind.BLOCK, 1))
    assert card.happened("de") == "Das ändert calsync in Outlook nicht: 1 Termin."
    assert "Teilnehmer" in card.todo("de")


def test_a_quarantined_event_is_told_and_one_whose_server_is_in_trouble_is_not() -> None:
    refused = Failing(Side.RIGHT, "EventError", 2)
    busy = Failing(Side.RIGHT, "Retry", 5)
    (card,) = cards(replace(ANNA, failing=[refused, busy]))
    assert (card.cause, card.events) == (Cause.QUARANTINE, 2)


def test_a_plan_to_confirm_tells_for_all_that_it_holds() -> None:
    waiting = [Waiting(Side.RIGHT, Kind.CREATE, "rebuild", 90, START)]
    assert causes(replace(ANNA, rebuild="restored", waiting=waiting)) == [Cause.REBUILD]
    waiting = [Waiting(Side.RIGHT, Kind.UPDATE, "direction", 4, START)]
    assert causes(replace(ANNA, unconfirmed=[Side.RIGHT], waiting=waiting)) == [Cause.DIRECTION]
    assert causes(replace(ANNA, unconfirmed=[Side.RIGHT], waiting=waiting, asks=True)) == [Cause.DIRECTION]


@pytest.mark.parametrize("waiting", [[], [Waiting(Side.RIGHT, Kind.CREATE, "first_sync", 4, START)]])
def test_a_first_sync_that_waits_is_told_also_where_nothing_is_there(waiting: list[Waiting]) -> None:
    (card,) = cards(replace(ANNA, unconfirmed=[Side.RIGHT], waiting=waiting, asks=True))
    assert (card.cause, card.action) == (Cause.FIRST_SYNC, Action.CONFIRM)
    assert card.happened("de") == (
        "calsync hat noch nichts nach Outlook geschrieben: Die erste Synchronisation wartet auf Sie."
    )


def test_what_the_rules_would_write_is_decided() -> None:
    (card,) = cards(held("rules", Kind.CREATE))
    assert (card.cause, card.action) == (Cause.RULES, Action.DECIDE)
    assert "3 Termine" in card.happened("de")


def test_an_account_that_is_switched_off_has_no_card() -> None:
    off = Status(account="anna", state=State.OFF, since=START)
    assert causes(replace(held("conflict"), status=off, rebuild="lost")) == []


@pytest.mark.parametrize("after", [timedelta(0), timedelta(hours=1)])
@pytest.mark.parametrize(
    "condition",
    [
        ANNA,
        replace(held("conflict"), status=replace(WORKS, state=State.OFF)),
        failing("Retry", "connection mail: busy"),
        failing("LoginError", "connection crm: refused"),
        replace(held("loop:when"), status=failing("Retry", "connection mail: busy").status),
        held("brake_deletes"),
        held("direction:right"),
        held("has_attendees", Kind.BLOCK),
        replace(ANNA, failing=[Failing(Side.RIGHT, "Retry", 5)]),
        replace(ANNA, failing=[Failing(Side.RIGHT, "EventError", 2)]),
        replace(ANNA, rebuild="restored"),
        replace(ANNA, unconfirmed=[Side.RIGHT]),
    ],
)
def test_whether_there_is_a_card_is_known_without_the_cards(condition: Condition, after: timedelta) -> None:
    assert has_card(condition, SYSTEMS, START + after) == bool(cards(condition, after=after))


def test_of_equally_urgent_cards_the_accounts_come_by_name() -> None:
    found = cards(*(replace(held("conflict"), account=name) for name in ("carla", "anna", "bernd")))
    assert [card.account for card in found] == ["anna", "bernd", "carla"]


def test_what_accounts_fail_with_is_not_told_again_as_the_finding_of_a_check() -> None:
    error = "connection crm: FLOWFACT refused the API token"
    findings = {"crm": [Finding("error", error)], "mail": [Finding("warning", "connection mail: old")]}
    found = repairs([failing("LoginError", error)], SYSTEMS, START, findings)
    assert [(one.cause, one.connection) for one in found] == [(Cause.PASSWORD, "crm"), (Cause.FINDING, "mail")]


def test_a_finding_of_a_check_and_an_unusable_entry_are_cards() -> None:
    findings = {"crm": [Finding("ok", "connection crm: fine"), Finding("warning", "connection crm: no ETag")]}
    disabled = [Disabled(account="carla", problem="line 3: there is no connection x")]
    one, other = repairs([], SYSTEMS, START, findings, disabled)
    assert (one.cause, one.account, one.detail) == (
        Cause.CONFIGURATION,
        "carla",
        "line 3: there is no connection x",
    )
    assert (other.cause, other.connection, other.detail) == (Cause.FINDING, "crm", "no ETag")


def test_the_most_urgent_comes_first_and_each_card_has_a_name_that_stays() -> None:
    conditions = [held("conflict"), failing("LoginError", "connection mail: expired", "bernd")]
    assert causes(*conditions) == [Cause.SIGN_IN, Cause.CONFLICT]
    keys = [card.key for card in cards(*conditions, held("brake_deletes"), held("loop:when"))]
    assert len(set(keys)) == 4
    assert keys[0] == cards(*conditions, after=timedelta(days=1))[0].key


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("cause", Cause)
def test_every_card_says_everything_in_both_languages(cause: Cause, language: Language) -> None:
    card = Repair(cause=cause, account="anna", system="Outlook", other="FLOWFACT", reason="loop:when", events=2)
    told = [card.happened(language), card.means(language), card.todo(language), card.button(language)]
    assert all(told)
    assert not [text for text in told if "{" in text]


def test_no_text_is_left_over() -> None:
    assert set(TEXTS) - {"own_password"} == set(ACTIONS) == set(Cause)
    assert set(BUTTONS) == set(Action)


# Each card vanishes when its cause does: on the real store, with the real engine.


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (LoginError("connection mail: expired"), "sign_in"),
        (LoginError("connection crm: refused"), "password"),
        (AccountError("account anna: there is no such user"), "account"),
        (OtherSync("account anna: FLOWFACT's own calendar sync is on"), "other_sync"),
        (Retry("connection crm: busy"), "unreachable"),
    ],
)
async def test_a_failure_is_over_with_the_first_good_run(office: Office, error: Exception, cause: str) -> None:
    await office.run(error=error)
    office.clock.advance(3600)
    assert await office.causes() == [cause]
    await office.run()
    assert await office.causes() == []


async def test_an_error_of_a_providers_own_class_counts_as_what_it_is(office: Office) -> None:
    class Throttled(Retry):
        pass

    await office.run(error=Throttled("connection mail: slow down"))
    office.clock.advance(3600)
    assert await office.causes() == ["unreachable"]


async def test_held_deletes_are_over_when_they_are_released(office: Office) -> None:
    for number in range(7):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}"))
    await office.run()
    for event in [*office.left.events()]:
        office.left.user_delete(event)
    await office.run(times=3)
    (card,) = await office.showing.repairs(office.boss)
    assert card.happened("de") == "In FLOWFACT wurde auffällig viel auf einmal gelöscht: 7 Termine."
    await office.decide(Choice.RELEASE)
    await office.run(times=2)
    assert await office.causes() == []
    assert office.right.events() == {}


async def test_a_conflict_is_over_when_somebody_has_chosen(office: Office) -> None:
    await office.conflict()
    assert await office.causes() == ["conflict"]
    await office.decide(Choice.LEFT)
    await office.run()
    assert await office.causes() == []


async def test_attendees_are_over_when_they_are_gone(office: Office) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=3)
    office.left.user_edit(event, summary="Besichtigung 2")
    await office.run()
    assert await office.causes() == ["attendees"]
    office.right.user_edit(copy, attendee_count=0)
    await office.run()
    assert await office.causes() == []


async def test_a_quarantined_event_is_over_when_it_can_be_written(office: Office) -> None:
    office.left.user_create(MEETING)
    office.right.faults.add("create", lambda: EventError("too long"), times=5)
    for _ in range(5):
        await office.run()
        office.clock.advance(3600)
    assert await office.causes() == ["quarantine"]
    office.clock.advance(24 * 3600)
    await office.run()
    assert await office.causes() == []


async def test_a_changed_direction_is_over_when_the_plan_is_confirmed(office: Office) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], direction=Direction.LEFT_TO_RIGHT)
    office.left.user_create(MEETING)
    await office.run()
    await office.store.settings.set_direction("anna", Direction.BOTH, "Petra", office.clock.now())
    await office.run()
    assert await office.causes() == ["direction"]
    await office.confirm_all()
    await office.run()
    assert await office.causes() == []


async def test_a_restored_store_is_over_when_the_plan_is_confirmed(office: Office) -> None:
    office.left.user_create(MEETING)
    await office.run()
    office.runs.numbers["anna"] = 40
    await office.run()
    assert await office.causes() == ["rebuild"]
    await office.confirm_all()
    await office.run()
    assert await office.causes() == []


async def test_a_card_is_gone_while_its_account_is_switched_off(office: Office) -> None:
    await office.run(error=LoginError("connection crm: refused"))
    await office.store.settings.set_enabled("anna", False, "Petra", office.clock.now())
    assert await office.causes() == []


async def test_users_see_their_own_accounts_cards_only(office: Office) -> None:
    await office.run("anna", error=AccountError("account anna: there is no such user"))
    office.disabled.append(Disabled(connection="old", problem="line 7: key missing"))
    office.findings["crm"] = [Finding("warning", "no ETag")]
    bernd = await office.user("Bernd", "bernd")
    anna = await office.user("Anna", "anna")
    assert await office.causes() == ["configuration", "account", "finding"]
    assert await office.causes(anna) == ["account"]
    assert await office.causes(bernd) == []


async def test_what_waits_alike_is_told_by_its_card_or_by_the_plan(office: Office) -> None:
    await office.conflict()
    cases = await office.showing.holds(office.boss, "anna")
    card = card_of(cases, TITLES)
    assert card is not None
    assert (card.cause, card.action, card.events) == (Cause.CONFLICT, Action.DECIDE, 1)
    assert card_of([replace(cases[0], reason="direction")], TITLES) is None
