from calsync_sandbox.graph.query import read_window


def test_instants_without_an_offset_are_utc() -> None:
    window = read_window({"startDateTime": "2026-03-02T00:00:00", "endDateTime": "2026-03-02T01:00:00+01:00"})
    assert window.start == window.end
