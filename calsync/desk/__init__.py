"""What people do with calsync. Pages and command line call the same functions."""

from calsync.desk.access import Access
from calsync.desk.desk import Desk
from calsync.desk.passwords import Passwords
from calsync.desk.people import People
from calsync.desk.refused import Refused
from calsync.desk.showing import Known, Showing

__all__ = ["Access", "Desk", "Known", "Passwords", "People", "Refused", "Showing"]
