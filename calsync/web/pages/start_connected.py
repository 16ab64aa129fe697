"""The two systems of a first start: what is connected in which step, and whether it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.web.pages.asking import asked, begin_asking
from calsync.web.pages.connections import begin_check, key_of
from calsync.web.pages.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.config import Config
    from calsync.ports import Finding
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor
    from calsync.web.works import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connection of a step."""

    name: str
    provider: str
    kept: bool
    findings: Sequence[Finding] | None
    """None: it was not checked lately."""
    work: Work | None
    """Its check."""
    by_person: bool
    """Whether a person signs in to it."""
    asks: bool
    """Whether there are things that only a person can say of its system."""
    answered: bool
    """Whether somebody has said them."""
    asked: Work | None
    """What a person is asked of its system."""

    @property
    def broken(self) -> bool:
        return any(one.severity == "error" for one in self.findings or ())

    @property
    def good(self) -> bool:
        return self.findings is not None and not self.broken and not self.busy

    @property
    def busy(self) -> bool:
        return self.work is not None and self.work.busy

    @property
    def entered(self) -> bool:
        """Whether its system lets calsync in: it can be asked, whatever the answers have to be."""
        if self.asked is None:
            return self.good
        # What was answered is asked anew: it has let calsync in before.
        return self.good or self.asked.outcome is not None or (self.answered and self.asked.busy)


class Systems:
    """Tries what was connected, and remembers what has worked."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._passed: set[str] = set()
        """The connections that have worked since they were changed, also where nobody has looked for a while."""

    async def of(self, visitor: Visitor, config: Config) -> dict[str, Connected]:
        """Return the connection of each step that has one: the last, as the operator's come first."""
        found, desk = self._site.desk.checks.last(), self._site.desk
        persons = {row.system.connection for row in desk.showing.connections(visitor.who) if row.system.by_person}
        connected = {}
        for step, providers in PROVIDERS.items():
            for name, one in config.connections.items():
                if one.provider in providers:
                    key = (await desk.setup(visitor.who).provider(one.provider)).asked if one.kept else None
                    work = self._site.works.of(key_of(name))
                    connected[step] = Connected(
                        name=name,
                        provider=one.provider,
                        kept=one.kept,
                        findings=work.outcome.findings if work and work.outcome else found.get(name),
                        work=work,
                        by_person=name in persons,
                        asks=key is not None,
                        answered=key is None or bool(one.settings.get(key)),
                        asked=asked(self._site, name),
                    )
        return connected

    def begin(self, visitor: Visitor, one: Connected | None) -> None:
        """Begin to try a connection that nobody has tried lately: ask its system, or check it."""
        if one is not None and one.asks and one.asked is None:
            begin_asking(self._site, visitor, one.name)
        if one is not None and one.answered and one.findings is None and one.work is None:
            begin_check(self._site, one.name)

    async def begin_anew(self, visitor: Visitor, step: str) -> None:
        one = (await self.of(visitor, await self._site.desk.setup(visitor.who).config())).get(step)
        if one is None:
            return
        self._site.works.forget(people_key(one.name))
        if one.asks:
            begin_asking(self._site, visitor, one.name)
        if one.answered:
            begin_check(self._site, one.name)

    def works(self, one: Connected) -> bool:
        """Tell whether a connection works, as far as anybody knows."""
        if one.good:
            self._passed.add(one.name)
        elif one.broken:
            self._passed.discard(one.name)
        return one.name in self._passed

    def changed(self, connection: str) -> None:
        """Let a connection prove anew that it works."""
        self._passed.discard(connection)


def people_key(connection: str) -> str:
    """Return what the list of a connection's people is called among what pages have begun."""
    return f"people {connection}"
