import pytest

from calsync_sandbox.mail import MailLog
from calsync_sandbox.mailbox import Mailbox
from calsync_sandbox.mailbox.switches import MailboxSwitches


@pytest.fixture
def anna() -> Mailbox:
    """Return a mailbox that no server shows."""
    return Mailbox(
        "anna@example.de",
        aliases=(),
        timezone="W. Europe Standard Time",
        can_edit=True,
        default_reminder=15,
        switches=MailboxSwitches(),
        people_mail=MailLog(),
        now=lambda: 1_780_000_000.0,
    )
