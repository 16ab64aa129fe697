"""Figures say what happened, by words that lead to nobody."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from calsync.engine import Report
from calsync.errors import AccountError, ConfigError, EventError, LoginError, PluginError, Retry, StoreError
from calsync.history import MAILS
from calsync.metrics import Metrics, result_of
from calsync.reasons import known
from calsync.service import Finished, Runner, Service, State
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from calsync.service import Listen


class Nobody(Runner):
    """Runs nothing: a test says what came of it."""

    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        raise NotImplementedError

    def doorbells(self, account: str) -> Sequence[Listen]:
        return ()

    def connections(self, account: str) -> Collection[str]:
        return ()


class Office:
    """Runs that end, and the figures about them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.metrics = Metrics(self.clock)
        service = Service(Nobody(), self.clock, random.Random(1), 60)
        self.board = service.board
        self.waiting = {"m365": 3}
        self.metrics.look_at(service, lambda: self.waiting, lambda: 7)

    def end(
        self,
        account: str = "anna",
        *,
        error: Exception | None = None,
        since_call: float | None = None,
        **left: int,
    ) -> None:
        report = Report()
        for name, number in left.items():
            setattr(report.counts[Side.LEFT], name, number)
        self.metrics.finished(
            Finished(account=account, report=report, error=error, seconds=0.2, since_call=since_call)
        )

    def value(self, name: str, **labels: str) -> float | None:
        """Return a sample's value; None where there is none."""
        for family in text_string_to_metric_families(self.metrics.text().decode()):
            for sample in family.samples:
                if (sample.name, dict(sample.labels)) == (name, labels):
                    return sample.value
        return None


@pytest.fixture
def office() -> Office:
    return Office()


def test_runs_are_counted_by_how_they_ended(office: Office) -> None:
    office.end()
    office.end()
    office.end(error=Retry("m365: unreachable"))
    assert office.value("calsync_runs_total", result="ok") == 2
    assert office.value("calsync_runs_total", result="retry") == 1
    assert office.value("calsync_run_seconds_bucket", le="0.25") == 3


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (None, "ok"),
        (Retry("later"), "retry"),
        (LoginError("lost"), "sign_in"),
        (AccountError("gone"), "account"),
        (StoreError("full"), "store"),
        (ConfigError(["wrong"]), "configuration"),
        (PluginError("broken"), "plugin"),
        (EventError("long"), "other"),
        (KeyError("x"), "bug"),
    ],
)
def test_each_error_has_its_word(error: Exception | None, result: str) -> None:
    assert result_of(error) == result


def test_events_are_counted_by_the_direction_in_which_they_went(office: Office) -> None:
    office.end(created=2, failed=1)
    office.end(error=Retry("later"), created=1)
    assert office.value("calsync_events_total", direction="right_to_left", result="created") == 3
    assert office.value("calsync_events_total", direction="right_to_left", result="failed") == 1
    assert office.value("calsync_events_total", direction="left_to_right", result="created") is None


def test_a_ring_is_timed_only_where_it_brought_something(office: Office) -> None:
    office.end(since_call=0.8)
    office.end(created=1)
    assert office.value("calsync_doorbell_to_copy_seconds_count") == 0
    office.end(since_call=0.8, created=1)
    assert office.value("calsync_doorbell_to_copy_seconds_bucket", le="1.0") == 1


def test_requests_are_counted_by_connection_and_status(office: Office) -> None:
    office.metrics.answered("m365", "200", 0.04)
    office.metrics.answered("m365", "429", 0.01)
    office.metrics.answered("flowfact", "unreachable", -0.5)  # somebody has set the clock back
    assert office.value("calsync_requests_total", system="m365", status="200") == 1
    assert office.value("calsync_requests_total", system="m365", status="429") == 1
    assert office.value("calsync_requests_total", system="flowfact", status="unreachable") == 1
    assert office.value("calsync_request_seconds_bucket", system="m365", le="0.05") == 2
    assert office.value("calsync_request_seconds_sum", system="flowfact") == 0


def test_the_age_of_the_last_good_read_grows_until_the_next(office: Office) -> None:
    office.clock.advance(10)
    office.board.begin("anna", None)
    office.board.note("anna", State.FAILING)
    assert office.value("calsync_last_good_read_age_seconds", account="anna") == 10
    office.board.note("anna", State.WAITING, good_at=office.clock.now())
    office.clock.advance(100)
    assert office.value("calsync_last_good_read_age_seconds", account="anna") == 100


def test_the_age_of_an_account_that_is_off_or_gone_alarms_nobody(office: Office) -> None:
    office.board.begin("anna", office.clock.now())
    office.board.begin("kai", office.clock.now())
    office.board.note("anna", State.OFF)
    office.board.end("kai")
    assert office.value("calsync_last_good_read_age_seconds", account="anna") is None
    assert office.value("calsync_last_good_read_age_seconds", account="kai") is None
    assert office.value("calsync_accounts", state="off") == 1
    assert office.value("calsync_accounts", state="failing") == 0


def test_what_stands_is_told_by_reason_and_goes_with_its_cause(office: Office) -> None:
    office.board.begin("anna", None)
    office.board.begin("kai", None)
    held, blocked = (Kind.HOLD, Side.LEFT, "conflict"), (Kind.BLOCK, Side.RIGHT, "series")
    office.board.note("anna", notices=Counter({held: 2, blocked: 1}))
    office.board.note("kai", notices=Counter({(Kind.HOLD, Side.RIGHT, "conflict"): 1}))
    assert office.value("calsync_holds", reason="conflict") == 3
    assert office.value("calsync_blocks", reason="series") == 1
    office.board.note("anna", notices=Counter())
    office.board.end("kai")
    assert office.value("calsync_holds", reason="conflict") is None


def test_what_waits_is_told(office: Office) -> None:
    assert office.value("calsync_queued_requests", system="m365") == 3
    assert office.value("calsync_queued_runs") == 0
    assert office.value("calsync_tasks") == 7


def test_accounts_whose_doorbells_are_heard_are_counted(office: Office) -> None:
    office.board.begin("anna", None)
    office.board.begin("kai", None)
    assert office.value("calsync_heard_accounts") == 0
    office.board.note("anna", doorbell=True)
    assert office.value("calsync_heard_accounts") == 1


def test_mails_that_were_prevented_are_told_as_the_store_counts_them(office: Office) -> None:
    assert office.value("calsync_mails_prevented_total") is None
    for mails in (3, 7):
        office.metrics.prevented(mails)
        assert office.value("calsync_mails_prevented_total") == mails


def test_what_an_account_fails_with_is_told_as_long_as_it_does(office: Office) -> None:
    for name, kind in (("anna", "LoginError"), ("kai", "Retry"), ("tim", "KeyError"), ("bea", "OtherSync")):
        office.board.begin(name, None)
        office.board.note(name, State.FAILING, error="x", error_class=kind)
    office.board.begin("eva", None)
    office.board.note("anna", State.RUNNING)  # it tries again
    failing = {word: office.value("calsync_failing_accounts", result=word) for word in ("sign_in", "retry", "bug")}
    assert failing == {"sign_in": 1, "retry": 1, "bug": 1}
    assert office.value("calsync_failing_accounts", result="account") == 1
    assert office.value("calsync_failing_accounts", result="store") == 0
    office.board.note("anna", State.WAITING, error=None, error_class=None)
    assert office.value("calsync_failing_accounts", result="sign_in") == 0


def test_the_age_of_the_oldest_hold_is_told_by_reason_and_goes_with_it(office: Office) -> None:
    day = timedelta(days=1)
    now = office.clock.now()
    for name, since in (("anna", now - 2 * day), ("kai", now - day)):
        office.board.begin(name, None)
        office.board.note(name, held_since={"ambiguous": since, "rule_failed:geheim": now})
    office.clock.advance(60)
    two_days = 2 * day.total_seconds() + 60
    assert office.value("calsync_oldest_hold_age_seconds", reason="ambiguous") == two_days
    assert office.value("calsync_oldest_hold_age_seconds", reason="rule_failed") == 60
    office.board.note("anna", held_since={})
    assert office.value("calsync_oldest_hold_age_seconds", reason="ambiguous") == two_days - day.total_seconds()


def test_the_reasons_of_mails_are_words_of_calsync() -> None:
    assert all(known(reason) for reason in MAILS)


@pytest.mark.parametrize(
    ("reason", "told"),
    [("rule_failed:geheim", "rule_failed"), ("anna@example.de", "other"), ("has_attendees", "has_attendees")],
)
def test_a_plugins_own_word_is_not_repeated(office: Office, reason: str, told: str) -> None:
    office.board.begin("anna", None)
    office.board.note("anna", notices=Counter({(Kind.HOLD, Side.LEFT, reason): 1}))
    assert office.value("calsync_holds", reason=told) == 1
    assert reason == told or reason.encode() not in office.metrics.text()


def test_two_services_of_one_process_have_figures_of_their_own(office: Office) -> None:
    other = Office()
    office.end()
    assert other.value("calsync_runs_total", result="ok") is None


def test_every_name_begins_with_calsync(office: Office) -> None:
    office.end(created=1, since_call=1.0)
    office.metrics.answered("m365", "200", 0.1)
    names = {family.name for family in text_string_to_metric_families(office.metrics.text().decode())}
    assert "calsync_process_resident_memory_bytes" in names
    assert {name for name in names if not name.startswith("calsync_")} == set()


def test_sign_ins_are_counted_by_what_came_of_them() -> None:
    office = Office()
    for result in ("ok", "wrong_password", "wrong_password"):
        office.metrics.signed_in(result)
    assert office.value("calsync_sign_ins_total", result="ok") == 1
    assert office.value("calsync_sign_ins_total", result="wrong_password") == 2
