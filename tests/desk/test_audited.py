"""Who changed what is told in sentences, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import calsync
from calsync.desk.audited import SENTENCES, told
from calsync.records import AuditEntry
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Side
from calsync.testing.clock import START

if TYPE_CHECKING:
    from calsync.reasons import Language

TITLES = {Side.LEFT: "FLOWFACT", Side.RIGHT: "Outlook"}


def entry(what: str, after: str | None, account: str | None = "anna") -> AuditEntry:
    return AuditEntry(at=START, who="Petra", account=account, what=what, before=None, after=after)


@pytest.mark.parametrize(
    ("what", "after", "english", "german"),
    [
        ("enabled", "on", "Petra switched anna on.", "Petra hat anna eingeschaltet."),
        ("enabled", "off", "Petra switched anna off.", "Petra hat anna ausgeschaltet."),
        (
            "direction",
            "left_to_right",
            "Petra had anna sync from FLOWFACT to Outlook only.",
            "Petra hat für anna gewählt: nur von FLOWFACT nach Outlook.",
        ),
        ("decision", "keep: 3", "Petra decided in anna (3): leave both sides.", None),
        ("decision", "left: 1", None, "Petra hat in anna entschieden (1): Werte aus FLOWFACT."),
        ("plan_confirmed", "0a1b", "Petra confirmed the plan of anna.", "Petra hat den Plan von anna bestätigt."),
        ("assigned", "Anna: B: 4711", "Petra said that Anna: B is 4711.", None),
        ("assigned", "Anna: -", None, "Petra hat festgelegt, dass Anna noch niemand ist."),
        ("person_invited", "Anna (B) (user)", "Petra invited Anna (B) as user.", None),
        ("person_invited", "Chef (administrator)", None, "Petra hat Chef als Administrator eingeladen."),
        ("account_given", "Bernd", "Petra gave anna to Bernd.", "Petra hat anna der Person Bernd zugeordnet."),
        ("invitation_used", "password", None, "Petra hat die Einladung benutzt und meldet sich mit Passwort an."),
        (
            "invitation_used",
            "Microsoft tenant/object",
            "Petra used the invitation, and signs in with the Microsoft account tenant/object.",
            None,
        ),
        ("token_made", "{who}", "Petra made the API token {who}.", None),
        ("of_tomorrow", "x", "Petra: of_tomorrow x", "Petra: of_tomorrow x"),
    ],
)
def test_a_change_is_one_plain_sentence(
    what: str, after: str | None, english: str | None, german: str | None
) -> None:
    if english is not None:
        assert told(entry(what, after), TITLES, "en") == english
    if german is not None:
        assert told(entry(what, after), TITLES, "de") == german


def test_an_account_is_named_as_people_know_it_and_a_person_of_its_name_is_not() -> None:
    assert told(entry("enabled", "on"), TITLES, "en", "Nina") == "Petra switched anna (Nina) on."
    assert told(entry("account_added", "anna"), TITLES, "en", "Nina") == "Petra added the account anna (Nina)."
    assert told(entry("account_given", "anna"), TITLES, "en", "Nina") == "Petra gave anna (Nina) to anna."


@pytest.mark.parametrize("language", ["de", "en"])
def test_whatever_can_be_chosen_has_its_sentence(language: Language) -> None:
    changes = [
        *(("enabled", after) for after in ("on", "off", None)),
        *(("direction", after) for after in (*Direction, None)),
        *(("decision", f"{choice}: 2") for choice in Choice),
    ]
    sentences = [told(entry(what, after), TITLES, language) for what, after in changes]
    assert len(set(sentences)) == len(changes)
    assert not [one for one in sentences if one.startswith("Petra:")]


@pytest.mark.parametrize("language", ["de", "en"])
def test_what_an_older_version_or_anybody_wrote_is_told_somehow(language: Language) -> None:
    for what in SENTENCES:
        for after in (None, "", "x", "(", ": ", "{0}"):
            assert told(entry(what, after, None), TITLES, language).startswith("Petra")


def test_every_change_that_is_noted_has_a_sentence() -> None:
    noted = re.compile(r'(?:note|note_by|_told|set_up)\([^()]*?"([a-z]+(?:_[a-z]+)+|decision|assigned)"')
    package = Path(calsync.__file__).parent
    files = [*(package / f"{name}.py" for name in ("app", "desks", "once")), *(package / "desk").glob("*.py")]
    source = "".join(file.read_text("utf-8") for file in files)
    found = set(noted.findall(source))
    assert len(found) > 15
    assert found <= SENTENCES.keys()
    assert {"enabled", "direction"} <= SENTENCES.keys()
