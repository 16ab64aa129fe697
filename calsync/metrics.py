"""Figures about a running service, in the form of Prometheus.

Labels are the configuration's own names, statuses of HTTP and calsync's own words; an account that was discovered
is named by an id. So no figure tells an address, a person's name, or what anybody wrote.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections import deque
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from calsync import errors
from calsync.errors import AccountError, CalsyncError, ConfigError, LoginError, PluginError, Retry, StoreError
from calsync.reasons import NAMED, REASONS
from calsync.service import State
from calsync.sync.model import Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

    from calsync.engine import Counts
    from calsync.ports import Clock
    from calsync.service import Finished, Service, Status

RESULTS = {
    LoginError: "sign_in",
    AccountError: "account",
    StoreError: "store",
    ConfigError: "configuration",
    PluginError: "plugin",
    Retry: "retry",
    CalsyncError: "other",
}
"""How a run ended, by the first of these that its error is. One that is none of them is a bug."""
DIRECTIONS = {Side.LEFT: "right_to_left", Side.RIGHT: "left_to_right"}
"""By the side that is written."""
EVENTS = ("created", "updated", "deleted", "linked", "failed")
HANDED_ON = 20_000
"""So many requests wait at most to be counted by somebody else."""
RUN_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
REQUEST_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
RING_SECONDS = (0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300)


class Metrics:
    """Counts what it is told, and looks up the rest when it is asked. Belongs to one process and one loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        registry = self._registry = CollectorRegistry()
        ProcessCollector("calsync", registry=registry)
        self._runs = Counter("calsync_runs", "Runs of accounts, by how they ended.", ["result"], registry=registry)
        self._run_seconds = Histogram(
            "calsync_run_seconds", "How long a run took.", buckets=RUN_SECONDS, registry=registry
        )
        self._ring_seconds = Histogram(
            "calsync_doorbell_to_copy_seconds",
            "From a doorbell's ring, or a person's wish, to the end of the run that wrote something for it.",
            buckets=RING_SECONDS,
            registry=registry,
        )
        self._events = Counter(
            "calsync_events",
            "Events that were written or linked, and writes that failed.",
            ["direction", "result"],
            registry=registry,
        )
        self._requests = Counter(
            "calsync_requests",
            "Requests to a connection, by the answer's status; or unreachable, or lost.",
            ["system", "status"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "calsync_request_seconds",
            "How long a request took, without what it waited before it was sent.",
            ["system"],
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._answers: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        """The figures of one system's requests with one status."""
        self._handed_on: deque[tuple[str, str, float]] | None = None
        self._sign_ins = Counter(
            "calsync_sign_ins",
            "Tries to sign in to the pages, by what came of them.",
            ["result"],
            registry=registry,
        )
        self._standing = _Standing(clock)
        registry.register(self._standing)

    def answered(self, connection: str, status: str, seconds: float) -> None:
        """Count a request (`calsync.http.Answered`)."""
        if self._handed_on is not None:
            self._handed_on.append((connection, status, seconds))
            return
        known = self._answers.get((connection, status))
        if known is None:  # to look a figure up by its labels costs more than to count
            known = self._requests.labels(connection, status), self._request_seconds.labels(connection)
            self._answers[connection, status] = known
        count, seconds_of = known
        count.inc()
        seconds_of.observe(max(0.0, seconds))

    def hand_on(self) -> deque[tuple[str, str, float]]:
        """Return what holds the requests from now on that somebody else is to count; the oldest are let go of."""
        self._handed_on = deque(maxlen=HANDED_ON)
        return self._handed_on

    def signed_in(self, result: str) -> None:
        """Count a try to sign in to the pages, by one of the words of the page's own."""
        self._sign_ins.labels(result).inc()

    def finished(self, run: Finished) -> None:
        """Count a run, and what it did."""
        self._runs.labels(result_of(run.error)).inc()
        self._run_seconds.observe(max(0.0, run.seconds))
        for side, counts in run.report.counts.items():
            self._count(side, counts)
        if run.since_call is not None and any(counts.writes for counts in run.report.counts.values()):
            self._ring_seconds.observe(max(0.0, run.since_call))

    def look_at(
        self, service: Service, waiting: Callable[[], Mapping[str, int]], tasks: Callable[[], int]
    ) -> None:
        """Tell from now on how a service's accounts are, how many requests wait, and how many tasks there are."""
        self._standing.service, self._standing.waiting, self._standing.tasks = service, waiting, tasks

    def prevented(self, mails: int) -> None:
        """Take over what the store has counted of all accounts."""
        self._standing.mails_prevented = mails

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format (version 0.0.4)."""
        return generate_latest(self._registry)

    def _count(self, side: Side, counts: Counts) -> None:
        for result in EVENTS:
            number = getattr(counts, result)
            if number:
                self._events.labels(DIRECTIONS[side], result).inc(number)


class _Standing(Collector):
    """What is so now. Made when it is asked for, so that nothing is left of an account that is gone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.now()
        self.service: Service | None = None
        self.waiting: Callable[[], Mapping[str, int]] = dict
        self.tasks: Callable[[], int] = int
        self.mails_prevented: int | None = None
        """As the store knew last; None before it was asked: a counter that is not told yet is no zero."""

    def describe(self) -> Iterable[Metric]:
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        yield _gauge(
            "calsync_queued_requests", "Requests that wait to be sent to a connection.", "system", self.waiting()
        )
        if self.mails_prevented is not None:
            yield CounterMetricFamily(
                "calsync_mails_prevented",
                "Writes that told no attendee, and writes left undone because they might have.",
                value=self.mails_prevented,
            )
        if self.service is None:
            return
        statuses = self.service.board.all()
        states = Tally({state.value: 0 for state in State})
        states.update(status.state.value for status in statuses)
        yield _gauge("calsync_accounts", "Accounts, by what they do.", "state", states)
        failing = Tally(dict.fromkeys((*RESULTS.values(), "bug"), 0))
        failing.update(_word_of(one.error_class) for one in statuses if one.error_class is not None)
        yield _gauge(
            "calsync_failing_accounts", "Accounts whose last run failed, by how it ended.", "result", failing
        )
        yield GaugeMetricFamily(
            "calsync_heard_accounts",
            "Accounts whose calendars both ring about a change; the others are polled more often.",
            value=sum(status.doorbell for status in statuses),
        )
        yield GaugeMetricFamily(
            "calsync_queued_runs", "Runs that wait for their turn.", value=self.service.waiting
        )
        yield GaugeMetricFamily("calsync_tasks", "Tasks of the event loop.", value=self.tasks())
        yield self._ages(statuses)
        yield _gauge("calsync_holds", "Events that wait for a person.", "reason", _stand(statuses, Kind.HOLD))
        yield _gauge(
            "calsync_oldest_hold_age_seconds",
            "Since when the longest has been held that nobody has decided.",
            "reason",
            self._oldest(statuses),
        )
        yield _gauge("calsync_blocks", "Events that are not written.", "reason", _stand(statuses, Kind.BLOCK))

    def _oldest(self, statuses: Iterable[Status]) -> Mapping[str, float]:
        now, ages = self._clock.now(), dict[str, float]()
        for status in statuses:
            for reason, since in status.held_since.items():
                word = _word(reason)
                ages[word] = max(ages.get(word, 0.0), (now - since).total_seconds())
        return ages

    def _ages(self, statuses: Iterable[Status]) -> Metric:
        now = self._clock.now()
        ages = GaugeMetricFamily(
            "calsync_last_good_read_age_seconds",
            "Since an account that is not off was last read; where it never was, since calsync was started.",
            labels=["account"],
        )
        for status in statuses:
            if status.state is not State.OFF:
                ages.add_metric([status.account], (now - (status.good_at or self._began)).total_seconds())
        return ages


def result_of(error: Exception | None) -> str:
    """Return the word for how a run ended."""
    if error is None:
        return "ok"
    return next((word for kind, word in RESULTS.items() if isinstance(error, kind)), "bug")


def _word_of(error_class: str) -> str:
    """Return the same word by the name that `calsync.errors.class_of` gives."""
    found = getattr(errors, error_class, None)
    mro = found.__mro__ if isinstance(found, type) else ()
    return next((word for kind, word in RESULTS.items() if kind in mro), "bug")


def _gauge(name: str, documentation: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, documentation, labels=[label])
    for value, number in sorted(values.items()):
        gauge.add_metric([value], number)
    return gauge


def _stand(statuses: Iterable[Status], wanted: Kind) -> Mapping[str, int]:
    tally: Tally[str] = Tally()
    for status in statuses:
        for (kind, _, reason), count in status.notices.items():
            if kind is wanted:
                tally[_word(reason)] += count
    return tally


def _word(reason: str) -> str:
    """Return a reason of calsync's own without a rule's name; a plugin's own words may say anything."""
    kind = reason.partition(":")[0]
    if kind in NAMED:
        return kind
    return reason if reason in REASONS else "other"
