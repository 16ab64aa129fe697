"""The document describes what is served, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from aiohttp import web

from calsync.forms import Kind
from calsync.people import Role
from calsync.web.api import door
from calsync.web.api.openapi import described
from calsync.web.api.routes import BASE, DOCUMENT, ROUTES
from calsync.web.api.systems import FieldKind

if TYPE_CHECKING:
    import pytest

    from calsync.web.site import Site
    from tests.web.api.conftest import Program


async def test_everybody_may_read_the_document(stranger: Program) -> None:
    answer = await stranger.get("/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    document = answer.json
    assert document["openapi"].startswith("3.1.")
    (server,) = document["servers"]
    assert server["url"] == f"{stranger.client._base_url}".rstrip("/") + BASE


async def test_behind_a_proxy_it_tells_the_public_address(stranger: Program) -> None:
    (server,) = (await stranger.get("/openapi.json", Host="calsync.example.de")).json["servers"]
    assert server["url"] == f"https://calsync.example.de/kalender{BASE}"


async def test_it_is_written_once_however_often_strangers_ask(
    stranger: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await stranger.get("/openapi.json")
    monkeypatch.setattr(door, "described", None)
    assert (await stranger.get("/openapi.json")).body == first.body


def test_every_route_that_is_served_is_described(site: Site) -> None:
    document = described(ROUTES, BASE)
    served = {
        (route.method, route.path)
        for route in site.routes()
        if isinstance(route, web.RouteDef) and route.path.startswith(BASE) and route.method != "*"
    }
    told = {(method.upper(), BASE + path) for path, each in document["paths"].items() for method in each}
    assert served - {("GET", DOCUMENT)} == told


def test_every_route_has_a_name_and_a_summary_of_its_own() -> None:
    assert len({route.id for route in ROUTES}) == len({route.summary for route in ROUTES}) == len(ROUTES)
    for route in ROUTES:
        assert re.fullmatch(r"[a-z_]+", route.id)
        assert not route.summary.endswith(".")


def test_every_shape_says_what_it_is() -> None:
    for name, schema in described(ROUTES, BASE)["components"]["schemas"].items():
        assert schema.get("description"), name
        assert re.fullmatch(r"[A-Za-z]+", name), "two shapes of one name: clients are made of these"


def test_what_only_administrators_may_is_said() -> None:
    document = described(ROUTES, BASE)
    for route in ROUTES:
        told = document["paths"][route.path][route.method.lower()]
        assert ("403" in told["responses"]) == (route.role is Role.ADMINISTRATOR)


def test_every_kind_of_a_field_is_described() -> None:
    assert set(get_args(FieldKind)) == set(Kind)
