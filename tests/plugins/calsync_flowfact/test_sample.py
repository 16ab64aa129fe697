"""Which appointments the mapping is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import ConfigError
from calsync_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Provider

SECONDS = 1_774_744_200


def store(loopback: Any, schema: str, start: str, end: str, owner: str, *, unit: int = 1000) -> None:
    for number in range(5):
        at = (SECONDS + number * 86_400) * unit
        times = {start: at, end: at + 3_600 * unit, owner: [loopback.anna["id"]]}
        loopback.server.create(schema, times, user=loopback.anna)


@pytest.fixture
def both(loopback: Any) -> Any:
    """Let two schemas of one group have appointments, one in milliseconds and one in seconds."""
    store(loopback, "termine_neu", "beginn", "ende", "betreuer", unit=1)
    store(loopback, "appointments", "start_date", "end_date", "assignee")
    return loopback


async def warnings(provider: Provider) -> list[str]:
    await provider.login()
    return [one.message for one in await provider.check() if one.severity == "warning"]


@pytest.mark.parametrize("given", ["name", "id"])
async def test_a_groups_other_schemas_are_not_held_against_the_mapping_and_are_told(
    both: Any, providers: Callable[..., Provider], given: str
) -> None:
    schema = both.server.schemas["appointments"][given]
    (told,) = await warnings(providers(schema="appointment_schemas", write_schema=schema))
    assert "appointments of the schema termine_neu, of the group appointment_schemas, are read too" in told


async def test_a_schema_that_is_given_by_its_id_is_held_against_the_mapping(
    both: Any, providers: Callable[..., Provider]
) -> None:
    fields = {key: {"codec": "epoch_s"} for key in ("start", "end")}
    schema = both.server.schemas["appointments"]["id"]
    with pytest.raises(ConfigError, match=r"fields\.start: .* holds milliseconds"):
        await providers(schema="appointment_schemas", write_schema=schema, fields=fields).login()


async def test_a_name_that_is_not_told_leaves_the_sample_empty(
    both: Any, providers: Callable[..., Provider]
) -> None:
    both.server.faults.add(Fault(path="/v2/schemas$", status=500, times=None))
    schema = both.server.schemas["appointments"]["id"]
    told = await warnings(providers(schema="appointment_schemas", write_schema=schema))
    assert "no appointment that the mapping could be held against" in told[0]


async def test_calsyncs_own_appointments_are_no_sample(loopback: Any) -> None:
    times = {"start_date": SECONDS * 1000, "end_date": SECONDS * 1000}
    loopback.server.create("appointments", times, user=loopback.server.api_user)
    assert any("no appointment that the mapping could be held" in one for one in await warnings(loopback.provider))


async def test_a_search_that_is_refused_starts_all_the_same(loopback: Any) -> None:
    loopback.server.faults.add(Fault(path="/search-service/", status=400, times=None))
    await loopback.provider.login()
