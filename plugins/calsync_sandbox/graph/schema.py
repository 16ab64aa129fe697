"""Checks answers against Microsoft's published metadata, so that the sandbox cannot invent a wire format.

Requests are checked as well, so that calsync cannot. `metadata.json` is a cut of the v1.0 metadata:
`{"types": {name: T}, "operations": [...]}`; T of an entity or a complex type holds `base`, `props` {name: {type,
null}} and `nav` {name: type}; T of an enumeration holds `members`. It is compiled once into closures,
because every answer is checked.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Check = Callable[[Any, str], Iterator[str]]

METADATA = Path(__file__).with_name("metadata.json")
_PREFIX = "microsoft.graph."
_OFFSET = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SEVEN_DECIMALS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}")
RETURNED_ANYWAY = {"event": frozenset({"uid", "occurrenceId", "parentFolderId"})}
"""Properties that real answers hold although the metadata lacks them (msgraph-metadata issue 827)."""


class Schema:
    """The metadata, ready to judge what is sent. Answers spell members of enumerations as published.

    Requests may spell them in any case and write times with fewer decimals, as Microsoft's samples do.
    """

    def __init__(self, path: Path = METADATA, *, requests: bool = False) -> None:
        self._lenient = requests
        types = json.loads(path.read_text(encoding="utf-8"))["types"]
        self._types = {name.removeprefix(_PREFIX): value for name, value in types.items()}
        self._checks: dict[str, Check] = {}

    def problems(self, shape: str, answer: Any) -> list[str]:
        """Return what is wrong with an answer; `shape` is a type's short name, `[name]` for a page of them."""
        if shape.startswith("["):
            return list(self._page(shape[1:-1], answer))
        return list(self._check(shape)(answer, shape))

    def _page(self, name: str, answer: Any) -> Iterator[str]:
        if not isinstance(answer, dict) or not isinstance(answer.get("value"), list):
            yield "a page needs a list in 'value'"
            return
        yield from (f"page: unknown property {key}" for key in answer if key != "value" and "@" not in key)
        check = self._check(name)
        for index, entity in enumerate(answer["value"]):
            yield from check(entity, f"value[{index}]")

    def _check(self, name: str) -> Check:
        """Return the check of a type; unknown types (left out of the cut) accept everything."""
        if name not in self._checks:
            self._checks[name] = self._compile(name)
        return self._checks[name]

    def _compile(self, name: str) -> Check:
        if name.startswith("Collection("):
            return _list(self._lazy(name[len("Collection(") : -1]))
        name = name.removeprefix(_PREFIX).removeprefix("graph.")
        if name in _SIMPLE:
            return _SIMPLE[name]
        declared = self._types.get(name)
        if declared is None:
            return _anything
        if declared["kind"] == "EnumType":
            return _member(frozenset(declared["members"]), any_case=self._lenient)
        return _record(self._properties(name), RETURNED_ANYWAY.get(name, frozenset()))

    def _lazy(self, name: str) -> Check:
        """Return a check that is compiled at its first use, because types refer to each other."""

        def check(value: Any, where: str) -> Iterator[str]:
            return self._check(name)(value, where)

        return check

    def _properties(self, name: str) -> dict[str, tuple[Check, bool]]:
        declared = self._types[name]
        base = declared["base"]
        found = self._properties(base.removeprefix(_PREFIX)) if base else {}
        found.update({key: (self._lazy(p["type"]), p["null"]) for key, p in declared["props"].items()})
        found.update({key: (self._lazy(kind), True) for key, kind in declared["nav"].items()})
        if name == "dateTimeTimeZone" and not self._lenient:
            found["dateTime"] = (_matching(_SEVEN_DECIMALS, "a date and time with seven decimals"), False)
        return found


def _record(properties: Mapping[str, tuple[Check, bool]], allowed: frozenset[str]) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: not an object"
            return
        for key, inner in value.items():
            known = properties.get(key)
            if known is None:
                if "@" not in key and key not in allowed:
                    yield f"{where}: unknown property {key}"
            elif inner is not None:
                yield from known[0](inner, f"{where}.{key}")
            elif not known[1]:
                yield f"{where}.{key}: null"

    return check


def _list(check: Check) -> Check:
    def check_list(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where}: not a list"
            return
        for index, inner in enumerate(value):
            yield from check(inner, f"{where}[{index}]")

    return check_list


def _member(members: frozenset[str], *, any_case: bool) -> Check:
    known = frozenset(member.lower() for member in members) if any_case else members

    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, str) or (value.lower() if any_case else value) not in known:
            yield f"{where}: not a member of its enumeration"

    return check


def _matching(pattern: re.Pattern[str], meaning: str) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield f"{where}: not {meaning}"

    return check


def _instance(kinds: tuple[type, ...], meaning: str) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            yield f"{where}: not {meaning}"

    return check


def _anything(value: Any, where: str) -> Iterator[str]:
    del value, where
    return iter(())


_SIMPLE: dict[str, Check] = {
    "Edm.String": _instance((str,), "a string"),
    "Edm.Boolean": _instance((bool,), "a boolean"),
    "Edm.Int32": _instance((int,), "an integer"),
    "Edm.Int64": _instance((int,), "an integer"),
    "Edm.Double": _instance((int, float), "a number"),
    "Edm.DateTimeOffset": _matching(_OFFSET, "a date and time with an offset"),
    "Edm.Date": _matching(_DATE, "a date"),
}
