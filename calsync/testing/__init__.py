"""For authors of providers and rules: a calendar in memory, a clock that stands still, and the contract suite.

The contract suite needs pytest and is therefore imported by itself, from `calsync.testing.contract`.
"""

from calsync.testing.clock import FakeClock
from calsync.testing.faults import Faults
from calsync.testing.memory import Behaviour, MemoryCalendar

__all__ = ["Behaviour", "FakeClock", "Faults", "MemoryCalendar"]
