"""Items of catalogues: adopted by registrars, taken in by desks, cited by proposals."""

from __future__ import annotations

from typing import Any

import pytest

from secure_liaison.clock import Instant, to_iso
from secure_liaison.errors import LiaisonError
from secure_liaison.labels.acts import Approve, Propose, Purpose
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.workflows import authorising, determining, exchanging, itemising, proposing
from secure_liaison.workflows.authorising import agency_leaf
from secure_liaison.workflows.determining import DeskCase
from secure_liaison.workflows.proposing import Words
from tests.attacks.world import Scene
from tests.labels.test_catalogue import catalogue_file, entry
from tests.workflows.casework import APPROVER, BUREAU, DAY, PROPOSER, began, did, prepare

CN = builtin_pack("cn.state-secrets")
MIMI = entry("12.3", level="mimi", period={"form": "duration", "value": "P5Y"})
FREE = entry("13.1", level=None, period=None, names={"zh": "公开日程", "en": "Public schedule"})


def adopt(scene: Scene, *logins: str, days: int = -1, code: str = "EMB-B", **changes: Any) -> bytes:
    """Let EMB-B adopt a version of its list, and let desks take it in."""
    version = to_iso(Instant(scene.clock.now() + days * DAY))[:10]
    entries = changes.pop("entries", (MIMI, FREE))
    file = catalogue_file(*entries, version=version, **changes)
    made = authorising.catalogue(scene.registry(code), file, scene.keys(code).registrars)
    for login in logins or (PROPOSER, APPROVER):
        authorising.accept(scene.desk(login), made)
    return made


def proposed(scene: Scene, wanted: str = "12.3", remark: str = "", **words: Any) -> DeskCase:
    desk, found = scene.desk(PROPOSER), began(scene)
    item = itemising.item_for(desk, wanted, CN)
    label = None
    if item.level:
        label = proposing.label_from(desk, Words(**words), found.case, item=item)
    step = Propose(
        purpose=Purpose.ORIGINAL,
        label=label,
        catalogue=item.citation,
        remark=remark,
        reason="" if label else item.citation,
    )
    return determining.act(desk, found.case.id, step)


def test_an_item_gives_level_period_and_audience(scene: Scene) -> None:
    prepare(scene)
    ours = agency_leaf(scene.agency("EMB-B"))
    adopt(scene, entries=(MIMI | {"audience": [[ours]]},))
    found = proposed(scene)
    exchanging.import_case(
        scene.desk(APPROVER), exchanging.export_case(scene.desk(PROPOSER), found.case.id)
    )
    label = did(scene, APPROVER, found, Approve(), PROPOSER).case.label
    assert label is not None
    assert ("mimi", "P5Y", 480) == (label.level, label.period.value, label.period.offset_minutes)
    assert [[ours]] == label.audience.to_lists()
    assert label.determination.catalogue.endswith("#12.3")


def test_what_departs_downwards_needs_a_remark(scene: Scene) -> None:
    prepare(scene)
    ours = agency_leaf(scene.agency("EMB-B"))
    adopt(scene, entries=(MIMI | {"audience": [[ours]]},))
    for words in ({"period": "1年"}, {"agencies": ("EMB-A",)}):
        with pytest.raises(LiaisonError, match="case-departs-from-catalogue"):
            proposed(scene, **words)
        assert proposed(scene, remark="仅限本次", **words).case.pending is not None
    assert proposed(scene, level="机密", period="10年").case.pending is not None


def test_an_item_may_say_that_nothing_is_secret(scene: Scene) -> None:
    prepare(scene)
    adopt(scene)
    found = proposed(scene, "13.1")
    assert found.case.pending is not None
    assert found.case.pending.proposal.label is None


def test_an_unknown_item_is_refused_with_what_is_near(scene: Scene) -> None:
    prepare(scene)
    desk = scene.desk(PROPOSER)
    with pytest.raises(LiaisonError, match="case-no-catalogue"):
        itemising.item_for(desk, "12.3", CN)
    adopt(scene)
    with pytest.raises(LiaisonError, match="case-item-unknown") as caught:
        itemising.item_for(desk, "12.4", CN)
    assert "12.3" in str(caught.value.facts["near"])


def test_a_proposal_cites_the_version_in_force_on_its_date(scene: Scene) -> None:
    prepare(scene)
    adopt(scene)
    before = proposed(scene)
    adopt(scene, PROPOSER, days=0, entries=(MIMI | {"level": "jimi"},))
    item = itemising.item_for(scene.desk(PROPOSER), "12.3", CN)
    assert "jimi" == item.level
    # What was proposed under the older one stays, here and where it arrives.
    assert before.case == determining.load(scene.desk(PROPOSER), before.case.id).case
    desk, found = scene.desk(PROPOSER), began(scene)
    assert before.case.pending is not None
    with pytest.raises(LiaisonError, match="case-catalogue-not-in-force"):
        determining.act(desk, found.case.id, before.case.pending.proposal)


def test_a_version_of_tomorrow_does_not_count_today(scene: Scene) -> None:
    prepare(scene)
    adopt(scene, days=2)
    with pytest.raises(LiaisonError, match="case-no-catalogue"):
        itemising.item_for(scene.desk(PROPOSER), "12.3", CN)
    scene.clock.advance(2 * DAY)
    assert "mimi" == itemising.item_for(scene.desk(PROPOSER), "12.3", CN).level


def test_a_desk_without_the_list_does_not_take_what_cites_it(scene: Scene) -> None:
    prepare(scene)
    made = adopt(scene, PROPOSER)
    data = exchanging.export_case(scene.desk(PROPOSER), proposed(scene).case.id)
    with pytest.raises(LiaisonError, match="case-catalogue-unknown"):
        exchanging.import_case(scene.desk(APPROVER), data)
    authorising.accept(scene.desk(APPROVER), made)
    assert 2 == exchanging.import_case(scene.desk(APPROVER), data).new


def test_one_version_says_the_same_for_ever(scene: Scene) -> None:
    prepare(scene)
    made = adopt(scene)
    authorising.accept(scene.desk(PROPOSER), made)
    with pytest.raises(LiaisonError, match="catalogue-taken"):
        adopt(scene, entries=(MIMI | {"level": "jimi"},))


def test_the_bureau_lists_items_for_every_body_and_another_agency_does_not(scene: Scene) -> None:
    prepare(scene)
    adopt(scene, PROPOSER, code="EMB-A")  # the national bureau
    assert "mimi" == itemising.item_for(scene.desk(PROPOSER), "12.3", CN).level
    adopt(scene, BUREAU, code="EMB-B", id="other.items")
    with pytest.raises(LiaisonError, match="case-no-catalogue"):
        itemising.item_for(scene.desk(BUREAU), "12.3", CN)
    # The own list goes before that of the bureau.
    adopt(scene, PROPOSER, days=0, entries=(MIMI | {"level": "jimi"},))
    assert "jimi" == itemising.item_for(scene.desk(PROPOSER), "12.3", CN).level


def test_a_list_that_is_none_is_not_given_out(scene: Scene) -> None:
    with pytest.raises(LiaisonError, match="catalogue-entry"):
        adopt(scene, entries=(MIMI | {"level": "juemi", "period": {"form": "open", "value": ""}},))
