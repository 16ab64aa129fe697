"""What people do with calsync. Pages and command line call the same functions."""

from calsync.desk.access import Access
from calsync.desk.audit import Audit
from calsync.desk.checks import Checks
from calsync.desk.desk import Desk
from calsync.desk.explain import Explaining
from calsync.desk.members import Members
from calsync.desk.own_sign_ins import OwnSignIns
from calsync.desk.passwords import Passwords
from calsync.desk.people import People
from calsync.desk.refused import Refused
from calsync.desk.self_service import OwnMailboxes
from calsync.desk.setup import Setup
from calsync.desk.showing import Known, Showing
from calsync.desk.steering import Steering

__all__ = [
    "Access",
    "Audit",
    "Checks",
    "Desk",
    "Explaining",
    "Known",
    "Members",
    "OwnMailboxes",
    "OwnSignIns",
    "Passwords",
    "People",
    "Refused",
    "Setup",
    "Showing",
    "Steering",
]
