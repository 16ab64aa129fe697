from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.flowfact.entities import REMEMBERED
from calsync_sandbox.flowfact.users import User

Ask = Callable[..., Awaitable[tuple[int, Any]]]
SEARCH = "/search-service/schemas/appointments"


@pytest.fixture
def stored(server: FlowfactServer, anna: User) -> list[str]:
    """Ids of five appointments, `a` to `e`, in the order of their creation."""
    return [server.create("appointments", {"subject": name}, user=anna)["id"] for name in "abcde"]


async def search(ask: Ask, path: str = SEARCH, params: Any = None, **query: Any) -> Any:
    status, answer = await ask("POST", path, params=params, json={"target": "ENTITY", **query})
    assert status == 200
    return answer


async def subjects(ask: Ask, path: str = SEARCH, **query: Any) -> str:
    """Return the one-letter subjects that are found, joined."""
    answer = await search(ask, path, **query)
    return "".join(entry["subject"]["values"][0] for entry in answer["entries"])


async def test_pages_count_from_one(ask: Ask, stored: list[str]) -> None:
    first = await search(ask, params={"page": 1, "size": 2, "withCount": "true"})
    last = await search(ask, params={"page": 3, "size": 2, "withCount": "true"})
    assert [entry["id"] for entry in first["entries"]] == stored[:2]
    assert [entry["id"] for entry in last["entries"]] == stored[4:]
    assert (last["page"], last["offset"], last["size"], last["totalCount"]) == (3, 4, 2, 5)


async def test_an_offset_does_as_well(ask: Ask, stored: list[str]) -> None:
    answer = await search(ask, params={"offset": 3, "size": 10})
    assert [entry["id"] for entry in answer["entries"]] == stored[3:]
    assert "totalCount" not in answer


async def test_a_page_has_twenty_entries_unless_asked_otherwise(
    server: FlowfactServer, ask: Ask, anna: User
) -> None:
    for _ in range(25):
        server.create("appointments", {"subject": "x"}, user=anna)
    assert len((await search(ask))["entries"]) == 20


async def test_a_page_that_is_too_large_is_cut(server: FlowfactServer, ask: Ask, stored: list[str]) -> None:
    server.switches.max_page_size = 2
    answer = await search(ask, params={"page": 2, "size": 5000})
    assert (len(answer["entries"]), answer["size"], answer["offset"]) == (2, 2, 2)


async def test_a_search_does_not_reach_behind_its_window(server: FlowfactServer, ask: Ask) -> None:
    server.switches.max_window = 100
    body = {"target": "ENTITY"}
    assert (await ask("POST", SEARCH, params={"page": 2, "size": 50}, json=body))[0] == 200
    assert (await ask("POST", SEARCH, params={"page": 3, "size": 50}, json=body))[0] == 400


@pytest.mark.parametrize("params", [{"page": 0}, {"page": "x"}, {"size": 0}, {"offset": -1}])
async def test_a_page_that_makes_no_sense_is_a_400(ask: Ask, params: Any) -> None:
    assert (await ask("POST", SEARCH, params=params, json={"target": "ENTITY"}))[0] == 400


async def test_an_index_is_a_name_an_id_or_a_group(
    server: FlowfactServer, ask: Ask, anna: User, stored: list[str]
) -> None:
    other = server.create("termine_neu", {"titel": "Notar"}, user=anna)["id"]
    schema_id = server.schemas["appointments"]["id"]
    by_id = await search(ask, f"/search-service/schemas/{schema_id}")
    by_group = await search(ask, "/search-service/schemas/appointment_schemas")
    assert [entry["id"] for entry in by_id["entries"]] == stored
    assert [entry["id"] for entry in by_group["entries"]] == [*stored, other]
    assert (await ask("POST", "/search-service/schemas/nothing", json={"target": "ENTITY"}))[0] == 404


async def test_a_projection_holds_id_and_metadata_only_if_they_are_named(ask: Ask, stored: list[str]) -> None:
    one = (await search(ask, fetch=["subject", "message"]))["entries"][0]
    assert one == {"subject": {"values": ["a"]}}
    two = (await search(ask, fetch=["id", "_metadata"]))["entries"][0]
    assert set(two) == {"id", "_metadata"}
    all_of_it = (await search(ask, fetch=[]))["entries"][0]
    assert {"id", "_metadata", "_acls", "_refs", "_acps", "subject"} == set(all_of_it)


async def test_sorts_put_missing_values_last_either_way(
    server: FlowfactServer, ask: Ask, anna: User, stored: list[str]
) -> None:
    for entity_id in (stored[3], stored[1]):
        server.patch(entity_id, {"message": "changed"}, user=anna)
    by_change = {"field": "_metadata.lastModifiedTimestamp"}
    by_name = {"field": "subject", "direction": "DESC"}
    assert await subjects(ask, sorts=[by_change, by_name]) == "dbeca"
    assert await subjects(ask, sorts=[by_change | {"direction": "DESC"}, by_name]) == "bdeca"
    assert await subjects(ask, sorts=[{"fields": ["message", "subject"], "direction": "ASC"}]) == "bdace"
    refused = {"target": "ENTITY", "sorts": [{"field": "subject", "direction": "UP"}]}
    assert (await ask("POST", SEARCH, json=refused))[0] == 400


async def test_missing_values_may_come_first(
    server: FlowfactServer, ask: Ask, anna: User, stored: list[str]
) -> None:
    server.switches.missing_first = True
    for entity_id in (stored[3], stored[1]):
        server.patch(entity_id, {"message": "changed"}, user=anna)
    by_change = {"field": "_metadata.lastModifiedTimestamp"}
    assert await subjects(ask, sorts=[by_change]) == "acedb"
    assert await subjects(ask, sorts=[by_change | {"direction": "DESC"}]) == "acebd"


async def test_sorts_and_offsets_may_be_ignored(server: FlowfactServer, ask: Ask, stored: list[str]) -> None:
    by_name = [{"field": "subject", "direction": "DESC"}]
    server.switches.sorts = "ignore"
    assert await subjects(ask, sorts=by_name) == "abcde"
    server.switches.ignores_offset = True
    answer = await search(ask, params={"offset": 3, "size": 2})
    assert [entry["id"] for entry in answer["entries"]] == stored[:2]


async def test_what_the_api_user_may_not_see_is_left_out(
    server: FlowfactServer, ask: Ask, stored: list[str]
) -> None:
    server.switches.hidden = frozenset(stored[1:3])
    assert await subjects(ask) == "ade"
    assert (await search(ask, params={"withCount": "true"}))["totalCount"] == 3


async def test_mixed_values_are_sorted_numbers_first(server: FlowfactServer, ask: Ask, anna: User) -> None:
    for name, start in (("a", "2026-11-23T09:00:00"), ("b", 1_780_000_000), ("c", "2026-11-22T09:00:00")):
        server.create("appointments", {"subject": name, "start_date": start}, user=anna)
    assert await subjects(ask, sorts=[{"field": "start_date"}]) == "bca"


async def test_count_is_a_bare_number(ask: Ask, stored: list[str]) -> None:
    condition = {"type": "hasFieldWithValue", "field": "subject", "operator": "IN", "value": ["a", "b"]}
    query = {"target": "ENTITY", "conditions": [condition]}
    assert await ask("POST", f"{SEARCH}/count", json=query) == (200, 2)
    assert (await ask("POST", f"{SEARCH}/count?groupBy=subject", json=query))[0] == 400


async def test_a_deleted_entity_is_found_only_if_the_switch_says_so(
    server: FlowfactServer, ask: Ask, anna: User, stored: list[str]
) -> None:
    server.delete(stored[0], user=anna)
    assert await subjects(ask) == "bcde"
    server.switches.trash_in_search = True
    assert sorted(await subjects(ask)) == list("abcde")


async def test_a_search_lags_behind_writes_and_a_read_does_not(
    server: FlowfactServer, ask: Ask, anna: User, stored: list[str], now: list[float]
) -> None:
    server.switches.search_lag = 5.0
    now[0] += 10
    server.patch(stored[0], {"subject": "A"}, user=anna)
    server.patch(stored[0], {"subject": "B"}, user=anna)
    server.delete(stored[1], user=anna)
    fresh = server.create("appointments", {"subject": "f"}, user=anna)["id"]
    path = f"/entity-service/schemas/appointments/entities/{fresh}"
    assert (await ask("GET", path))[0] == 200
    now[0] += 4.9
    assert sorted(await subjects(ask)) == list("abcde")
    now[0] += 0.2
    assert sorted(await subjects(ask)) == list("Bcdef")


async def test_sorting_by_metadata_works_where_filtering_does_not(
    server: FlowfactServer, ask: Ask, stored: list[str]
) -> None:
    condition = {
        "type": "hasFieldWithValue",
        "field": "_metadata.createdTimestamp",
        "operator": "GREATER_EQUAL",
        "value": server.entities[stored[3]]["_metadata"]["createdTimestamp"],
    }
    sorts = [{"field": "_metadata.createdTimestamp", "direction": "DESC"}]
    assert await subjects(ask, conditions=[condition], sorts=sorts) == "ed"
    server.switches.metadata_filter = "400"
    assert (await ask("POST", SEARCH, json={"target": "ENTITY", "conditions": [condition]}))[0] == 400
    assert await subjects(ask, sorts=sorts) == "edcba"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"target": "TAG"},
        {"target": "ENTITY", "joins": [{"field": "x"}]},
        {"target": "ENTITY", "limit": 5},
        {"target": "ENTITY", "conditions": {}},
        [],
    ],
)
async def test_a_query_that_is_not_understood_is_a_400(ask: Ask, query: Any) -> None:
    assert (await ask("POST", SEARCH, json=query))[0] == 400


async def test_empty_parts_of_the_official_client_are_taken(ask: Ask, stored: list[str]) -> None:
    answer = await search(ask, joins=[], aggregations=[], entities=[], groupBy=[], distinct=False, conditions=[])
    assert len(answer["entries"]) == len(stored)


async def test_another_page_of_a_search_shows_what_has_changed_since(
    ask: Ask, server: FlowfactServer, anna: User, stored: list[str]
) -> None:
    """What was found for one page stands for the next one only while nothing has changed."""
    query: dict[str, Any] = {"sorts": [{"field": "subject"}]}
    assert await subjects(ask, **query) == "abcde"
    server.patch(stored[0], {"subject": "z"}, user=anna)
    assert await subjects(ask, **query) == "bcdez"
    server.delete(stored[1], user=anna)
    assert await subjects(ask, **query) == "cdez"
    server.restore(stored[1])
    assert await subjects(ask, **query) == "bcdez"
    server.switches.hidden = frozenset({stored[2]})
    assert await subjects(ask, **query) == "bdez"


async def test_a_search_for_an_owner_follows_who_owns_an_appointment(
    server: FlowfactServer, ask: Ask, anna: User, stored: list[str]
) -> None:
    ben = server.add_user("ben@example.de", first="Ben", last="Beispiel")

    async def owned(user: User) -> str:
        wanted = {"type": "hasFieldWithValue", "field": "assignee", "operator": "EQUALS", "value": user["id"]}
        return await subjects(ask, conditions=[wanted])

    assert await owned(anna) == ""
    for event in stored[:3]:
        server.patch(event, {"assignee": [anna["id"]]}, user=anna)
    assert (await owned(anna), await owned(ben)) == ("abc", "")
    server.patch(stored[0], {"assignee": [ben["id"]]}, user=anna)
    server.patch(stored[1], {"assignee": [anna["id"], ben["id"]]}, user=anna)
    assert (await owned(anna), await owned(ben)) == ("bc", "ab")
    server.delete(stored[1], user=anna)
    assert (await owned(anna), await owned(ben)) == ("c", "a")
    server.restore(stored[1])
    assert (await owned(anna), await owned(ben)) == ("cb", "ab")
    server.patch(stored[2], {"assignee": None}, user=anna)
    assert await owned(anna) == "b"


async def test_what_is_equal_stands_as_it_came_whatever_has_changed(
    server: FlowfactServer, ask: Ask, anna: User, stored: list[str]
) -> None:
    never = [{"field": "_metadata.lastModifiedTimestamp", "direction": "DESC"}]
    server.switches.modified_moves = False
    assert await subjects(ask, sorts=never) == "abcde"
    server.patch(stored[0], {"message": "z"}, user=anna)
    for name in "fghij":
        server.create("appointments", {"subject": name}, user=anna)
    server.delete(stored[2], user=anna)
    assert await subjects(ask, sorts=never) == "abdefghij"
    server.restore(stored[2])
    assert await subjects(ask, sorts=never) == "abdefghijc"


@pytest.mark.parametrize("missing_first", [False, True])
async def test_what_has_changed_is_found_where_a_search_of_everything_puts_it(
    server: FlowfactServer, ask: Ask, anna: User, stored: list[str], missing_first: bool
) -> None:
    server.switches.missing_first = missing_first
    by_change = {"field": "_metadata.lastModifiedTimestamp", "direction": "DESC"}
    query: dict[str, Any] = {
        "conditions": [{"type": "hasField", "field": "subject"}],
        "sorts": [{"field": "message"}, by_change, {"field": "subject", "direction": "DESC"}],
    }
    changes: list[Callable[[], object]] = [
        lambda: server.patch(stored[2], {"message": "z"}, user=anna),
        lambda: server.patch(stored[0], {"message": "a"}, user=anna),
        lambda: server.create("appointments", {"subject": "f", "message": "a"}, user=anna),
        lambda: server.patch(stored[2], {"message": None}, user=anna),
        lambda: server.delete(stored[0], user=anna),
        lambda: server.patch(stored[1], {"subject": None}, user=anna),
        lambda: server.patch(stored[1], {"subject": "b"}, user=anna),
        lambda: server.restore(stored[0]),
    ]
    for number, change in enumerate(changes):
        await search(ask, **query, fetch=["id"])
        change()
        known = await search(ask, **query, fetch=["id"])
        anew = await search(ask, **query, fetch=["id", f"unknown {number}"])  # which nobody has asked for yet
        assert known["entries"] == anew["entries"]


async def test_what_was_changed_long_ago_is_found_too(
    server: FlowfactServer, ask: Ask, anna: User, stored: list[str]
) -> None:
    by_name = [{"field": "subject"}]
    assert await subjects(ask, sorts=by_name) == "abcde"
    for _ in range(REMEMBERED):
        server.patch(stored[0], {"subject": "g"}, user=anna)
    server.patch(stored[1], {"subject": "f"}, user=anna)
    assert await subjects(ask, sorts=by_name) == "cdefg"
