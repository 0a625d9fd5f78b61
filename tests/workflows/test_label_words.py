"""What is typed as a mark becomes the label that is sent, and only ever narrows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.errors import AccessDeniedError, FormatError, WorkflowError
from secure_liaison.identity.anchors import RealmCharter
from secure_liaison.labels.label import Label
from secure_liaison.labels.marking import banner
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.validity import validate
from secure_liaison.monitor.decision import Action
from secure_liaison.workflows import correspondence, drafting, explaining, label_words
from secure_liaison.workflows.addressing import find
from secure_liaison.workflows.label_words import Marked
from tests.attacks.world import INSIDER, SENDER, VICTIM, Scene, opened_text
from tests.workflows.casework import PROPOSER, began, first_label, prepare
from tests.workflows.desks import ADDRESS, OTHER_READER, READER, draft, label_of
from tests.workflows.marked import NATIONS, US, allied

MARK = "SECRET//REL TO USA, FRA"
WORDS: dict[str, Any] = {"level": "", "mark": MARK, "period": "10Y", "pack": US}


def made(scene: Scene, *to: str, **fields: object) -> Label:
    words = {**WORDS, **fields}
    return drafting.compose(scene.desk(SENDER), draft(*to, **words)).core.label


def test_a_mark_of_readers_is_sent_to_those_who_are_in_it(scene: Scene) -> None:
    allied(scene)
    digest = scene.send(**WORDS)
    label = label_of(scene, digest)
    assert {"nation:FRA", "nation:USA"} in label.audience.groups
    assert "演练 EXERCISE · SECRET//REL TO USA, FRA(美国 第二级)" == banner(
        label, builtin_pack(label.policy), exercise=True
    )
    assert scene.relay.objects
    assert opened_text(scene, VICTIM, digest)


def test_who_is_not_in_the_mark_is_refused_by_name(scene: Scene) -> None:
    allied(scene)
    desk = scene.desk(SENDER)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(desk, draft(READER, OTHER_READER, **WORDS))
    (reason,) = caught.value.reasons
    assert ("NOT_RELEASABLE_TO", f"{INSIDER}@EMB-B") == (reason.code, reason.subject)
    assert () == desk.mail.sent.items()


def test_a_mark_only_narrows_what_a_level_would_say(scene: Scene) -> None:
    allied(scene)
    level = made(scene, level="SECRET", mark="")
    for mark in (MARK, "SECRET//NOFORN", "SECRET", "SECRET//ORCON/REL TO USA, FRA"):
        label = made(scene, mark=mark)
        assert label.audience.within(level.audience)
        validate(label, builtin_pack(label.policy))


def test_a_sender_whom_the_own_mark_leaves_out_is_told(scene: Scene) -> None:
    allied(scene, nations={**NATIONS, SENDER: "DEU"})
    with pytest.raises(WorkflowError, match="sender-outside-audience") as caught:
        made(scene)
    assert {"groups": "nation:FRA / nation:USA"} == caught.value.facts


def test_limits_that_marks_do_not_print_stand_beside_a_level_or_a_mark(scene: Scene) -> None:
    label = made(scene, level="机密", mark="", pack="", markings=("limit:no-copy",))
    assert {"limit:no-copy"} == label.control
    marked = made(scene, level="", mark="机密★10年", period="", pack="", markings=("note:midian",))
    assert {"note:midian"} == marked.inform


def test_a_level_and_a_mark_at_once_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="level itself"):
        Marked(level="机密", mark="机密★10年")


def test_a_mark_that_several_policies_read_is_not_guessed(scene: Scene) -> None:
    with pytest.raises(FormatError, match="mark-ambiguous"):
        made(scene, mark="SECRET", pack="")


def test_an_exercise_mark_makes_no_real_label(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"mark": "演练 EXERCISE · 机密 10年", "period": "", "pack": ""}
    assert "jimi" == made(scene, **words).level
    desk = scene.desk(SENDER)
    charter = desk.charter
    assert isinstance(charter, RealmCharter)
    monkeypatch.setattr(desk, "charter", replace(charter, exercise=False))
    with pytest.raises(FormatError, match="mark-of-exercise"):
        made(scene, **words)


def test_explaining_a_mark_explains_the_label_that_is_sent(scene: Scene) -> None:
    allied(scene)
    desk = scene.desk(SENDER)
    label, decision = explaining.explain(desk, MARK, ADDRESS, pack=US, period="10Y")
    assert made(scene) == label
    assert decision.permitted
    reading, _ = explaining.explain(desk, MARK, ADDRESS, pack=US, period="10Y", action=Action.OPEN)
    assert label == reading


def test_a_case_is_proposed_from_a_mark_and_nobody_is_named_for_it_yet(scene: Scene) -> None:
    prepare(scene)
    label = first_label(
        scene.desk(PROPOSER), began(scene), mark="机密★5年", level="", period="", pack=""
    )
    assert ("jimi", "P5Y", "") == (
        label.level,
        label.period.value,
        label.determination.proposer,
    )
    words = {"mark": "SECRET//NOFORN", "level": "", "period": "10Y", "pack": US}
    american = first_label(scene.desk(PROPOSER), began(scene, b"another paper"), **words)
    assert {"nation:USA"} in american.audience.groups
    assert {"diss:noforn"} == american.control


def test_how_people_stand_is_told_for_the_sender_first(scene: Scene) -> None:
    allied(scene)
    desk = scene.desk(SENDER)
    people = (find(desk, ADDRESS), find(desk, f"{OTHER_READER}@EMB-B"))
    label = label_words.label_for(desk, Marked(mark=MARK, period="10Y", pack=US), people)
    stood = label_words.stand(desk, label, people)
    assert [True, True, False] == [each.releasable for each in stood]
    assert [f"{SENDER}@EMB-A", ADDRESS, f"{OTHER_READER}@EMB-B"] == [each.reader for each in stood]
