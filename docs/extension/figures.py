"""The figures for Prometheus, made of those that a service at work tells of itself."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from calsync.engine import Report
from calsync.metrics import Metrics
from calsync.service import Finished, Runner, Service
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from calsync.service import Listen

OF_A_HISTOGRAM = {"le"}


class Nobody(Runner):
    """Runs no account."""

    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        raise NotImplementedError

    def doorbells(self, account: str) -> Sequence[Listen]:
        del account
        return ()

    def connections(self, account: str) -> Collection[str]:
        del account
        return ()


def families() -> list[Metric]:
    """Return all figures of a service to which everything has happened once."""
    metrics = Metrics(FakeClock())
    service = Service(Nobody(), FakeClock(), random.Random(1), 60)  # noqa: S311 - chance decides nothing here
    metrics.look_at(service, lambda: {"m365": 0}, lambda: 1)
    metrics.prevented(1)
    metrics.answered("m365", "200", 0.1)
    metrics.signed_in("ok")
    report = Report()
    report.counts[Side.LEFT].created = 1
    metrics.finished(Finished(account="anna", report=report, error=None, seconds=0.1, since_call=0.5))
    service.board.begin("anna", None)
    held, blocked = (Kind.HOLD, Side.LEFT, "conflict"), (Kind.BLOCK, Side.LEFT, "has_attendees")
    since = {"conflict": FakeClock().now()}
    service.board.note("anna", notices=Counter({held: 1, blocked: 1}), held_since=since)
    return list(text_string_to_metric_families(metrics.text().decode()))


def made() -> str:
    """Return a table of them."""
    return "| figure | kind | labels | |\n|---|---|---|---|\n" + "\n".join(rows())


def rows() -> Iterator[str]:
    """Yield a row for each figure of calsync's own, without what the process says of itself and since when."""
    for family in families():
        if family.name.startswith("calsync_process_") or family.name.endswith("_created"):
            continue
        labels = sorted({label for sample in family.samples for label in sample.labels} - OF_A_HISTOGRAM)
        name = f"{family.name}_total" if family.type == "counter" else family.name
        shown = ", ".join(f"`{label}`" for label in labels)
        yield f"| `{name}` | {family.type} | {shown} | {family.documentation} |"
