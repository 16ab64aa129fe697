from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from calsync.store import codec
from calsync.sync.model import FIELDS, AllDay, Base, Draft, Event, Field, Observation, Timed, Value
from calsync.values import replace

EPOCH = datetime(1990, 1, 1, tzinfo=UTC)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=40_000)).map(lambda passed: EPOCH + passed)
TIMED = st.tuples(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=40))).map(
    lambda t: Timed(t[0], t[0] + t[1])
)
DATES = st.dates(date(1990, 1, 1), date(2100, 1, 1))
ALL_DAY = st.tuples(DATES, st.integers(1, 40)).map(lambda t: AllDay(t[0], t[0] + timedelta(days=t[1])))
WHEN = TIMED | ALL_DAY
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.fixed_dictionaries({}, optional={"summary": TEXT, "when": WHEN, "description": TEXT})
EVENTS = st.builds(
    Event,
    summary=TEXT,
    when=WHEN,
    description=TEXT,
    reminder=st.none() | st.booleans(),
    private=st.booleans(),
    attendee_count=st.none() | st.integers(0, 500),
    organised_here=st.booleans(),
    online_meeting=st.booleans(),
    series=st.booleans(),
    cancelled=st.booleans(),
    created=st.none() | INSTANTS,
    uid=st.none() | TEXT,
    location=TEXT,
    types=st.lists(TEXT, max_size=2).map(tuple),
)
OBSERVATIONS = st.builds(
    Observation,
    id=TEXT,
    event=EVENTS,
    revision=st.none() | TEXT,
    modified=st.none() | INSTANTS,
    written_by_us=st.none() | st.booleans(),
    marker=st.none() | TEXT,
)


@given(OBSERVATIONS)
def test_observations_come_back(observation: Observation) -> None:
    assert codec.observation(codec.text(observation)) == observation


@given(OBSERVATIONS, EVENTS)
def test_what_one_reading_shares_comes_back_as_it_was(observation: Observation, other: Event) -> None:
    same = codec.Same()
    first, second = observation, replace(observation, event=other)
    bases = [Base.of(one.event, number) for number, one in enumerate((first, second))]
    for one, base in zip((first, second), bases, strict=True):
        assert codec.observation(codec.text(one), same) == one
        assert codec.base(codec.text(base), same) == base


def test_one_reading_keeps_equal_fields_once() -> None:
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    event = Event(summary="Notar", when=Timed(start, start), description="Zwei\nZeilen")
    same = codec.Same()
    left, right = (
        codec.observation(codec.text(Observation(id=name, event=event, revision=None)), same).event
        for name in "lr"
    )
    base = codec.base(codec.text(Base.of(event, 1)), same)
    for name in FIELDS:
        assert left.value(name) is right.value(name) is base.values[name]


@given(VALUES)
def test_changes_come_back(changes: dict[Field, Value]) -> None:
    assert codec.values(codec.text(changes)) == changes


@given(
    st.builds(
        Base,
        values=VALUES,
        private=st.booleans(),
        mapping_version=st.integers(1, 9),
        owed=st.frozensets(st.sampled_from(FIELDS)),
        unsure=st.frozensets(st.sampled_from(FIELDS)),
    )
)
def test_bases_come_back(base: Base) -> None:
    assert codec.base(codec.text(base)) == base


@given(
    st.builds(
        Draft,
        summary=TEXT,
        when=WHEN,
        description=TEXT,
        reminder=st.none() | st.integers(0, 999),
        location=TEXT,
    )
)
def test_drafts_come_back(draft: Draft) -> None:
    assert codec.draft(codec.text(draft)) == draft


@given(INSTANTS, INSTANTS)
def test_texts_of_instants_compare_as_instants(one: datetime, other: datetime) -> None:
    assert (codec.instant_text(one) < codec.instant_text(other)) == (one < other)
    assert codec.instant(codec.instant_text(one)) == one


def test_instants_are_kept_in_utc() -> None:
    berlin = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert codec.instant_text(berlin) == "2026-07-01T10:00:00.000000+00:00"


def test_a_field_that_was_not_stored_has_its_default() -> None:
    event = Event(summary="Notar", when=AllDay(date(2026, 3, 2), date(2026, 3, 3)))
    when = '{"first":"2026-03-02","after":"2026-03-03"}'
    stored = f'{{"id":"1","revision":"r","event":{{"summary":"Notar","when":{when}}}}}'
    assert codec.observation(stored) == Observation(id="1", event=event, revision="r")
    assert codec.base('{"values":{"summary":"Notar"}}') == Base(values={"summary": "Notar"})
