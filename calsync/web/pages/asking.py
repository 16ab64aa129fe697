"""What only a person can say of a connection's system: asked on a page of its own, and with the first start."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.desk.filling import picked
from calsync.desk.invalid import UNKEPT, Invalid
from calsync.people import Role
from calsync.web.guard import form_of
from calsync.web.pages.connections import CONNECTION, begin_check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.web.site import Site
    from calsync.web.visitor import Visitor
    from calsync.web.works import Work

LIVE = "questions"
"""What the live part of a page is called that shows them."""


def add_to(site: Site) -> None:
    """Add the pages."""

    async def show(request: web.Request, visitor: Visitor) -> web.Response:
        name = await known(request, visitor)
        if asked(site, name) is None:
            begin_asking(site, visitor, name)
        return page(visitor, name)

    async def answer(request: web.Request, visitor: Visitor) -> web.Response:
        name, form = await known(request, visitor), await form_of(request)
        if asked(site, name) is None:  # it was asked too long ago
            return site.go(visitor, f"/connections/{name}/questions")
        problem = await keep_answers(site, visitor, name, form)
        if problem is not None:
            return page(visitor, name, problem)
        return site.go(visitor, f"/connections#{name}", "setup.connection_changed")

    def page(visitor: Visitor, name: str, problem: str | None = None) -> web.Response:
        status = 200 if problem is None else 400
        work = asked(site, name)
        return site.page(
            visitor, "connection_questions.html", status=status, name=name, work=work, problem=problem
        )

    async def known(request: web.Request, visitor: Visitor) -> str:
        """Return the name of a kept connection whose provider asks. Raises HTTPNotFound for another one."""
        name, setup = request.match_info["connection"], site.desk.setup(visitor.who)
        try:
            spec = await setup.provider(await setup.provider_of(name))
        except Invalid as invalid:
            raise web.HTTPNotFound from invalid
        if spec.asked is None:
            raise web.HTTPNotFound
        return name

    site.add("GET", f"{CONNECTION}/questions", show, Role.ADMINISTRATOR)
    site.add("POST", f"{CONNECTION}/questions", answer, Role.ADMINISTRATOR)


def asked(site: Site, connection: str) -> Work | None:
    """Return the questions about a connection's system, as far as they are there."""
    return site.works.of(_key(connection))


def begin_asking(site: Site, visitor: Visitor, connection: str) -> None:
    """Begin to look at a connection's system anew."""
    site.works.forget(_key(connection))
    site.works.begin(_key(connection), LIVE, partial(site.desk.setup(visitor.who).questions, connection))


async def keep_answers(site: Site, visitor: Visitor, connection: str, form: Mapping[str, str]) -> str | None:
    """Keep what was chosen, and begin to check the connection; return what is wrong with it, if anything is."""
    work = asked(site, connection)
    questions = () if work is None or work.outcome is None else work.outcome
    try:
        await site.desk.setup(visitor.who).answer(connection, picked(questions, form))
    except UNKEPT as error:
        return str(error)
    site.works.forget(_key(connection))
    begin_asking(site, visitor, connection)
    begin_check(site, connection)
    return None


def _key(connection: str) -> str:
    return f"questions {connection}"
