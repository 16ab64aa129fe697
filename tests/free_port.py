"""A port for a service that has to be told which one before it starts."""

from __future__ import annotations

import random
import socket

PORTS = range(20_000, 32_768)
"""Below those that systems give to connections of their own, which could take one meanwhile."""
TRIES = 100


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    for port in random.sample(PORTS, TRIES):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise RuntimeError(f"none of {TRIES} ports is free")
