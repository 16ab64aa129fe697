"""Pages from templates. Everything that a template is given is escaped; nothing that is missing is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from calsync.web.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calsync.ports import Clock
    from calsync.web.static_files import StaticFiles
    from calsync.web.visitor import Visitor


class Templates:
    """The templates, and what all of them are given.

    `t(key, **values)` and `t.count(key, n)` are the texts, `href(path)` makes a link, `static(name)` one to a
    file, `moment(at, zone)`, `day(...)`, `time(...)`, `ago(at)` and `span(when, zone)` write times, `visitor` is
    who asks, and `text | coded` sets commands apart.
    """

    def __init__(self, clock: Clock, files: StaticFiles) -> None:
        self._clock = clock
        self._files = files
        self._environment = Environment(
            loader=PackageLoader("calsync.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["coded"] = _coded

    def render(
        self, template: str, visitor: Visitor, navigation: Sequence[tuple[str, str]], values: Mapping[str, Any]
    ) -> str:
        moments = Moments(visitor.texts.language)
        return self._environment.get_template(template).render(
            values,
            visitor=visitor,
            navigation=navigation,
            t=visitor.texts,
            href=visitor.href,
            static=lambda name: visitor.href(self._files.path(name)),
            moment=moments.moment,
            day=moments.day,
            time=moments.time,
            span=moments.span,
            machine=moments.machine,
            ago=lambda at: _ago(moments, at, self._clock.now()),
        )


def _coded(text: str) -> Markup | str:
    """Return what calsync or a system said with commands set apart, which stand between backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return text
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts)
    )


def _ago(moments: Moments, at: datetime, now: datetime) -> Markup:
    """Return how long ago something was, with the seconds by which an open page lets it grow."""
    seconds = round((at - now).total_seconds())
    time = Markup('<time datetime="{}" data-ago="{}">{}</time>')
    return time.format(moments.machine(at), seconds, moments.ago(at, now))
