"""What others reach of calsync over HTTP, behind a proxy that ends TLS."""

from calsync.web.doorbells import Endpoint
from calsync.web.health import health_routes
from calsync.web.metrics import metrics_routes
from calsync.web.server import serving

__all__ = ["Endpoint", "health_routes", "metrics_routes", "serving"]
