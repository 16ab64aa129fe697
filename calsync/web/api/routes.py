"""All routes of the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.web.api import (
    accounts,
    belonging,
    connections,
    explain,
    leaving,
    pairs,
    people,
    plans,
    repairs,
    runs,
    setup_accounts,
    setup_connections,
    steering,
    systems,
    undo,
)
from calsync.web.api.door import Door

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.web.api.route import Route
    from calsync.web.origins import Origins
    from calsync.web.site import Site

BASE = "/api/v1"
DOCUMENT = f"{BASE}/openapi.json"
ROUTES: Sequence[Route] = (
    *accounts.ROUTES,
    *setup_accounts.ROUTES,
    *pairs.ROUTES,
    *runs.ROUTES,
    *steering.ROUTES,
    *plans.ROUTES,
    *explain.ROUTES,
    *undo.ROUTES,
    *leaving.ROUTES,
    *repairs.ROUTES,
    *connections.ROUTES,
    *setup_connections.ROUTES,
    *systems.ROUTES,
    *people.ROUTES,
    *belonging.ROUTES,
)
_NO_ROUTE = "there is no such request; /api/v1/openapi.json describes all there are"


def api_routes(site: Site, origins: Origins) -> list[web.RouteDef]:
    """Return what answers the API of a site; also where it is asked for what there is not."""
    door = Door(site, origins)
    found = [web.get(DOCUMENT, door.described(ROUTES, BASE), allow_head=False)]
    paths: dict[str, list[str]] = {DOCUMENT: ["GET"]}
    for route in ROUTES:
        found.append(web.route(route.method, f"{BASE}{route.path}", door.around(route)))
        paths.setdefault(f"{BASE}{route.path}", []).append(route.method)
    for path, methods in paths.items():
        allowed = ", ".join(methods)
        detail = f"only {allowed} can be asked for here"
        refuse = door.refusing(HTTPStatus.METHOD_NOT_ALLOWED, "method", detail, {"Allow": allowed})
        found.append(web.route("*", path, refuse))
    nothing = door.refusing(HTTPStatus.NOT_FOUND, "not_found", _NO_ROUTE)
    return [*found, *(web.route("*", path, nothing) for path in (BASE, f"{BASE}/{{path:.*}}"))]
