"""What a soak takes for the rest of a process is what it is like mostly."""

from tests.soak.service import Sample
from tests.soak.soak import typical


def test_what_is_under_way_at_some_looks_counts_for_nothing() -> None:
    seen = [(1422, 18, 100), (1376, 18, 104), (1422, 31, 101), (1430, 17, 102), (1422, 18, 103)]
    samples = [
        Sample(float(at), memory, float(at), tasks, files) for at, (tasks, files, memory) in enumerate(seen)
    ]
    assert typical(samples) == Sample(at=4.0, memory=102, cpu=4.0, tasks=1422, files=18)
