"""PostgreSQL's errors, translated into one sentence that says what to do. The only place that reads them."""

from __future__ import annotations

import psycopg

from calsync.errors import StoreError

UNDONE = frozenset({"40001", "40P01"})
"""serialization_failure and deadlock_detected: the server has undone the transaction, and it may be done again."""
ADVICE = {
    "08": "the server cannot be reached, or does not let calsync in; see that it runs, and check the address, the"
    " database, the user and the password",
    "25006": "the server takes no writes now, as a standby does; name the one that does",
    "28": "the server does not let calsync in; check the user, the password and pg_hba.conf",
    "3D": "there is no such database; create it first",
    "42501": "calsync's user may not do that; let it own the database or the schema",
    "53": "the server has run out of something (disk, memory, connections); look at its log",
    "55P03": "another program keeps it locked; stop what has a transaction open, or try again later",
    "57": "the server was stopped, or is starting; the next run goes on where this one ended",
    "58": "the server's disk reports an error; look at its log",
    "XX": "the server reports that data is damaged; look at its log, and restore a backup",
}
"""By SQLSTATE, or by its class, the first two characters
(https://www.postgresql.org/docs/current/errcodes-appendix.html): what happened, and what a person does."""
UNREACHED = "08"


def told(place: str, error: psycopg.Error) -> StoreError:
    """Return the sentence as the error that is raised."""
    return StoreError(f"store {place}: {_sentence(error)}")


def _sentence(error: psycopg.Error) -> str:
    # What libpq says of connections is of no class; it names hosts, and perhaps the user.
    code = error.sqlstate or (UNREACHED if isinstance(error, psycopg.OperationalError) else "")
    if advice := ADVICE.get(code) or ADVICE.get(code[:2]):
        return advice
    # The server's own message names tables and columns; values stand in its detail, which is left out.
    what = error.diag.message_primary or type(error).__name__
    return f"the statement was refused ({what})"
