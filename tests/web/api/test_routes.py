"""What programs ask for; every answer is compared with the document by `Program`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.people import Role
from calsync.ports import Finding
from calsync.sync.choices import Choice
from calsync.sync.model import Direction
from calsync.sync.rules import Hold, Rule, Verdict, Write
from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calsync.desk import Desk
    from calsync.people import Person
    from tests.desk.office import Office
    from tests.web.api.conftest import Program
    from tests.web.conftest import Browser

CONNECTION = """
connections:
  mail: {provider: graph, tenant_id: 11111111-1111-1111-1111-111111111111, client_id: x, client_secret: x}
"""


async def test_an_account_is_told_as_the_pages_tell_it(annas: Program, office: Office) -> None:
    office.left.user_create(MEETING)
    await office.run()
    answer = (await annas.get("/accounts/anna")).json
    assert (answer["left"], answer["right"], answer["direction"]) == ("FLOWFACT", "Outlook", "both")
    assert (answer["linked"], answer["held"], answer["error"]) == (1, 0, None)
    assert answer["good_at"].endswith("Z")


async def test_accounts_are_searched_filtered_and_paged(chefs: Program, office: Office) -> None:
    async def names(query: str) -> list[str]:
        return [one["name"] for one in (await chefs.get(f"/accounts?{query}")).json["accounts"]]

    assert await names("search=BERN") == ["bernd"]
    assert await names("most=1") == ["anna"]
    assert await names("most=1&offset=1") == ["bernd"]
    assert await names("reverse=true") == ["bernd", "anna"]
    assert await names("state=off") == []
    assert await names("state=off&state=starting") == ["anna", "bernd"]
    whole = (await chefs.get("/accounts?most=1")).json
    assert whole["total"] == 2
    assert sum(whole["states"].values()) == 2


async def test_activity_is_told_in_sentences_page_by_page(annas: Program, office: Office) -> None:
    for number in range(3):
        office.left.user_create(replace(MEETING, summary=f"Besichtigung {number}"))
    await office.run()
    first = (await annas.get("/accounts/anna/activity?most=2&kind=create&side=right")).json
    assert first["activities"][0]["sentence"] == "\u201cBesichtigung 2\u201d was copied from FLOWFACT to Outlook."
    assert first["activities"][0]["when"]["kind"] == "timed"
    second = (await annas.get(f"/accounts/anna/activity?before={first['more']}")).json
    assert (len(second["activities"]), second["more"]) == (1, None)


async def test_pairs_are_told_page_by_page(annas: Program, office: Office) -> None:
    for number in range(3):
        office.left.user_create(replace(MEETING, summary=f"Besichtigung {number}"))
    await office.run()
    first = (await annas.get("/accounts/anna/pairs?most=2&state=awake")).json
    pair = first["pairs"][0]
    assert (pair["left"]["summary"], pair["right"]["summary"]) == ("Besichtigung 2", "Besichtigung 2")
    assert (pair["state"], pair["origin"], pair["how"], pair["differing"]) == ("awake", "left", None, [])
    second = (await annas.get(f"/accounts/anna/pairs?before={first['more']}")).json
    assert (len(second["pairs"]), second["more"]) == (1, None)
    assert (await annas.get("/accounts/anna/pairs?state=parted")).json["pairs"] == []


async def test_what_is_private_is_for_the_owner_alone(annas: Program, chefs: Program, office: Office) -> None:
    office.left.user_create(replace(MEETING, summary="Zahnarzt", private=True))
    await office.run()
    assert "Zahnarzt" in (await annas.get("/accounts/anna/pairs")).body.decode()
    assert "Zahnarzt" not in (await chefs.get("/accounts/anna/pairs")).body.decode()


async def test_runs_are_told_with_the_mails_that_were_not_sent(annas: Program, office: Office) -> None:
    office.left.user_create(MEETING)
    await office.run()
    told = (await annas.get("/accounts/anna/runs")).json
    (ran,) = told["runs"]
    assert {side["side"]: side["created"] for side in ran["sides"]} == {"left": 0, "right": 1}
    assert (ran["error"], told["mails_sent"], told["mails_prevented"]) == (None, 0, 0)


async def test_what_is_left_out_is_told_with_its_reason(annas: Program, office: Office) -> None:
    office.left.user_create(replace(MEETING, series=True))
    await office.run()
    answer = (await annas.get("/accounts/anna/left-out?how=skipped")).json
    (event,) = answer["events"]
    assert (event["how"], event["reason"], answer["total"]) == ("skipped", "series", 1)
    assert answer["counts"] == [{"how": "skipped", "reason": "series", "events": 1}]
    assert (await annas.get("/accounts/anna/left-out?how=held")).json["events"] == []


async def test_an_account_is_switched_and_directed_and_the_audit_tells_who(
    annas: Program, chefs: Program, office: Office
) -> None:
    assert (await annas.ask("PUT", "/accounts/anna/switch", {"on": False})).status == 204
    assert (await annas.get("/accounts/anna")).json["state"] == "off"
    answer = await annas.ask("PUT", "/accounts/anna/direction", {"direction": "left_to_right"})
    assert answer.status == 204
    assert (await annas.get("/accounts/anna")).json["direction"] == Direction.LEFT_TO_RIGHT
    changes = (await chefs.get("/audit?account=anna")).json["changes"]
    assert [(one["who"], one["what"], one["after"]) for one in changes] == [
        ("Anna", "direction", "left_to_right"),
        ("Anna", "enabled", "off"),
        ("operator", "account_given", "Anna"),
    ]
    assert len((await chefs.get("/audit?most=1")).json["changes"]) == 1


async def test_an_account_is_run_sooner(annas: Program, office: Office) -> None:
    assert (await annas.ask("POST", "/accounts/anna/sync")).status == 204
    assert office.woken == ["anna"]


@pytest.mark.parametrize(
    ("method", "what", "body"),
    [
        ("PUT", "switch", {"on": True}),
        ("PUT", "direction", {"direction": "both"}),
        ("POST", "sync", None),
        ("POST", "decisions", {"cases": ["00000000"], "choice": "keep"}),
        ("GET", "holds", None),
        ("GET", "activity", None),
        ("GET", "left-out", None),
        ("GET", "pairs", None),
        ("GET", "runs", None),
    ],
)
async def test_nobody_reaches_anothers_account(
    annas: Program, office: Office, method: str, what: str, body: object
) -> None:
    answer = await annas.ask(method, f"/accounts/bernd/{what}", body)
    assert (answer.status, answer.word) == (404, "account_unknown")
    assert office.woken == []


async def test_a_conflict_is_decided(annas: Program, office: Office) -> None:
    await office.conflict()
    (held,) = (await annas.get("/accounts/anna/holds")).json["holds"]
    assert (held["left"]["summary"], held["right"]["summary"]) == ("links", "rechts")
    assert (held["differing"], held["choices"]) == (["summary"], ["left", "right", "keep"])
    word = {"cases": [held["name"], "00000000"], "choice": "left"}
    assert (await annas.ask("POST", "/accounts/anna/decisions", word)).json == {"decided": [held["name"]]}
    assert (await annas.ask("POST", "/accounts/anna/decisions", word)).json == {"decided": []}
    (held,) = (await annas.get("/accounts/anna/holds")).json["holds"]
    assert held["decided"] == "left"


class Seldom(Rule):
    """Lets nothing be written for now."""

    name = "seldom"

    def guard(self, write: Write) -> Verdict:
        del write
        return Hold("not_now")


async def test_the_rule_that_holds_or_blocks_an_event_is_named(annas: Program, office: Office) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    office.left.user_edit(event, summary="Notar")
    office.rules = (*office.rules, Seldom())
    office.left.user_create(replace(MEETING, summary="Neu"))
    await office.run()
    (held,) = (await annas.get("/accounts/anna/holds")).json["holds"]
    assert (held["reason"], held["rule"]) == ("not_now", "seldom")
    blocked, waits = (await annas.get("/accounts/anna/left-out")).json["events"]
    assert {(one["reason"], one["rule"]) for one in (blocked, waits)} == {
        ("has_attendees", "attendee_stripping"),
        ("not_now", "seldom"),
    }


async def test_a_repair_says_what_to_do_and_goes_with_its_cause(annas: Program, office: Office) -> None:
    assert (await annas.get("/repairs")).json == {"repairs": []}
    await office.conflict()
    (card,) = (await annas.get("/repairs")).json["repairs"]
    assert (card["cause"], card["action"], card["account"], card["by_owner"]) == (
        "conflict",
        "decide",
        "anna",
        True,
    )
    assert card["happened"]
    assert card["means"]
    assert card["todo"]
    await office.decide(Choice.LEFT)
    await office.run()
    assert (await annas.get("/repairs")).json == {"repairs": []}


async def test_connections_are_for_administrators(annas: Program, chefs: Program) -> None:
    for method, path in (("GET", "/connections"), ("POST", "/connections/crm/check"), ("GET", "/people")):
        answer = await annas.ask(method, path)
        assert (answer.status, answer.word) == (403, "administrators_only")
    assert (await chefs.get("/connections")).json == {"connections": []}
    answer = await chefs.ask("POST", "/connections/crm/check")
    assert (answer.status, answer.word) == (404, "connection_unknown")


async def test_a_connection_is_checked(
    chefs: Program, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "calsync.yaml"
    file.write_text(file.read_text().replace("connections: {}", CONNECTION))
    assert (await chefs.get("/connections")).json["connections"] == [
        {"name": "mail", "provider": "graph", "kept": False}
    ]

    async def check(connection: str) -> Sequence[Finding]:
        return [Finding("warning", f"the password of {connection} expires soon")]

    monkeypatch.setattr(desk.checks, "_check", check)
    answer = await chefs.ask("POST", "/connections/mail/check")
    assert answer.json["findings"] == [{"severity": "warning", "message": "the password of mail expires soon"}]


async def test_somebody_is_invited_and_removed(chefs: Program, browser: Browser, chef: Person) -> None:
    answer = await chefs.ask("POST", "/people", {"name": "Clara", "accounts": ["bernd"]})
    assert answer.status == 201
    link = answer.json["link"].removeprefix(browser.origin)
    assert (await browser.get(link)).says("Clara")
    people = {one["name"]: one for one in (await chefs.get("/people")).json["people"]}
    assert (people["Clara"]["role"], people["Clara"]["accounts"]) == ("user", ["bernd"])
    clara = people["Clara"]["id"]
    assert (await chefs.ask("DELETE", f"/people/{clara}")).status == 204
    assert (await chefs.ask("DELETE", f"/people/{clara}")).word == "person_unknown"
    assert (await browser.get(link)).status == 400
    oneself = await chefs.ask("DELETE", f"/people/{chef.id}")
    assert (oneself.status, oneself.word) == (409, "oneself")


async def test_a_new_link_changes_no_role(chefs: Program, desk: Desk, chef: Person) -> None:
    await desk.people.invite("Chefin", Role.ADMINISTRATOR)
    assert (await chefs.ask("POST", "/people", {"name": "Chefin"})).status == 201
    assert (await desk.people.named("Chefin")).administrator
    own = await chefs.ask("POST", "/people", {"name": "chef", "role": "user"})
    assert (own.status, own.word) == (409, "own_role")
    assert (await chefs.ask("POST", "/people", {"name": "Chefin", "role": "user"})).status == 201
    assert not (await desk.people.named("Chefin")).administrator


async def test_an_invitation_that_cannot_be_says_why(chefs: Program) -> None:
    for body, status, word in (
        ({"name": "a\u202eb"}, 409, "name_bad"),
        ({"name": "Clara", "accounts": ["nobody"]}, 404, "account_unknown"),
        ({"name": ""}, 400, "invalid"),
        ({"name": "Clara", "role": "king"}, 400, "invalid"),
        ({"name": "Clara", "colour": "red"}, 400, "invalid"),
        ({}, 400, "invalid"),
        ([], 400, "invalid"),
    ):
        answer = await chefs.ask("POST", "/people", body)
        assert (answer.status, answer.word) == (status, word), body


async def test_a_body_that_is_no_json_is_told(chefs: Program) -> None:
    for data, media, status, word in (
        (b"{", "application/json", 400, "body_broken"),
        (b"[" * 60_000, "application/json", 400, "body_broken"),
        (b'{"name": ' + b"[" * 60_000, "application/json", 400, "body_broken"),
        (b'{"name": "\xff"}', "application/json", 400, "body_broken"),
        (b'{"name": "\\ud800"}', "application/json", 400, "body_broken"),
        (b"{}", "text/plain", 415, "body_type"),
    ):
        headers = {"Authorization": f"Bearer {chefs.token}", "Content-Type": media}
        async with chefs.client.post("/api/v1/people", data=data, headers=headers) as answer:
            assert (answer.status, (await answer.json(content_type=None))["type"]) == (
                status,
                f"urn:calsync:problem:{word}",
            )


async def test_the_own_tokens_are_listed_and_revoked(annas: Program, chefs: Program) -> None:
    (token,) = (await annas.get("/tokens")).json["tokens"]
    assert token["name"] == "Annas Programm"
    assert (await chefs.ask("DELETE", f"/tokens/{token['id']}")).status == 204  # is none of the chef's
    assert (await annas.get("/tokens")).status == 200
    assert (await annas.ask("DELETE", f"/tokens/{token['id']}")).status == 204
    assert (await annas.get("/tokens")).status == 401


async def test_an_id_that_is_no_number_is_nobodys(chefs: Program) -> None:
    for path in ("/people/x", "/people/0", "/people/99999999999999999999", "/tokens/1.5"):
        assert (await chefs.ask("DELETE", path)).status == 404


async def test_a_name_with_anything_in_it_is_nobodys(annas: Program) -> None:
    for name in ("%00", "%0a", "%e2%80%ae", "a%2Fb", "..%2f", "%ff", "x" * 500):
        answer = await annas.get(f"/accounts/{name}")
        assert answer.status in {400, 404}, name
