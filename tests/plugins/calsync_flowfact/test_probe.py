"""What a probe finds out, what it leaves behind, and what follows from it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import ConfigError, LoginError
from calsync.ports import Learnt
from calsync.values import replace
from calsync_flowfact.habits import BELIEVED, Habits
from calsync_flowfact.probe_edits import SUMMARY
from calsync_sandbox.faults import Fault
from calsync_sandbox.flowfact.flowdsl import Compiler
from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calsync.testing import FakeClock
    from calsync_flowfact.answers import Answer
    from calsync_flowfact.provider import FlowfactProvider

OLD = timedelta(days=7)


class Remembered(Learnt):
    def __init__(self) -> None:
        self.content: Mapping[str, Any] = {}

    def read(self) -> Mapping[str, Any]:
        return self.content

    def write(self, content: Mapping[str, Any]) -> None:
        self.content = content

    @property
    def habits(self) -> Habits:
        return Habits(**self.content["habits"])


@pytest.fixture
def learnt(loopback: Any) -> Remembered:
    """Let the provider keep what it learns, and two people have appointments."""
    kept = Remembered()
    loopback.provider._learnt = kept
    start = round(loopback.clock.now().timestamp() * 1000)
    for person in (loopback.anna, loopback.ben):
        for number in range(3):
            times = {"start_date": start + number, "end_date": start + 3_600_000}
            fields = {"subject": "Besichtigung", "assignee": [person["id"]], **times}
            loopback.server.create("appointments", fields, user=person)
    return kept


async def probed(loopback: Any, *, write: bool = False) -> dict[str, list[Answer]]:
    """Probe, and let time pass while the probe waits; return the answers by question."""
    clock = loopback.clock
    probing = asyncio.ensure_future(loopback.provider.inquiry().probe(write=write))
    while not probing.done():
        waiting = asyncio.ensure_future(clock.until_sleeping())
        await asyncio.wait({probing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not probing.done():
            clock.advance(1)
    answers: dict[str, list[Answer]] = {}
    for answer in probing.result():
        answers.setdefault(answer.question, []).append(answer)
    return answers


def severities(answers: Sequence[Answer]) -> list[str]:
    return [answer.severity for answer in answers]


def writes(loopback: Any) -> list[tuple[str, str]]:
    asking = ("/search-service/", "/hasaccess/")
    sent = [(one.method, one.path) for one in loopback.server.requests]
    return [one for one in sent if one[0] != "GET" and not any(part in one[1] for part in asking)]


async def test_a_probe_reads_only_and_keeps_its_answers(loopback: Any, learnt: Remembered) -> None:
    answers = await probed(loopback)
    assert writes(loopback) == []
    assert {answer.severity for found in answers.values() for answer in found} == {"ok", "unknown", "warning"}
    assert answers["session"][0].de == "Eine Anmeldung gilt 30 Minuten"
    assert "belong to 2 users" in answers["owners"][0].en
    assert answers["rights"][0].de == "Der API-Benutzer darf die Termine ändern und löschen"
    assert all(answer.de != answer.en for found in answers.values() for answer in found)
    assert learnt.habits == Habits(ranges=True)


async def test_what_a_server_refuses_or_cuts_is_found(loopback: Any, learnt: Remembered) -> None:
    switches = loopback.server.switches
    switches.metadata_filter, switches.max_page_size, switches.trash_in_search = "400", 4, True
    event_id = next(iter(loopback.server.entities))
    loopback.server.delete(event_id, user=loopback.anna)
    loopback.clock.advance(OLD.total_seconds())
    await probed(loopback)
    assert learnt.habits == Habits(ranges=True, page_size=4, trash_in_search=True)


def modified(loopback: Any) -> None:
    """Let the oldest appointment be the one that was modified last."""
    first, *_ = loopback.server.entities
    loopback.server.patch(first, {"subject": "Verlegt"}, user=loopback.anna)


async def test_a_search_that_sorts_is_told(loopback: Any, learnt: Remembered) -> None:
    modified(loopback)
    answers = await probed(loopback)
    assert severities(answers["sort"]) == ["ok"]
    assert learnt.habits.sorts is True


@pytest.mark.parametrize("switches", [{"sorts": "ignore"}, {"missing_first": True}])
@pytest.mark.parametrize("more", [0, 60])
async def test_a_search_that_sorts_otherwise_is_told(
    loopback: Any, learnt: Remembered, switches: dict[str, Any], more: int
) -> None:
    """Also where a whole page was never modified."""
    for name, value in switches.items():
        setattr(loopback.server.switches, name, value)
    for _ in range(more):
        loopback.server.create("appointments", {"assignee": [loopback.ben["id"]]}, user=loopback.ben)
    modified(loopback)
    answers = await probed(loopback)
    assert severities(answers["sort"]) == ["error"]
    assert learnt.habits.sorts is False


@pytest.mark.parametrize("count", [0, 1, 6])
async def test_too_few_or_unmodified_appointments_do_not_show_a_sort(
    loopback: Any, learnt: Remembered, count: int
) -> None:
    for entity_id in list(loopback.server.entities)[count:]:
        loopback.server.delete(entity_id, user=loopback.anna)
    answers = await probed(loopback)
    assert severities(answers["sort"]) == ["unknown"]
    assert learnt.habits.sorts is None


async def test_a_search_that_ignores_its_offset_is_told(loopback: Any, learnt: Remembered) -> None:
    loopback.server.switches.ignores_offset = True
    answers = await probed(loopback)
    assert severities(answers["page"]) == ["ok", "error"]


async def test_a_range_that_is_refused_is_not_asked_for_again(
    loopback: Any, learnt: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(compiler: Compiler, condition: Any) -> Any:
        raise Refused(400, "no ranges")

    monkeypatch.setattr(Compiler, "_overlapping", refused)
    answers = await probed(loopback)
    assert "does not work" in answers["range"][0].en
    assert learnt.habits.ranges is False


async def test_what_may_not_be_seen_is_an_answer_too(loopback: Any, learnt: Remembered) -> None:
    for path in ("/recovery/", "nylas-service"):
        loopback.server.faults.add(Fault(path=path, status=403, times=None))
    answers = await probed(loopback)
    assert severities(answers["trash"]) == ["warning"]
    assert severities(answers["native_sync"]) == ["unknown"]


async def test_a_service_that_is_down_leaves_its_question_open(loopback: Any, learnt: Remembered) -> None:
    loopback.server.faults.add(Fault(path="nylas-service", status=500, times=None))
    answers = await probed(loopback)
    assert severities(answers["native_sync"]) == ["unknown"]
    assert severities(answers["version"]) == ["ok"]


async def test_flowfacts_own_sync_is_told(loopback: Any, learnt: Remembered) -> None:
    account = {"email": "ANNA@example.de", "settings": {"sync.calendar": "true"}}
    loopback.server.nylas_accounts.extend([account, {"email": "x@example.de"}])
    (answer,) = (await probed(loopback))["native_sync"]
    assert answer.severity == "warning"
    assert "ist für 1 Postfächer an (1 von Benutzern)" in answer.de


async def test_a_wrong_mapping_is_told_and_nothing_is_written(loopback: Any, learnt: Remembered) -> None:
    for entity_id in list(loopback.server.entities):
        loopback.server.patch(entity_id, {"start_date": 1_774_744_200}, user=loopback.anna)
    answers = await probed(loopback, write=True)
    assert severities(answers["sample"]) == ["error"]
    assert answers["sample"][0].de.endswith("enthält Sekunden seit 1970; bitte setzen Sie codec: epoch_s")
    assert severities(answers["write"]) == ["error"]
    assert writes(loopback) == []


async def test_what_may_not_be_changed_is_told_in_both_languages(loopback: Any, learnt: Remembered) -> None:
    loopback.server.switches.rights = frozenset({"trash"})
    change, delete = (await probed(loopback))["rights"]
    assert change.de.startswith("der API-Benutzer darf keinen von 6 der angesehenen Termine ändern; ")
    assert "may change none of 6 appointments" in change.en
    assert delete.de.startswith("der API-Benutzer darf keinen von 6 der angesehenen Termine löschen; ")


async def test_a_field_that_is_missing_is_told_in_both_languages(loopback: Any, learnt: Remembered) -> None:
    del loopback.server.schemas["appointments"]["properties"]["message"]
    (missing,) = (await probed(loopback))["mapping"]
    assert missing.en.startswith("fields.description: the schema appointments has no field 'message'")
    assert missing.de.startswith("fields.description: das Schema appointments hat kein Feld 'message'")


async def test_a_write_test_removes_its_one_appointment_and_mails_nobody(
    loopback: Any, learnt: Remembered
) -> None:
    before = dict(loopback.server.entities)
    answers = await probed(loopback, write=True)
    assert loopback.server.entities == before
    ((entry),) = loopback.server.trash.values()
    assert entry["content"]["subject"]["values"] == [f"{SUMMARY}.."]  # FLOWFACT ignored the condition
    assert entry["content"]["assignee"]["values"] == [loopback.server.api_user["id"]]
    assert [method for method, _ in writes(loopback)] == ["POST", *["PATCH"] * 5, "DELETE"]
    assert all("error" not in severities(found) for found in answers.values())
    assert learnt.habits.clears is True
    assert learnt.habits.marker_found is True
    assert learnt.habits.trash_in_search is False
    assert learnt.habits.modified_moves is True
    assert answers["unknown_field"][0].en == "FLOWFACT refuses an unknown field"
    assert answers["condition"][0].en == "a change ignores a condition (If-Match)"
    assert "is not asked" in answers["owner"][0].en
    assert answers["trash"][-2].en == "the trash shows the test appointment, the newest first"
    assert loopback.mails.count == 0


async def test_a_write_test_on_a_server_of_other_habits(loopback: Any, learnt: Remembered) -> None:
    switches = loopback.server.switches
    switches.create_response, switches.patch_response, switches.empty_values = "entity", "empty", "ignore"
    switches.search_lag, switches.trash_in_search = 5.0, True
    answers = await probed(loopback, write=True)
    assert answers["create"][0].en == "a create answers the appointment"
    assert answers["patch"][0].en == "a change answers nothing"
    assert learnt.habits.clears is False
    assert learnt.habits.trash_in_search is True
    assert learnt.habits.search_lag == pytest.approx(5, abs=1)
    assert len(loopback.server.trash) == 1


async def test_a_test_appointment_that_cannot_be_removed_is_named(loopback: Any, learnt: Remembered) -> None:
    loopback.server.switches.rights = frozenset({"create", "UPDATE", "trash"})
    answers = await probed(loopback, write=True)
    (left,) = (one["id"] for one in loopback.server.entities.values() if "calsync" in one["subject"]["values"][0])
    assert answers["removed"][0].severity == "error"
    assert left in answers["removed"][0].de


CREATE = Fault(method="POST", path="/entity-service/schemas", status=500, after_commit=True)


@pytest.mark.parametrize("marker", ["calsync_marker", None])
async def test_a_create_whose_answer_is_lost_is_found_and_removed(
    loopback: Any, learnt: Remembered, providers: Callable[..., FlowfactProvider], marker: str | None
) -> None:
    loopback.provider = providers(fields={"marker": {"field": marker}})
    loopback.server.faults.add(CREATE)
    loopback.server.switches.search_lag = 60.0
    before = set(loopback.server.entities)
    answers = await probed(loopback, write=True)
    assert severities(answers["create"]) == ["error"]
    assert severities(answers["removed"]) == ["ok"]
    assert set(loopback.server.entities) == before
    assert len(loopback.server.trash) == 1


async def test_only_the_api_users_own_test_appointments_are_taken_for_one(
    loopback: Any, learnt: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where a search ignores what it is asked for."""
    monkeypatch.setattr(Compiler, "_has_value", lambda *_: lambda _: True)
    times = {"start_date": 946_890_000_000, "end_date": 946_893_600_000}
    for owner, day in ((loopback.anna["id"], 0), (loopback.server.api_user["id"], 86_400_000)):
        fields = {"subject": SUMMARY, "assignee": [owner], **{name: at + day for name, at in times.items()}}
        loopback.server.create("appointments", fields, user=loopback.anna)
    loopback.server.faults.add(replace(CREATE, after_commit=False))
    before = dict(loopback.server.entities)
    await probed(loopback, write=True)
    assert loopback.server.entities == before


async def test_a_create_of_which_nobody_knows_is_told(
    loopback: Any, learnt: Remembered, caplog: pytest.LogCaptureFixture
) -> None:
    loopback.server.faults.add(CREATE)
    loopback.server.switches.search_lag = 1000.0
    answers = await probed(loopback, write=True)
    assert severities(answers["removed"]) == ["error"]
    assert (
        "may have been created; look for „calsync-Test, wird gleich gelöscht“ of the API user on 3 Jan 2000"
        in (answers["removed"][0].en)
    )
    assert answers["removed"][0].en in caplog.messages
    assert severities(answers["session"]) == ["ok"]


@pytest.mark.parametrize("status", [403, 404, 401, 429])
async def test_a_create_that_is_refused_loses_no_other_answer(
    loopback: Any, learnt: Remembered, status: int
) -> None:
    loopback.server.faults.add(Fault(method="POST", path="/entity-service/schemas", status=status, times=None))
    answers = await probed(loopback, write=True)
    assert severities(answers["create"]) == ["error"]
    assert severities(answers["session"]) == ["ok"]
    assert "removed" not in answers
    assert learnt.habits.ranges is True


@pytest.mark.parametrize("after_commit", [True, False])
async def test_a_delete_that_fails_is_looked_after(loopback: Any, learnt: Remembered, after_commit: bool) -> None:
    loopback.server.faults.add(Fault(method="DELETE", status=500, after_commit=after_commit))
    answers = await probed(loopback, write=True)
    assert severities(answers["removed"]) == ["ok"]
    assert len(loopback.server.trash) == 1


async def test_a_trash_that_fails_afterwards_loses_no_answer(loopback: Any, learnt: Remembered) -> None:
    loopback.server.faults.add(Fault(path="/recovery/", status=500, times=None))
    answers = await probed(loopback, write=True)
    assert severities(answers["removed"]) == ["ok"]


@pytest.mark.parametrize(
    ("switches", "question", "habits"),
    [
        ({"modified_moves": False}, "modified", Habits(modified_moves=False)),
        ({"missing_first": True}, "sort", Habits(modified_moves=True, sorts=False)),
    ],
)
async def test_an_edit_that_would_not_be_seen_is_told(
    loopback: Any, learnt: Remembered, switches: dict[str, Any], question: str, habits: Habits
) -> None:
    for name, value in switches.items():
        setattr(loopback.server.switches, name, value)
    answers = await probed(loopback, write=True)
    assert severities(answers[question])[-1] == "error"
    assert (learnt.habits.modified_moves, learnt.habits.sorts) == (habits.modified_moves, habits.sorts)
    await loopback.provider.login()
    assert any(one.severity == "error" for one in await loopback.provider.check())


async def test_a_search_that_is_too_late_says_nothing_about_its_order(loopback: Any, learnt: Remembered) -> None:
    loopback.server.switches.search_lag = 1000.0
    answers = await probed(loopback, write=True)
    assert severities(answers["lag"]) == ["error"]
    assert severities(answers["sort"]) == ["unknown"]
    assert (learnt.habits.search_lag, learnt.habits.sorts) == (None, None)


@pytest.mark.parametrize("lost", [False, True])
async def test_whoever_interrupts_a_write_test_leaves_nothing_behind(
    loopback: Any, learnt: Remembered, caplog: pytest.LogCaptureFixture, lost: bool
) -> None:
    """Whenever: before the answer to the create, or while the search is waited for."""
    before = dict(loopback.server.entities)
    sent, go = asyncio.Event(), asyncio.Event()

    def arrived(request: Any) -> None:
        if request.method == "POST" and "/entity-service/schemas" in request.path:
            sent.set()

    loopback.server.arrived = arrived
    status = 500 if lost else None
    loopback.server.faults.add(replace(CREATE, status=status, hold=go))
    probing = asyncio.ensure_future(loopback.provider.inquiry().probe(write=True))
    await sent.wait()
    probing.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await probing
    left = len(loopback.server.entities) - len(before)
    assert left == int(lost)
    assert any("may have been created; look for" in one for one in caplog.messages) is lost


async def test_a_refused_create_leaves_nothing(loopback: Any, learnt: Remembered) -> None:
    loopback.server.faults.add(Fault(method="POST", path="/entity-service/schemas", status=400))
    answers = await probed(loopback, write=True)
    assert answers["create"][0].severity == "error"
    assert loopback.server.trash == {}


async def test_the_result_drives_what_calendars_can_and_ask(
    loopback: Any, learnt: Remembered, clock: FakeClock
) -> None:
    switches = loopback.server.switches
    switches.max_page_size, switches.empty_values, switches.trash_in_search = 4, "ignore", True
    await probed(loopback, write=True)
    learnt.content = {**learnt.content, "habits": {**learnt.content["habits"], "marker_found": False}}
    await loopback.provider.login()
    calendar = await loopback.calendar()
    settings = calendar._mapping.settings
    assert (settings.page_size, settings.empty_values) == (4, ("",))
    assert settings.habits.trash_in_search is True
    assert not calendar.capabilities.marker


async def test_an_old_result_is_not_believed(loopback: Any, learnt: Remembered) -> None:
    loopback.server.switches.max_page_size = 4
    await probed(loopback)
    loopback.clock.advance(BELIEVED.total_seconds())
    await loopback.provider.login()
    assert (await loopback.calendar())._mapping.settings.page_size == 100
    told = [one.message for one in await loopback.provider.check() if "not believed" in one.message]
    assert len(told) == 1


async def test_probing_again_without_a_write_does_not_forget_what_writes_have_shown(
    loopback: Any, learnt: Remembered
) -> None:
    loopback.server.switches.empty_values = "ignore"
    await probed(loopback, write=True)
    first = dict(learnt.content)
    loopback.clock.advance(86_400)
    await probed(loopback)
    assert learnt.habits.clears is False
    assert learnt.content["at"] == first["at"]  # they are no younger for that
    loopback.clock.advance(BELIEVED.total_seconds())
    await probed(loopback)
    assert learnt.habits.clears is None
    assert learnt.content["at"] == loopback.clock.now().isoformat()


async def test_what_was_found_out_about_one_field_is_not_believed_of_another(
    loopback: Any, learnt: Remembered, providers: Callable[..., FlowfactProvider]
) -> None:
    await probed(loopback, write=True)
    other = providers(fields={"marker": {"field": "ical_uid"}})
    other._learnt = learnt
    await other.login()
    assert other._probed is None


async def test_a_lag_that_is_longer_than_the_overlap_is_told(loopback: Any, learnt: Remembered) -> None:
    await probed(loopback)
    learnt.content = {**learnt.content, "habits": {"search_lag": 300.0}}
    await loopback.provider.login()
    (told,) = [one for one in await loopback.provider.check() if "overlap_seconds" in one.message]
    assert told.severity == "warning"


async def test_a_schema_that_is_not_there_names_those_that_are(
    loopback: Any, providers: Callable[..., FlowfactProvider]
) -> None:
    with pytest.raises(ConfigError, match="it has appointments, termine_neu"):
        await providers(schema="termine").inquiry().schema()


async def test_a_suggestion_reads_only_what_it_suggests(loopback: Any, learnt: Remembered) -> None:
    found = {one.key: one.codec for one in await loopback.provider.inquiry().suggest()}
    assert found["start"] == "epoch_ms"
    (search,) = (one for one in loopback.server.requests if "/search-service/" in one.path)
    assert b"location_description" not in search.body


async def test_a_lost_sign_in_is_no_answer(loopback: Any, providers: Callable[..., FlowfactProvider]) -> None:
    with pytest.raises(LoginError):
        await providers(api_token="falsch").inquiry().probe(write=False)
