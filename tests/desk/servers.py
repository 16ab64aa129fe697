"""The servers of an office, and a configuration that allows people to connect their mailboxes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from calsync.loading import load
from calsync_sandbox.authority import AuthorityServer
from calsync_sandbox.ews import EwsServer, User
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog
from tests.house import House

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.config import Config

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
ANNA, BERT = "anna@example.de", "bert@example.de"
BACK = "https://calsync.example.de/own/back"
BERLIN = "Europe/Berlin"
PASSWORD = "password-canary"
CONFIG = """
service: {{store: "sqlite:///{folder}/calsync.db", key: {key}}}
plugin_dirs: [plugins]
connections:
  crm: {{provider: memory, size: "1"}}
  m365: {{provider: graph, tenant_id: {tenant}, client_id: {client}, client_secret: operators-canary,
         authority_url: "{authority}", graph_url: "{graph}"}}
  exchange: {{provider: exchange_ews, url: "{ews}", username: "EX\\\\service", password: operators-canary}}
web:
  self_service: {{left: {{connection: crm}}, right: {{connection: {right}}}}}
"""


class Servers:
    """The servers, and a configuration that allows people to connect their mailboxes."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self.file = folder / "calsync.yaml"
        mails = MailLog()
        self.authority = AuthorityServer()
        self.authority.register(TENANT, CLIENT, public=True)
        self.graph = GraphServer(mails, self.authority.tokens)
        self.ews = EwsServer(mails, self.authority.tokens, self.graph.mailbox)
        for address in (ANNA, BERT):
            self.graph.add_mailbox(address)
            self.ews.users.add(User(f"EX\\{address[:4]}", PASSWORD, address))

    def configure(self, right: str = "m365", more: str = "") -> None:
        text = CONFIG.format(
            folder=self.house.folder,
            key=base64.b64encode(b"k" * 32).decode(),
            tenant=TENANT,
            client=CLIENT,
            authority=self.authority.url,
            graph=self.graph.url,
            ews=self.ews.ews_url,
            right=right,
        )
        self.file.write_text(text + more)

    def config(self) -> Config:
        return load(self.file)[0]

    def lying(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.house.folder.rglob("calsync.db*") if path.is_file())
