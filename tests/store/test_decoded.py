from calsync.store.decoded import Decoded


class Reader:
    """Notes what it has decoded."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, text: str) -> str:
        self.read.append(text)
        return text.upper()


def test_what_has_not_changed_is_decoded_once() -> None:
    reader = Reader()
    decoded = Decoded(reader, 100)
    assert [decoded("one"), decoded("two"), decoded("one")] == ["ONE", "TWO", "ONE"]
    assert reader.read == ["one", "two"]


def test_long_texts_take_no_more_memory_than_short_ones() -> None:
    decoded = Decoded(Reader(), 1000)
    for number in range(5000):
        assert decoded(f"{number:0100}") == f"{number:0100}"
    assert 5 <= len(decoded) <= 10


def test_what_is_asked_for_again_and_again_stays() -> None:
    reader = Reader()
    decoded = Decoded(reader, 1000)
    for number in range(500):
        decoded("always")
        decoded(f"{number:030}")
    assert reader.read.count("always") == 1


def test_a_text_that_is_longer_than_all_that_is_kept_is_decoded_each_time() -> None:
    reader = Reader()
    decoded = Decoded(reader, 20)
    decoded("short")
    decoded("x" * 11)
    decoded("x" * 11)
    assert reader.read == ["short", "x" * 11, "x" * 11]
    decoded("short")
    assert len(reader.read) == 3
