"""Histories that once broke an invariant, kills at every step, and the same seed twice.

`python -m tests.simulation` plays random ones: `make test` plays 3,000, in which all it knows must occur.
"""

from __future__ import annotations

import pytest

from tests.simulation import faults
from tests.simulation.determinism import differences
from tests.simulation.exhaustive import interrupted
from tests.simulation.history import play
from tests.simulation.witness import Witness

FOUND = (
    336,
    865,
    3525,
    3618,
    4220,
    4662,
    7861,
    8259,
    8986,
    16743,
    17410,
    130091,
    171694,
    503302,
    626494,
    1003298,
    1005620,
    1008260,
    1008668,
    1012167,
    1013605,
    1014679,
    1015459,
    1100623,
    1104086,
    1107908,
    1108010,
    1108086,
    1202719,
    1203311,
    1203676,
    1250282,
    1259432,
    1266538,
    1272853,
    2000173,
    3011537,
    3020462,
    3030675,
    5000624,
    5001041,
    6002399,
    7002724,
    7003045,
    7003551,
    7003808,
    7004368,
    7004952,
    7005496,
    7005923,
    7007774,
    8001058,
    8002360,
    9000447,
    9000924,
    9001086,
    9001280,
    9005413,
    9006304,
    9006428,
    9013388,
    9016465,
    9016640,
    9019402,
    9021211,
    9029709,
    9032812,
    9035533,
    9039468,
    9050101,
    9050776,
    9051391,
    9054583,
    9062536,
    9068702,
    9072352,
    9091978,
    9095904,
    9096732,
    9098608,
    9102253,
    9103822,
    9113260,
    9116362,
    9117861,
    9120910,
    9124345,
    9131312,
    9134104,
    9138341,
    9144698,
    9149543,
    9151644,
    9155049,
    9161359,
    9203072,
    9210845,
    9215994,
    9219156,
    9221120,
    9226091,
    9229068,
    9236022,
    9249230,
    9253759,
    9256900,
    9263964,
    9265838,
    9268788,
    9278509,
    9290462,
    9290874,
    9325989,
    9332656,
    9336994,
    9352851,
    9357855,
    9388451,
    9390773,
    9603032,
    9611342,
    9616762,
    9648948,
    9653397,
    9664323,
    9679012,
    9686424,
    9688466,
    9690170,
    9708378,
    9744235,
    9819888,
    9829148,
    9833464,
    9841992,
    9845382,
    9852124,
    9853673,
    9875614,
    9882690,
    9882925,
    9884382,
    9885525,
    9922116,
    9951070,
    9976479,
    10227731,
    10302004,
    10316690,
    10501773,
    10513193,
    10517539,
    10817307,
    10838873,
    10852245,
    10887162,
    10887588,
    11310777,
    11329915,
    11339789,
    12209257,
    12210619,
    12213971,
    12249829,
    13004888,
    13048410,
    13066978,
    13070798,
    13083945,
    13094655,
    13184880,
    13253296,
    13605307,
    13632712,
    13685906,
    13693022,
    13706981,
    13715845,
    13749495,
    13789914,
    13806212,
    13860754,
)
"""Seeds beyond those that once broke an invariant. What each one showed has a test of its own, too: a history goes
another way when the engine takes another number of steps."""
SCENARIOS = 20
TWICE = 20


@pytest.mark.parametrize("seed", FOUND)
def test_what_once_broke_an_invariant_breaks_none(seed: int) -> None:
    assert play(seed).violations == []


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_no_kill_and_no_cancellation_at_any_step_breaks_an_invariant(seed: int) -> None:
    for how, world in interrupted(seed):
        assert (how, world.violations) == (how, [])


def test_a_seed_gives_the_same_history_every_time_under_any_hash_of_strings() -> None:
    assert list(differences(0, TWICE, faults.NAMES)) == []


def test_what_a_judge_raises_ends_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a judge")

    monkeypatch.setattr(Witness, "look", broken)
    with pytest.raises(KeyError, match="a judge"):
        play(0)
