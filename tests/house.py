"""A configuration in a folder, with a plugin of its own: systems in memory that a test can break."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync.app import App
from calsync.store import SqliteStore
from calsync.sync.model import Event, Timed
from calsync.testing import FakeClock
from calsync.testing.clock import START

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.sync.model import Direction
    from calsync.testing import MemoryCalendar

PLUGIN = """
from collections import Counter

import voluptuous as vol

from calsync.errors import ConfigError
from calsync.forms import FormField, Kind, Words
from calsync.hookspecs import hookimpl
from calsync.options import text
from calsync.ports import Finding, NamedCalendar, Person, Provider, ProviderSpec, SignedIn
from calsync.testing import MemoryCalendar

CALENDARS = {}
ERRORS = {}
OPENED = Counter()
HOSTS = []
CLOSED = Counter()

class Memory(Provider):
    def __init__(self, settings, host):
        self.host = host
        if settings.get("secret") == "unusable":
            raise ConfigError([f"{host.connection}: unusable"])
        OPENED[host.connection] += 1
        HOSTS.append(host)

    async def login(self):
        if error := ERRORS.get(self.host.connection):
            raise error

    async def open(self, request):
        if error := ERRORS.get(request.settings["name"]):
            raise error
        name = request.settings["name"]
        return CALENDARS.setdefault(name, MemoryCalendar(name, now=self.host.clock.now))

    async def check(self):
        return [Finding("ok", "signed in")]

    async def check_calendar(self, calendar):
        return [Finding("error", "read-only")] if calendar.key == "frozen" else []

    async def try_writes(self, calendar):
        return [Finding("ok", f"{calendar.key} can be written")]

    async def calendars(self, settings):
        names = [settings["name"], settings["name"] + "-office"]
        return [NamedCalendar(id=name, name=name, main=name == names[0], writable=True) for name in names]

    async def people(self):
        return [Person(id="7", addresses=["anna@example.de"], active=True)]

    async def finish_sign_in(self, flow, answer):
        self.host.vault.write("tokens", answer["code"])
        return SignedIn(tenant_id="t", object_id="o", address="anna@example.de")

    async def close(self):
        CLOSED[self.host.connection] += 1

@hookimpl
def calsync_providers():
    words = Words(en="x", de="x")
    form = [
        FormField(key="url", kind=Kind.URL, label=words, help=words),
        FormField(key="secret", kind=Kind.SECRET, label=words, help=words),
        FormField(key="size", label=words, help=words, required=True),
    ]
    schema = {
        vol.Optional("secret"): str,
        vol.Optional("url"): text(r"https://\\S+", "an https address"),
        vol.Optional("size"): text(r"[0-9]+", "digits"),
        vol.Optional("extra"): str,
    }
    side = {"name": str}
    return [
        ProviderSpec(name="memory", connection_schema=schema, calendar_schema=side, open=Memory, form=form,
            calendar_form=[FormField(key="name", label=words, help=words, required=True)], person_key="name"),
    ]
"""
MANIFEST = {
    "domain": "memory",
    "name": "Memory",
    "version": "1",
    "kind": "provider",
    "documentation": "https://example.org",
    "capabilities": [],
    "requires_calsync": "0.1",
    "provides": {"providers": ["memory"], "rules": [], "commands": []},
}
CONFIG = """
service: {{store: "sqlite:///{folder}/calsync.db", poll_seconds: 60}}
plugin_dirs: [plugins]
connections:
  crm: {{provider: memory}}
  mail: {{provider: memory}}
rules: [series_skip, attendee_stripping]
accounts:
  anna:
    left: {{connection: crm, name: anna-crm}}
    right: {{connection: mail, name: anna-mail}}
    timezone: Europe/Berlin
  berta:
    left: {{connection: crm, name: berta-crm}}
    right: {{connection: mail, name: {right}}}
    direction: {direction}
    timezone: Europe/Berlin
"""
MEETING = Event(summary="Besichtigung", when=Timed(START + timedelta(days=1), START + timedelta(days=1, hours=1)))


class House:
    """A configuration in a folder, and the systems that its plugin serves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        plugin = folder / "plugins" / "calsync_memory"
        plugin.mkdir(parents=True)
        (plugin / "__init__.py").write_text(PLUGIN)
        (plugin / "manifest.json").write_text(json.dumps(MANIFEST))
        self.configure()

    def configure(self, right: str = "berta-mail", direction: str = "both") -> None:
        text = CONFIG.format(folder=self.folder, right=right, direction=direction)
        (self.folder / "calsync.yaml").write_text(text)

    def open(self) -> Any:
        return App.open(self.folder / "calsync.yaml", clock=self.clock)

    @property
    def plugin(self) -> Any:
        return sys.modules["calsync_memory"]

    def calendar(self, name: str) -> MemoryCalendar:
        calendar: MemoryCalendar = self.plugin.CALENDARS[name]
        return calendar

    def database(self) -> bytes | None:
        files = sorted(self.folder.glob("calsync.db*"))
        return b"".join(file.read_bytes() for file in files) if files else None

    async def choose(self, account: str, direction: Direction) -> None:
        """Let a person choose an account's direction."""
        async with self.open() as app, app.desk() as accounts:
            await accounts.direct(account, direction, "Petra")

    async def audited(self, who: str) -> list[tuple[str | None, str, str | None]]:
        """Return what the audit tells that somebody has done."""
        store = await SqliteStore.open(self.folder / "calsync.db")
        entries = await store.settings.audit(10)
        await store.close()
        return [(one.account, one.what, one.after) for one in entries if one.who == who]
