"""What others reach of calsync over HTTP, behind a proxy that ends TLS."""

from calsync.web.doorbells import Endpoint
from calsync.web.server import serving

__all__ = ["Endpoint", "serving"]
