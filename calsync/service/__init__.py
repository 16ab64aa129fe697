"""The service: who runs when, and how each account is."""

from calsync.service.board import Board, Changes, State, Status
from calsync.service.chronicle import Chronicle
from calsync.service.listening import Listen
from calsync.service.runner import Finished, Recalled, Runner
from calsync.service.service import Service

__all__ = [
    "Board",
    "Changes",
    "Chronicle",
    "Finished",
    "Listen",
    "Recalled",
    "Runner",
    "Service",
    "State",
    "Status",
]
