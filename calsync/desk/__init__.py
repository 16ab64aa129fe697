"""What people do with calsync. Pages and command line call the same functions."""

from calsync.desk.access import Access
from calsync.desk.desk import Desk
from calsync.desk.passwords import Passwords
from calsync.desk.people import People
from calsync.desk.refused import Refused

__all__ = ["Access", "Desk", "Passwords", "People", "Refused"]
