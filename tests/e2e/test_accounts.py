"""Two accounts of one tenant do not see each other, and what is wrong with one stops all before a write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.sandbox import Account, Person

if TYPE_CHECKING:
    from tests.e2e.conftest import World


def two(world: World) -> Person:
    """Add a second person with an account; return it."""
    kai = world.sandbox.add_person("kai@example.de", first="Kai", last="Kollege")
    world.configure(accounts=[Account(name="anna", person=world.anna), Account(name="kai", person=kai)])
    return kai


def copy_to(world: World, person: Person, subject: str) -> None:
    """Put an event with the time of Anna's only one into another mailbox."""
    (event,) = world.anna.mailbox.events.values()
    person.mailbox.create({"subject": subject, "start": event["start"], "end": event["end"]})


async def test_each_account_imports_for_its_own_user_and_sees_no_other(world: World) -> None:
    kai = two(world)
    world.event("Annas Termin")
    copy_to(world, kai, "Kais Termin")
    world.appointment("Annas Besichtigung", hours=2)
    for _ in range(3):
        await world.sync_all()
    owners = {
        one["subject"]["values"][0]: one["assignee"]["values"] for one in world.sandbox.flowfact.entities.values()
    }
    annas, kais = [world.anna.user["id"]], [kai.user["id"]]
    assert owners == {"Annas Termin": annas, "Annas Besichtigung": annas, "Kais Termin": kais}
    subjects = [sorted(event["subject"] for event in one.mailbox.events.values()) for one in (world.anna, kai)]
    assert subjects == [["Annas Besichtigung", "Annas Termin"], ["Kais Termin"]]
    world.expect_converged(2)
    world.expect_no_mail()


async def test_equal_appointments_of_two_people_are_not_matched(world: World) -> None:
    kai = two(world)
    world.event("Teamrunde")
    copy_to(world, kai, "Teamrunde")
    await world.sync_all()
    owners = [one["assignee"]["values"] for one in world.sandbox.flowfact.entities.values()]
    assert sorted(owners) == sorted([[world.anna.user["id"]], [kai.user["id"]]])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('user: "kai@', 'user: "kay@', "account kai: FLOWFACT has no user with this address or id"),
        ('user: "kai@', 'user: "ina@', "account kai: the user is not active in FLOWFACT"),
        (
            'mailbox: "kai@',
            'mailbox: "kay@',
            "account kai: connection m365: Microsoft Graph knows no active mailbox",
        ),
    ],
    ids=["unknown user", "inactive user", "unknown mailbox"],
)
async def test_a_wrong_user_is_exit_2_before_anything_is_written(
    live: World, old: str, new: str, told: str
) -> None:
    live.sandbox.flowfact.add_user("ina@example.de", first="Ina", last="Ehemalig", active=False)
    two(live)
    live.event()
    live.rewrite(old, new)
    ended = await live.command("sync")
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors.startswith(f"calsync: {told}")
    assert ended.errors.count("\n") == 1
    assert live.writes() == []
    live.rewrite(new, old)
    await live.sync()
    live.expect_converged(1)


async def test_one_mailbox_under_an_alias_is_exit_2_and_names_both_lines(live: World) -> None:
    lena = Person(
        live.sandbox.flowfact.add_user("lena@example.de", first="Lena", last="Leitung"),
        live.sandbox.graph.add_mailbox("lena@example.de", aliases=("chefin@example.de",)),
    )
    kai = live.sandbox.add_person("kai@example.de", first="Kai", last="Kollege")
    live.configure(accounts=[Account(name="lena", person=lena), Account(name="kai", person=kai)])
    live.rewrite('mailbox: "kai@', 'mailbox: "chefin@')
    lines = live.configuration.read_text("utf-8").splitlines()
    first, second = (number for number, line in enumerate(lines, 1) if line == "    right:")
    ended = await live.command("sync")
    assert ended.code == 2
    assert ended.errors.count("\n") == 1
    assert f"calsync.yaml:{second}: accounts.kai.right: this calendar stands in line {first}" in ended.errors
    assert "(accounts.lena.right)" in ended.errors
    assert live.writes() == []


async def test_one_user_in_two_accounts_is_exit_2_and_names_both_lines(live: World) -> None:
    two(live)
    live.rewrite('user: "kai@', 'user: "anna@')
    lines = live.configuration.read_text("utf-8").splitlines()
    first, second = (number for number, line in enumerate(lines, 1) if line == "    left:")
    ended = await live.command("sync")
    assert ended.code == 2
    assert f"calsync.yaml:{second}: accounts.kai.left: this calendar stands in line {first}" in ended.errors
    assert live.sandbox.flowfact.requests == []
