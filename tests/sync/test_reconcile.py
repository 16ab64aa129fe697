"""Equal views give equal plans, links before events without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.model import Event, Side
from calsync.sync.plan import Kind, Plan
from calsync.sync.reconcile import reconcile
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from tests.sync.conftest import Scene


def fill(scene: Scene, agreed: Event) -> None:
    for number in range(3):
        known = replace(agreed, summary=f"Termin {number}", uid=f"uid-{number}")
        scene.pair(agreed=known, gone={Side.LEFT: Standing.DELETED})
        scene.put(Side.LEFT, f"moved-{number}", known)
        scene.pair({"summary": "neu"}, {"summary": "neu"})
        scene.put(Side.RIGHT, f"new-{number}", replace(agreed, summary=f"neu {number}"))


def test_an_empty_account_has_an_empty_plan(scene: Scene) -> None:
    assert scene.plan() == Plan(())


def test_links_come_first_in_their_order(scene: Scene, agreed: Event) -> None:
    fill(scene, agreed)
    plan = scene.plan()
    kinds = [operation.kind for operation in plan.operations]
    assert kinds == [Kind.LINK] * 3 + [Kind.CREATE] * 3
    assert [rebase.link.id for rebase in plan.rebases] == [2, 2, 4, 4, 6, 6]


def test_the_order_in_which_things_are_remembered_does_not_matter(scene: Scene, agreed: Event) -> None:
    fill(scene, agreed)
    view = scene.view()
    turned = replace(
        view,
        links=dict(reversed(scene.links.items())),
        seen={side: dict(reversed(scene.seen[side].items())) for side in reversed(Side)},
    )
    assert turned == view
    assert reconcile(turned) == reconcile(view)
    assert reconcile(turned).hash == reconcile(view).hash
