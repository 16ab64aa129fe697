from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_rules.series_skip import build

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.sync.model import Event


def test_a_part_of_a_series_is_not_admitted(make_event: Callable[..., Event]) -> None:
    assert build({}).admit(make_event(series=True)) == "series"


def test_a_single_event_passes(make_event: Callable[..., Event]) -> None:
    assert build({}).admit(make_event()) is None
