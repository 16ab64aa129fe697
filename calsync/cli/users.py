"""The commands about people: who may use the pages."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from calsync.cli.commands import configuration
from calsync.cli.failures import DONE
from calsync.cli.text import language, plain, table
from calsync.people import Role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from calsync.desk.people import Member, People
    from calsync.reasons import Language

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "link": "{name}: this link can be used once, until {until}. Give it to nobody else.",
        "removed": "removed",
        "name": "name",
        "role": "role",
        "way": "signs in with",
        "accounts": "accounts",
        "password": "password",
        "invited": "invited",
        "administrator": "administrator",
        "user": "user",
    },
    "de": {
        "link": "{name}: Dieser Link gilt einmal, bis {until}. Bitte geben Sie ihn sonst niemandem.",
        "removed": "entfernt",
        "name": "Name",
        "role": "Rolle",
        "way": "Anmeldung mit",
        "accounts": "Konten",
        "password": "Passwort",
        "invited": "eingeladen",
        "administrator": "Administrator",
        "user": "Benutzer",
    },
}


@click.group()
def user() -> None:
    """Invite, list and remove the people who use the pages."""


@user.command()
@configuration
@click.argument("name")
@click.option(
    "--admin/--no-admin",
    default=None,
    help="This person looks after everything, or the own accounts only. Who is there already keeps the role"
    " without it.",
)
@click.option("--account", "accounts", multiple=True, metavar="NAME", help="An account of this person.")
def invite(path: Path, name: str, admin: bool | None, accounts: tuple[str, ...]) -> int:
    """Print a link with which one person gets in, once, within seven days.

    Who has been invited before gets another way in: the former password, sessions and tokens end when the link is
    used.
    """
    role = None if admin is None else Role.ADMINISTRATOR if admin else Role.USER
    link, until = asyncio.run(_invite(path, name, role, accounts))
    click.echo(WORDS[language()]["link"].format(name=plain(name), until=until))
    click.echo(link)
    return DONE


@user.command("list")
@configuration
def list_people(path: Path) -> int:
    """List everybody with role, way in, and accounts."""
    members = asyncio.run(_all(path))
    words = WORDS[language()]
    head = [words[each] for each in ("name", "role", "way", "accounts")]
    click.echo("\n".join(table([head, *(_row(member, words) for member in members)])))
    return DONE


@user.command()
@configuration
@click.argument("name")
def remove(path: Path, name: str) -> int:
    """Let somebody in no longer. The accounts go on."""
    asyncio.run(_remove(path, name))
    click.echo(f"{plain(name)}: {WORDS[language()]['removed']}")
    return DONE


def _row(member: Member, words: Mapping[str, str]) -> list[str]:
    person = member.person
    way = "Microsoft" if person.microsoft else words["password" if person.joined else "invited"]
    return [plain(person.name), words[person.role], way, ", ".join(map(plain, member.accounts))]


@asynccontextmanager
async def _people(path: Path) -> AsyncIterator[tuple[People, str]]:
    # The app brings in every driver; `calsync --help` does without.
    from calsync.app import App  # noqa: PLC0415

    async with App.open(path) as app:
        address = app.address
        async with app.people() as people:
            yield people, address


async def _invite(path: Path, name: str, role: Role | None, accounts: tuple[str, ...]) -> tuple[str, str]:
    async with _people(path) as (people, address):
        invitation = await people.invite(name, role, accounts)
    until = invitation.until.astimezone()
    return f"{address}/invitation/{invitation.secret}", f"{until:%Y-%m-%d %H:%M}"


async def _all(path: Path) -> Sequence[Member]:
    async with _people(path) as (people, _):
        return await people.all()


async def _remove(path: Path, name: str) -> None:
    async with _people(path) as (people, _):
        await people.remove(name)
