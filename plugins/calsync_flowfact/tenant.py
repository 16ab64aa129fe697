"""What is verified about a tenant at login: the mapped fields, the users."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError
from calsync.ports import Person
from calsync_flowfact.answers import Answer, problem
from calsync_flowfact.config import CODECS, WRITTEN_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calsync_flowfact.config import FieldMap, Settings

User = dict[str, Any]
ADDRESSES = ("businessMailAddress", "loginRelatedMailAddress", "aliasMailAddress")
MACHINES = frozenset({"API", "EXPORTER", "AUTOMATION", "SYSTEM"})
"""The types of users (`@flowfact/types`) that nobody signs in with; the type may be absent."""
_TEXTS = frozenset({"TEXT", "TEXTAREA"})
_DATES = frozenset({"DATE", "METADATA_DATE", "NUMBER"})
_PLAUSIBLE: Mapping[str, frozenset[str]] = {
    "text": _TEXTS | {"URL"},
    "html": _TEXTS,
    "epoch_ms": _DATES,
    "epoch_s": _DATES,
    "iso": _DATES - {"NUMBER"} | _TEXTS,
    "iso_local": _DATES - {"NUMBER"} | _TEXTS,
    "german_local": _DATES - {"NUMBER"} | _TEXTS,
    "bool": frozenset({"CHECKBOX", "TEXT", "NUMBER", "JSON"}),
    "list": frozenset({"LIST", "TEXT"}),
    "user_id": frozenset({"USER", "SCHEMA", "TEXT", "LIST"}),
    "value": frozenset({"LIST", "TEXT"}),
}
"""The field types that a codec may belong to (`@flowfact/types`); a count is taken of any."""
_WRITTEN: Mapping[str, frozenset[str]] = {"bool": frozenset({"CHECKBOX"}), "list": frozenset({"LIST"})}
"""Those of a flag that is written: a tick does not belong into anybody's text."""


def field_problems(settings: Settings, properties: Mapping[str, Any]) -> Sequence[Answer]:
    """Return what is wrong with the mapping: each field that is missing or of another kind."""
    problems = []
    for key in CODECS:
        said = _misfit(key, settings.fields[key], properties)
        if said is not None:
            en = f"fields.{key}: the schema {settings.write_schema} {said[0]}"
            problems.append(problem("mapping", en, f"fields.{key}: das Schema {settings.write_schema} {said[1]}"))
    return problems


def _misfit(key: str, mapped: FieldMap, properties: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with one field, in English and German."""
    field, codec = mapped.field, mapped.codec
    if field is None:
        return None
    if field not in properties:
        near = [f" {one!r}?" for one in get_close_matches(field, properties, n=1)]
        en, de = (f"; {words}{near[0]}" if near else "" for words in ("did you mean", "meinten Sie"))
        return f"has no field {field!r}{en}", f"hat kein Feld {field!r}{de}"
    kind, fitting = _kind(properties[field]), (_WRITTEN if key in WRITTEN_FLAGS else _PLAUSIBLE).get(codec)
    if fitting is not None and kind not in fitting:
        kinds = ", ".join(sorted(fitting))
        return (
            f"has a field {field!r} of type {kind}, which the codec {codec} does not fit (it is for {kinds})",
            f"hat ein Feld {field!r} vom Typ {kind}, zu dem der Codec {codec} nicht passt (er ist für {kinds})",
        )
    unknown = ", ".join(map(repr, _unlisted(mapped, properties[field])))
    if unknown:
        return (
            f"has a field {field!r} that does not list {unknown}",
            f"hat ein Feld {field!r}, in dessen Liste {unknown} fehlt",
        )
    return None


def _unlisted(mapped: FieldMap, declared: Mapping[str, Any]) -> Sequence[str]:
    """Return the configured values that a list field does not have. Where it names none, nothing is known."""
    listed = declared.get("fields")
    if not isinstance(listed, dict):
        return ()
    known = {one.get("value", key) if isinstance(one, dict) else key for key, one in listed.items()}
    wanted = [*mapped.values, *([mapped.otherwise] if mapped.otherwise else [])]
    return [value for value in wanted if value not in known]


def _kind(declared: Any) -> str:
    kind = declared.get("type") if isinstance(declared, dict) else None
    return kind.upper() if isinstance(kind, str) else "?"


class Users:
    """A tenant's users. Finding one of them takes as long for ten thousand as for ten."""

    def __init__(self, users: Sequence[Mapping[str, Any]] = ()) -> None:
        self.all = users
        self._by_id: dict[str, list[Mapping[str, Any]]] = {}
        self._by_address: dict[str, list[Mapping[str, Any]]] = {}
        for user in users:
            if isinstance(user.get("id"), str):
                self._by_id.setdefault(user["id"], []).append(user)
            for address in addresses(user):
                self._by_address.setdefault(address, []).append(user)

    def find(self, wanted: Mapping[str, Any], account: str) -> Mapping[str, Any]:
        """Return the active user that an account names by `user_id`, or by `user`: any of the user's addresses.

        Raises AccountError for none, an inactive one, and an address that several share.
        """
        if "user_id" in wanted:
            found = self._by_id.get(wanted["user_id"], [])
        elif "user" in wanted:
            found = self._by_address.get(wanted["user"].casefold(), [])
        else:
            raise AccountError(f"account {account}: name the FLOWFACT user with `user` (an address) or `user_id`")
        active = [user for user in found if user.get("active") is not False and isinstance(user.get("id"), str)]
        if not found:
            raise AccountError(f"account {account}: FLOWFACT has no user with this address or id")
        if not active:
            raise AccountError(f"account {account}: the user is not active in FLOWFACT")
        if len(active) > 1:
            raise AccountError(
                f"account {account}: several FLOWFACT users have this address; name one with `user_id`"
            )
        return active[0]


def addresses(user: Mapping[str, Any]) -> frozenset[str]:
    """Return a user's addresses, in one case."""
    return frozenset(str(user[key]).casefold() for key in ADDRESSES if user.get(key))


def people_of(users: Iterable[Mapping[str, Any]]) -> Sequence[Person]:
    """Return the users who are people: not API users, and not those that FLOWFACT runs for itself."""
    return [
        Person(
            id=user["id"],
            addresses=tuple(dict.fromkeys(str(user[key]).strip() for key in ADDRESSES if user.get(key))),
            active=user.get("active") is not False,
        )
        for user in users
        if isinstance(user.get("id"), str) and user.get("type") not in MACHINES
    ]
