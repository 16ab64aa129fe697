"""The pages speak German and English: the same keys, none missing, none left over."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

import pytest
from markupsafe import Markup

from calsync.desk.activity import KINDS
from calsync.desk.invalid import FOREIGN
from calsync.desk.invalid import SENTENCES as WRONG
from calsync.desk.left_out import How
from calsync.desk.outcomes import _OUTCOMES
from calsync.desk.refused import SENTENCES
from calsync.desk.repairs import _CAUSES, cause_of
from calsync.desk.statuses import Health
from calsync.people import Role
from calsync.sync.model import FIELDS, Direction, Side
from calsync.sync.model import State as LinkState
from calsync.sync.plan import Kind
from calsync.web.pages.mine import STATES
from calsync.web.pages.providers import PROVIDERS
from calsync.web.pages.start import STEPS
from calsync.web.texts import LANGUAGES, Texts, load, negotiated
from tests.web.conftest import WEB

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
SOURCES = [*TEMPLATES, *sorted(WEB.rglob("*.py"))]
QUOTED = re.compile(r"""["']([a-z_]+(?:\.[a-z0-9_]+)+)["']""")
BUILT = re.compile(r"""["']([a-z_]+\.[a-z_]*)["'] ~|f["']([a-z_]+\.)\{""")
"""A key whose last part is a value: `t("role." ~ role)`, `f"refused.{word}"`."""
CONNECTED = {name for names in PROVIDERS.values() for name in names}
LAST: dict[str, set[str]] = {
    "audit.": set(Side),
    "role.": {*Role, *(f"{role}_hint" for role in Role)},
    "direction.": {*Direction, *(f"{direction}_hint" for direction in Direction)},
    "mine_state.": {"failing_person", *STATES, *(f"{state}_hint" for state in STATES)},
    "refused.": set(SENTENCES),
    "invalid.": {*WRONG, *FOREIGN},
    "setup.first_sync_": {"run", "ask", "run_hint", "ask_hint"},
    "setup.side_": set(Side),
    "severity.": {"ok", "warning", "error"},
    "state.": set(Health),
    "chart.": {"created", "updated", "deleted", "broken"},
    "choice.release_": {Kind.CREATE, Kind.UPDATE, Kind.DELETE},
    "ask.": {f"{choice}_{kind}" for kind, choice in _OUTCOMES},
    "choice.": {f"{choice}_{kind}" for kind, choice in _OUTCOMES},
    "failure.": {cause_of(name) for name in (*_CAUSES, "ValueError")},
    "field.": set(FIELDS),
    "how.": {f"{how}.{end}" for how in How for end in ("name", "one", "other")},
    "kind.": set(KINDS),
    "pair.": set(LinkState),
    "plan.count_": {Kind.CREATE, Kind.UPDATE, Kind.DELETE},
    "undo.": {"nothing", "waits", "changed"},
    "undo.badge_": {Kind.CREATE, Kind.UPDATE, Kind.DELETE},
    "undo.did_": {"created", "updated", "deleted", "failed"},
    "plan.moved_": {"added", "gone", "changed"},
    "start.step_": set(STEPS) - {"done"},
    "start.connect_": CONNECTED,
    "start.note_": CONNECTED,
    "start.name_": CONNECTED,
    "start.mend_": {*CONNECTED, "operator", "fields"},
    "start.works_": {*PROVIDERS, "fields"},
    "mine.untold_": {"series", "private"},
    "start.how_": {f"{name}_{number}" for name in CONNECTED for number in range(1, 5)},
    "start.count_": {Kind.CREATE, Kind.UPDATE, Kind.DELETE},
    "problem.": {"400", "403", "404", "408", "413", "429", "500", "503"},
}
"""What those values can be."""


def used() -> Iterator[str]:
    """Yield the keys that are asked for."""
    for path in SOURCES:
        text = path.read_text("utf-8")
        yield from QUOTED.findall(text)
        for found in BUILT.findall(text):
            prefix = "".join(found)
            yield from (f"{prefix}{last}" for last in LAST.get(prefix, ()))


def asked_for() -> set[str]:
    """Return the keys in calls of `t`, `t.count` and `texts`."""
    call = re.compile(r"""\b(?:t|texts)(\.count)?\(\s*["']([a-z0-9_.]+)["']\s*[,)]""")
    found = [match for path in SOURCES for match in call.findall(path.read_text("utf-8"))]
    return {f"{key}{end}" for count, key in found for end in ([".one", ".other"] if count else [""])}


def test_both_languages_have_the_same_keys() -> None:
    first, *others = (load(language) for language in LANGUAGES)
    assert [first.keys() ^ other.keys() for other in others] == [set()] * len(others)


def test_every_text_that_is_asked_for_is_there() -> None:
    assert len(asked_for()) > 50
    assert asked_for() - load("en").keys() == set()
    built = {f"{prefix}{last}" for prefix, lasts in LAST.items() for last in lasts}
    assert built - load("en").keys() == set()


def test_no_text_is_left_over() -> None:
    names = {*used(), *(f"{key}.{end}" for key in used() for end in ("one", "other"))}
    assert load("en").keys() - names == set()


@pytest.mark.parametrize("key", load("en"))
def test_both_languages_fill_in_the_same_values(key: str) -> None:
    names = [{name for _, name, _, _ in string.Formatter().parse(load(each)[key]) if name} for each in LANGUAGES]
    assert names[0] == names[1]


def test_a_text_has_its_values_filled_in() -> None:
    assert Texts("de")("mine.hello", name="{name}") == "Guten Tag, {name}"
    assert Texts("de").count("people.count", 1) == "1 Person"
    assert Texts("en").count("people.count", 2) == "2 people"


def test_only_markup_that_is_filled_in_stays_markup() -> None:
    text = Texts("de")("person.take_label", account=Markup("<b>{}</b>").format("a<b"))
    assert "<b>a&lt;b</b>" in text
    assert isinstance(text, Markup)
    assert not isinstance(Texts("de")("person.take_label", account="<b>"), Markup)


def test_a_reason_is_a_sentence_in_the_language() -> None:
    assert Texts("en").reason("deleted") == "It was deleted on the other side."
    assert Texts("de").reason("deleted") == "Der Termin wurde auf der anderen Seite gelöscht."
    assert Texts("de").reason("the server is away") == "the server is away"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-US,en;q=0.9,de;q=0.8", "en"),
        ("fr,de;q=0.5,en;q=0.6", "en"),
        ("de;q=0, en", "en"),
        ("fr", "en"),
        ("de;q=zero,*;;", "en"),
    ],
)
def test_the_browser_says_which_language(accepted: str, language: str) -> None:
    assert negotiated(accepted) == language
