"""The JSON API: what pages and commands do, for programs. `/api/v1/openapi.json` describes it."""

from calsync.web.api.routes import api_routes

__all__ = ["api_routes"]
