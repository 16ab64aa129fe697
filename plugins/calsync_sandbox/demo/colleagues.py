"""Before the pages open: colleagues of the agent, two of whom have left something for a person to decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from calsync_sandbox.demo.commandline import CommandFailed
from calsync_sandbox.demo.stage import ACCOUNT
from calsync_sandbox.demo.tally import writes
from calsync_sandbox.sandbox import Account, Person
from calsync_sandbox.seed import seed_many

if TYPE_CHECKING:
    from calsync_sandbox.demo.stage import Stage

_NAMES = {"bernd": "Köhler", "clara": "Öztürk", "david": "Groß"}
_EVENTS = 24
_DELETED = 12
"""So many deletes at once that calsync asks before it carries them out."""
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Colleagues:
    """Bernd decides conflicts himself, Clara tidies up, David only works."""

    bernd: Person
    clara: Person
    david: Person

    def accounts(self) -> list[Account]:
        return [
            Account(name="bernd", person=self.bernd, policy="hold"),
            Account(name="clara", person=self.clara),
            Account(name="david", person=self.david, direction="left_to_right"),
        ]


async def open_office(stage: Stage, port: int) -> None:
    """Configure pages at this port and the colleagues' accounts, sync these, and let people make work for calsync.

    Raises CommandFailed.
    """
    sandbox, folder = stage.sandbox, stage.calsync.configuration.parent
    accounts = [Account(name=ACCOUNT, person=stage.anna)]
    if sandbox.sign_in == "delegated":  # only the agent has signed in to Microsoft
        sandbox.write_configuration(folder, accounts, pages=port)
        return
    colleagues = _add(stage)
    sandbox.write_configuration(folder, [*accounts, *colleagues.accounts()], pages=port)
    stage.console.title("Three colleagues are synced for the first time")
    await _sync_all(stage)
    _edit_on_both_sides(stage, colleagues.bernd)
    _tidy_up(colleagues.clara)
    stage.console.outcome(True, "then one is edited on both sides, and another deletes a dozen events at once")


def _add(stage: Stage) -> Colleagues:
    sandbox, now = stage.sandbox, datetime.fromtimestamp(stage.sandbox.now(), UTC)
    people = {
        name: sandbox.add_person(f"{name}@example.de", first=name.title(), last=last)
        for name, last in _NAMES.items()
    }
    for person in people.values():
        seed_many(sandbox.flowfact, person.user, person.mailbox, now, _EVENTS, sandbox.form)
    return Colleagues(**people)


async def _sync_all(stage: Stage) -> None:
    for _ in range(_ROUNDS):
        if writes(await stage.calsync.json("sync")) == 0:
            return
    raise CommandFailed(f"after {_ROUNDS} syncs there is still something to do")


def _edit_on_both_sides(stage: Stage, person: Person) -> None:
    """Rename the same appointment in both systems, so that nobody but a person knows what is right."""
    sandbox, form = stage.sandbox, stage.sandbox.form
    events = {event["subject"]: event for event in person.mailbox.events.values()}
    own = [one for one in sandbox.flowfact.entities.values() if person.user["id"] in form.values(one, "owner")]
    entity = next(one for one in own if form.value(one, "summary") in events)
    subject = form.value(entity, "summary")
    fields = form.fields({"summary": f"{subject}, Schlüssel beim Hausmeister"})
    sandbox.flowfact.patch(entity["id"], fields, user=dict(person.user))
    person.mailbox.edit(events[subject]["id"], {"subject": f"{subject} (abgesagt?)"})


def _tidy_up(person: Person) -> None:
    for event in list(islice(person.mailbox.events.values(), _DELETED)):
        person.mailbox.delete(event["id"])
