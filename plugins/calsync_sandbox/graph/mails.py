"""Which mails a write by Graph sends: those that Exchange sends, for Graph has no way to prevent them."""

from __future__ import annotations

from calsync_sandbox.mailbox.mails import Post


class GraphPost(Post):
    """The mails of one mailbox that Graph's clients cause."""

    system = "graph"
