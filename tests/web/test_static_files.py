"""Style sheet, scripts and icon: kept by browsers until they change, and nobody else's are asked for."""

from __future__ import annotations

import re

import pytest

from calsync.web.static_files import StaticFiles
from tests.web.conftest import WEB, Browser


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("calsync.css", "text/css; charset=utf-8"),
        ("calsync.js", "text/javascript; charset=utf-8"),
        ("htmx.min.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
async def test_a_file_is_kept_for_as_long_as_it_is_the_same(
    browser: Browser, name: str, content_type: str
) -> None:
    answer = await browser.get(StaticFiles().path(name))
    assert (answer.status, answer.headers["Content-Type"]) == (200, content_type)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.text == (WEB / "static" / name).read_text("utf-8")


@pytest.mark.parametrize("path", ["/static/x/calsync.css", "/static/x/site.py", "/static/x/..%2Fsite.py"])
async def test_there_are_no_other_files(browser: Browser, path: str) -> None:
    assert (await browser.get(path)).status == 404


def test_htmx_is_the_version_that_was_looked_at_and_has_its_licence() -> None:
    assert 'version:"2.0.11"' in (WEB / "static" / "htmx.min.js").read_text("utf-8")
    assert (WEB / "static" / "htmx.LICENSE").read_text("utf-8").startswith("Zero-Clause BSD")


def test_nothing_is_fetched_from_elsewhere() -> None:
    files = [WEB / "static" / "calsync.css", WEB / "static" / "calsync.js", *(WEB / "templates").glob("*.html")]
    for path in files:
        assert re.findall(r"https?://|url\(|@import", path.read_text("utf-8")) == [], path
