"""The outer shape of an iCalendar file (RFC 5545, 3.1): content lines and the components they build.

Real programs fold lines inside a character, mix encodings and line ends, and forget to fold at all; that is read
as it was meant. A file that is no calendar, or ends too early, is refused with the line where it breaks.
"""

from __future__ import annotations

import codecs
import quopri
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = re.compile(r"\s*([A-Za-z0-9-]+)\s*([;:].*)", re.DOTALL)
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*(?:=((?:"[^"]*"|[^;:",]|,)*))?')
_BREAK = re.compile(rb"\r\n|\n|\r")
_UTF16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: its name and parameters in capitals, its value still escaped."""

    name: str
    parameters: Mapping[str, str]
    value: str
    line: int


@dataclass(slots=True)
class Component:
    """BEGIN to END. `line` is where it begins."""

    name: str
    line: int
    properties: list[Property] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator[Property]:
        return (prop for prop in self.properties if prop.name == name)

    def text(self, name: str) -> str:
        """Return the unescaped value of the first property of this name that says anything, else an empty text."""
        return next((text for prop in self.all(name) if (text := unescape(prop.value)).strip()), "")


def read(content: bytes, source: str) -> list[Component]:
    """Return the VCALENDAR components of a file. Raises ConfigError naming `source` and the line."""
    calendars: list[Component] = []
    open_ones: list[Component] = []
    last = 0
    for last, text in _logical_lines(_as_utf8(content)):
        prop = _property(text, last)
        if prop is None:
            _continue(open_ones, text, source, last)
        elif prop.name == "BEGIN":
            _begin(calendars, open_ones, Component(prop.value.strip().upper(), last), source)
        elif prop.name == "END":
            _end(open_ones, prop, source)
        elif open_ones:
            open_ones[-1].properties.append(prop)
        elif not calendars:  # caches add comments behind the end
            raise _broken(source, last, "expected BEGIN:VCALENDAR")
    if open_ones:
        raise _broken(source, last, f"the file ends inside {open_ones[-1].name} of line {open_ones[-1].line}")
    if not calendars:
        raise _broken(source, max(last, 1), "no BEGIN:VCALENDAR in the file")
    return calendars


def unescape(value: str) -> str:
    r"""Return a TEXT value as it was before it was escaped (RFC 5545, 3.3.11): `\n`, `\,`, `\;`, `\\`."""
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value, flags=re.DOTALL)


def _begin(calendars: list[Component], open_ones: list[Component], component: Component, source: str) -> None:
    if open_ones:
        open_ones[-1].components.append(component)
    elif component.name == "VCALENDAR":
        calendars.append(component)
    else:
        raise _broken(source, component.line, f"BEGIN:{component.name} outside of a VCALENDAR")
    open_ones.append(component)


def _end(open_ones: list[Component], prop: Property, source: str) -> None:
    name = prop.value.strip().upper()
    if not open_ones or open_ones[-1].name != name:
        inside = f"inside {open_ones[-1].name} of line {open_ones[-1].line}" if open_ones else "without its BEGIN"
        raise _broken(source, prop.line, f"END:{name} {inside}")
    open_ones.pop()


def _continue(open_ones: list[Component], text: str, source: str, line: int) -> None:
    """Take a line that is no property as the rest of the value before it: some programs forget to fold."""
    if not open_ones or not open_ones[-1].properties:
        raise _broken(source, line, "this is no calendar line (expected NAME:value)")
    before = open_ones[-1].properties[-1]
    open_ones[-1].properties[-1] = Property(before.name, before.parameters, f"{before.value}\n{text}", before.line)


def _property(text: str, line: int) -> Property | None:
    match = _NAME.match(text)
    if match is None:
        return None
    name, rest = match[1].upper(), match[2]
    parameters: dict[str, str] = {}
    position = 0
    while (found := _PARAMETER.match(rest, position)) is not None:
        parameters[found[1].upper()] = (found[2] or "").strip('" ')
        position = found.end()
    value = rest[position:].removeprefix(":")
    if parameters.get("ENCODING", "").upper() == "QUOTED-PRINTABLE":
        value = _decoded(quopri.decodestring(value.encode()))
    return Property(name, parameters, value, line)


def _logical_lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield (number of the first physical line, text) of each unfolded line, blank ones left out."""
    number, parts, soft = 0, [b""], False
    for count, line in enumerate(_BREAK.split(content), start=1):
        if soft:
            parts.append(line)
        elif line[:1] in {b" ", b"\t"}:
            parts.append(line[1:])
        elif line:  # an empty line, which is none, does not end a fold
            yield from _joined(number, parts)
            number, parts = count, [line]
        soft = line.endswith(b"=") and b"QUOTED-PRINTABLE" in parts[0].upper()
        if soft:
            parts[-1] = parts[-1][:-1]
    yield from _joined(number, parts)


def _joined(number: int, parts: list[bytes]) -> Iterator[tuple[int, str]]:
    text = _decoded(b"".join(parts))
    if text.strip():
        yield number, text


def _decoded(line: bytes) -> str:
    """Decode one line: UTF-8, else the encoding that old Windows programs write."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _as_utf8(content: bytes) -> bytes:
    for mark, encoding in _UTF16:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace").encode()
    return content.removeprefix(codecs.BOM_UTF8)


def _broken(source: str, line: int, problem: str) -> ConfigError:
    return ConfigError([f"{source}:{line}: {problem}; export the calendar again"])
