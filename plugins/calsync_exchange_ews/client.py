"""Requests to Exchange: versions, pauses, batches, and what an answer as a whole means."""

from __future__ import annotations

import logging
import re
import uuid
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.errors import AccountError, CalsyncError, Retry
from calsync.http import PATIENCE, lost, seconds_to_wait
from calsync.values import replace
from calsync_exchange_ews.envelope import VERSIONS, sealed
from calsync_exchange_ews.failures import (
    Fate,
    Nonsense,
    UnknownFailure,
    failure,
    fate_of,
    http_failure,
    shown,
)
from calsync_exchange_ews.responses import Content, Reply, content, found_items
from calsync_exchange_ews.xml import BadXml, parse

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from calsync.http import Answer, Pause, Stream
    from calsync.ports import Clock
    from calsync_exchange_ews.channel import Channels
    from calsync_exchange_ews.envelope import Caller
    from calsync_exchange_ews.requests import Operation
    from calsync_exchange_ews.xml import Element


BATCH = 50
"""Items per read. Microsoft advises ten, for a server has a minute; a calendar would cost five times the requests.
A server for which so many are too many is asked for half of them, then and later, but for ten at least."""
LONGEST_MOVE = timedelta(days=1)
STRIKES = 3
"""Failures in a row that nobody knows, behind which the account stops."""
TRACES = ("request-id", "X-FEServer", "X-BEServer", "X-CasErrorCode")
TRACE = re.compile(r"[A-Za-z0-9._-]{1,80}")
UNKNOWN_ZONE = "TimeZone"
OK, SERVER_ERROR = 200, 500
log = logging.getLogger("calsync.exchange")


class Client:
    """One connection's requests, whoever they are made for. They share pauses: the server counts them together."""

    def __init__(self, name: str, channels: Channels, pause: Pause, clock: Clock, random: random.Random) -> None:
        self.connection = name
        self.clock = clock
        self.server_version = ""
        """What the server says it is, as four numbers; "" before its first answer."""
        self.version = VERSIONS[0]
        """Of the protocol."""
        self.heeds_versions: bool | None = None
        """It refuses to update an item of another version than the one named; None before the first update."""
        self.clears_texts = True
        """It empties a text that is deleted; else an empty one is set."""
        self.batch = BATCH
        """How many items are read at once."""
        self.broken: Counter[str] = Counter()
        """How often each event has broken the server since it was last read, by its id."""
        self.unknown_zones: set[str] = set()
        """What it has refused as a zone, by Windows names."""
        self._channels = channels
        self._pause = pause
        self._random = random
        self._strikes = 0
        self._moving: dict[str, datetime] = {}
        """Since when mailboxes are on their way to another server."""

    async def call(
        self, operation: Operation, caller: Caller, items: int = 1, *, counted: bool = True
    ) -> Sequence[Reply]:
        """Return the answers about the items that were asked for, in their order, refusals too.

        Raises what a fault means: Retry, UnknownOutcome, AccountError, Refused; LoginError.
        """
        found = await self.ask(operation, caller, counted=counted)
        if len(found.replies) != items:
            problem = f"connection {self.connection}: Exchange answered {len(found.replies)} of {items} questions"
            raise lost(problem, operation.changes)
        return found.replies

    async def ask(self, operation: Operation, caller: Caller, *, counted: bool = True) -> Content:
        """Return an answer without a fault. A server that asks for a short pause is asked once more behind it.

        `counted`: several failures in a row that nobody knows stop the account. Raises what a fault means; see
        `call`.
        """
        ask = self._counted if counted else self._versioned
        try:
            return await ask(operation, caller)
        except Retry as busy:  # surely not carried out, so a write may be repeated too
            if busy.after is None or busy.after > PATIENCE.total_seconds():
                raise
        return await ask(operation, caller)

    def found(self, reply: Reply) -> tuple[Sequence[Element], bool]:
        """Return what a search found, and whether that is all of it. Raises what a refusal means; Retry."""
        if not reply.ok:
            raise self.refusal(reply)
        try:
            return found_items(reply)
        except BadXml as bad:
            raise Retry(f"connection {self.connection}: {bad}") from bad

    def error(self, reply: Reply, *, changes: bool = False, whole: bool = False) -> CalsyncError:
        """Return the error that a refusal stands for. `whole`: it is about the folder, not about one item."""
        return failure(self.connection, reply, changes=changes, whole=whole)

    def refusal(self, reply: Reply) -> CalsyncError:
        """Return the error that the refusal of a list or a search stands for; one that nobody knows is counted."""
        error = self.error(reply, whole=True)
        return self._struck(error) if isinstance(error, UnknownFailure) else error

    @asynccontextmanager
    async def stream(self, operation: Operation, caller: Caller, silence: float) -> AsyncIterator[Stream]:
        """Ask for an answer that goes on, and hold its channel. Raises what a refusal means; see `call`."""
        headers = self._headers(caller)
        async with self._channels.one() as channel:
            answer = await channel.post(self._sealed(operation, caller), headers, changes=False, silence=silence)
            if answer.stream is None:
                raise self._refused(answer, operation, headers)
            try:
                yield answer.stream
            finally:
                answer.stream.close()

    async def close(self) -> None:
        await self._channels.close()

    async def _counted(self, operation: Operation, caller: Caller) -> Content:
        """Ask, and count the failures in a row that nobody knows."""
        try:
            found = await self._versioned(operation, caller)
        except (UnknownFailure, Nonsense) as unknown:
            raise self._struck(unknown) from unknown
        if all(reply.ok for reply in found.replies):
            self._strikes = 0
        return found

    def _struck(self, unknown: Retry) -> CalsyncError:
        """Count a failure that nobody knows; return the error that it has become."""
        self._strikes += 1
        if self._strikes < STRIKES:
            return unknown
        return AccountError(f"{unknown}, {self._strikes} times in a row: see the server's log")

    async def _versioned(self, operation: Operation, caller: Caller) -> Content:
        """Ask in the newest version of the protocol that the server knows, and in a zone that it knows."""
        found = await self._once(operation, caller)
        if found.fault is not None and found.fault.code == UNKNOWN_ZONE and caller.zone not in self.unknown_zones:
            self.unknown_zones.add(caller.zone)
            found = await self._once(operation, caller)
        if self._refuses_version(found) and self.version != VERSIONS[-1]:
            self.version = VERSIONS[-1]
            found = await self._once(operation, caller)
        if found.fault is None:
            return found
        if self._refuses_version(found):
            raise AccountError(f"connection {self.connection}: Exchange is older than 2010 SP2, which is too old")
        raise self.error(found.fault, changes=operation.changes, whole=True)

    def _refuses_version(self, found: Content) -> bool:
        replies = found.replies if found.fault is None else [found.fault]
        return any(fate_of(reply) is Fate.VERSION for reply in replies)

    def heed(self, operation: Operation, found: Content) -> None:
        """Begin the pause that an answer asks for, use fewer connections where there are too many, tell bugs."""
        for reply in found.replies if found.fault is None else (found.fault,):
            if reply.back_off is not None:
                self._pause.begin(reply.back_off)
            if reply.code == "ExceededConnectionCount":
                self._channels.narrow()
            if fate_of(reply) is Fate.BUG:
                place = [reply.number(key) for key in ("LineNumber", "LinePosition")]
                log.error("%s: Exchange finds a %s malformed at %s", self.connection, operation.name, place)

    async def _once(self, operation: Operation, caller: Caller) -> Content:
        headers = self._headers(caller)
        async with self._channels.one() as channel:
            answer = await channel.post(self._sealed(operation, caller), headers, changes=operation.changes)
        found = self._understood(answer, operation, headers)
        self._note_move(found, caller.mailbox)
        return found

    def _note_move(self, found: Content, mailbox: str) -> None:
        """Raise AccountError where a mailbox has been on its way to another server for too long."""
        replies = found.replies if found.fault is None else [found.fault]
        if any(fate_of(reply) is Fate.MOVING for reply in replies):
            began = self._moving.setdefault(mailbox, self.clock.now())
            if self.clock.now() - began >= LONGEST_MOVE:
                problem = f"connection {self.connection}: Exchange has been moving the mailbox for more than a day"
                raise AccountError(f"{problem}: ask its administrator")
        elif any(reply.ok for reply in replies):
            self._moving.pop(mailbox, None)

    def _sealed(self, operation: Operation, caller: Caller) -> bytes:
        known = caller if caller.zone not in self.unknown_zones else replace(caller, zone="")
        return sealed(operation, known, self.version)

    def _refused(self, answer: Answer, operation: Operation, headers: Mapping[str, str]) -> CalsyncError:
        """Return what an answer means that is no stream."""
        fault = self._understood(answer, operation, headers).fault
        if fault is None:
            return Retry(f"connection {self.connection}: Exchange begins no stream ({answer.status})")
        return self.error(fault, whole=True)

    def _headers(self, caller: Caller) -> Mapping[str, str]:
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "Accept": "text/xml",
            "User-Agent": "calsync",
            "client-request-id": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "return-client-request-id": "true",
        }
        if caller.anchor or caller.mailbox:
            headers["X-AnchorMailbox"] = caller.anchor or caller.mailbox
        if caller.anchor:
            headers["X-PreferServerAffinity"] = "true"
        return headers

    def _understood(self, answer: Answer, operation: Operation, headers: Mapping[str, str]) -> Content:
        """Read a whole answer, and do what it asks for."""
        try:
            found = self._read(answer, operation)
        except CalsyncError:
            self._log_failure(answer, headers, "no SOAP")
            raise
        self.heed(operation, found)
        failed = found.fault or next((reply for reply in found.replies if not reply.ok), None)
        if failed is not None:
            self._log_failure(answer, headers, shown(failed))
        return found

    def _log_failure(self, answer: Answer, headers: Mapping[str, str], code: str) -> None:
        """Log what the server's administrator finds a failed request by in its own logs."""
        where = {key: each for key in TRACES if TRACE.fullmatch(each := answer.headers.get(key, ""))}
        asked = headers["client-request-id"]
        log.debug(
            "%s: Exchange answered %s %s to request %s %s", self.connection, answer.status, code, asked, where
        )

    def _read(self, answer: Answer, operation: Operation) -> Content:
        """Read an answer's envelope. A failure of HTTP may carry one; without it the status is what counts."""
        if answer.status not in (OK, SERVER_ERROR):
            raise self._http_failure(answer, operation)
        try:
            found = content(parse(answer.body), operation.name)
        except BadXml as bad:
            if answer.status != OK:
                raise self._http_failure(answer, operation) from bad
            raise lost(f"connection {self.connection}: {bad}", operation.changes) from bad
        self.server_version = found.version or self.server_version
        return found

    def _http_failure(self, answer: Answer, operation: Operation) -> CalsyncError:
        after = seconds_to_wait(answer.headers.get("Retry-After", ""), self.clock.now(), 0.0) or None
        return http_failure(self.connection, answer, after, changes=operation.changes)
