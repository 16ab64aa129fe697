"""For provider authors: one door to the network.

It counts requests, bounds concurrency, keeps the pauses that a server asks for (docs/decisions/0011), refuses
redirects to other hosts and translates what can go wrong on the wire into calsync's errors. What a status means is
the provider's own table.
"""

from calsync.http.addresses import checked_url
from calsync.http.answer import MAX_ANSWER_BYTES, Answer, Stream, lost
from calsync.http.door import Answered, Http, unheard
from calsync.http.factory import HttpFactory
from calsync.http.messages import plain_message
from calsync.http.pause import PATIENCE, UNNAMED_PAUSE, Pause, seconds_to_wait

__all__ = [
    "MAX_ANSWER_BYTES",
    "PATIENCE",
    "UNNAMED_PAUSE",
    "Answer",
    "Answered",
    "Http",
    "HttpFactory",
    "Pause",
    "Stream",
    "checked_url",
    "lost",
    "plain_message",
    "seconds_to_wait",
    "unheard",
]
