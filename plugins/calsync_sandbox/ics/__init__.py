"""Import of .ics files: `import_calendar` turns a file into what a mailbox holds. It reads no clock."""

from calsync_sandbox.ics.events import MailboxEvent, Owner
from calsync_sandbox.ics.importing import Imported, Series, import_calendar
from calsync_sandbox.ics.moving import Reach
from calsync_sandbox.ics.table import Row, Totals, totals, write_table
from calsync_sandbox.ics.zones import mailbox_zone

__all__ = [
    "Imported",
    "MailboxEvent",
    "Owner",
    "Reach",
    "Row",
    "Series",
    "Totals",
    "import_calendar",
    "mailbox_zone",
    "totals",
    "write_table",
]
