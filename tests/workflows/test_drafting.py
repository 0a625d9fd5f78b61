"""From what an officer wrote to an object: label, addressees, parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from secure_liaison.capsule.core import ObjectKind
from secure_liaison.errors import AccessDeniedError, FormatError, OutOfOrderError
from secure_liaison.labels.period import PeriodForm
from secure_liaison.wire.header import ObjectId
from secure_liaison.workflows import correspondence, drafting
from secure_liaison.workflows.composing import Composed
from tests.attacks.world import SENDER, SUBJECT, Scene
from tests.capsule.forge import NOW
from tests.workflows.desks import ADDRESS, OTHER_READER, READER, draft

HOUR = 3600


def composed(scene: Scene, *to: str, **fields: Any) -> Composed:
    return drafting.compose(scene.desk(SENDER), draft(*to, **fields))


def test_composing_writes_nothing_and_asks_nothing(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    before = desk.ledger.size
    composed(scene)
    assert before == desk.ledger.size
    assert () == desk.mail.sent.items()


def test_the_audience_is_the_agencies_involved_and_the_officers_named(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    made = composed(scene, READER, cc=(f"{OTHER_READER}@EMB-B",))
    agencies, officers = sorted(made.core.label.audience.groups, key=min)
    assert {f"agency:{scene.agency(code).hex()}" for code in ("EMB-A", "EMB-B")} == agencies
    assert {
        f"officer:{officer.hex()}" for officer in (*made.core.addressees, desk.me().officer)
    } == officers


def test_those_who_act_and_those_who_only_know_stay_apart(scene: Scene) -> None:
    made = composed(scene, READER, cc=(f"{OTHER_READER}@EMB-B",))
    book = scene.desk(SENDER).directory
    assert (book.find_officer(ADDRESS).officer,) == made.core.action
    assert (book.find_officer(f"{OTHER_READER}@EMB-B").officer,) == made.core.info


def test_the_label_is_the_owners_and_proposed_by_the_sender(scene: Scene) -> None:
    label = composed(scene).core.label
    desk = scene.desk(SENDER)
    assert (f"agency:{desk.agency.hex()}", f"officer:{desk.me().officer.hex()}", NOW) == (
        label.owner,
        label.determination.proposer,
        label.created,
    )


def test_markings_go_where_their_kind_belongs_and_narrow_the_audience(scene: Scene) -> None:
    marked = ("sci:hcs", "diss:orcon", "fgi:alb", "rel:afg")
    fields = {"pack": "us.eo13526", "level": "SECRET", "period": "10Y"}
    plain = composed(scene, **fields).core.label
    label = composed(scene, **fields, markings=marked).core.label
    assert (frozenset({"sci:hcs"}), frozenset({"diss:orcon"}), frozenset({"fgi:alb"})) == (
        label.restrict,
        label.control,
        label.inform,
    )
    (said,) = label.audience.groups - plain.audience.groups
    assert plain.audience.groups < label.audience.groups
    assert any("AFG" in leaf for leaf in said)


@pytest.mark.parametrize("level", ["秘密", "mimi"])
def test_a_level_is_found_by_its_name_or_its_id(scene: Scene, level: str) -> None:
    assert "mimi" == composed(scene, level=level).core.label.level


@pytest.mark.parametrize(
    "fields", [{"level": "很密"}, {"period": "some years"}, {"urgency": "soon"}]
)
def test_what_the_pack_does_not_know_is_refused(scene: Scene, fields: dict[str, str]) -> None:
    with pytest.raises(FormatError):
        composed(scene, **fields)


@pytest.mark.parametrize(
    ("period", "form", "start"),
    [
        ("10年", PeriodForm.DURATION, NOW),
        ("10Y", PeriodForm.DURATION, NOW),
        ("2027年3月1日", PeriodForm.MOMENT, NOW),
        ("长期", PeriodForm.OPEN, None),
        ("至任务结束", PeriodForm.CONDITION, None),
        ("", PeriodForm.OPEN, None),
        ("  ", PeriodForm.OPEN, None),
    ],
)
def test_a_period_is_read_as_in_a_mark(
    scene: Scene, period: str, form: PeriodForm, start: int | None
) -> None:
    found = composed(scene, period=period).core.label.period
    assert (form, start) == (found.form, found.start)


def test_a_level_that_asks_for_a_period_is_not_sent_without_one(scene: Scene) -> None:
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(scene.desk(SENDER), draft(period=""))
    assert ["LABEL_INVALID"] == [each.code for each in caught.value.reasons]


@pytest.mark.parametrize(("urgency", "hours"), [("特提", 24), ("routine", 240)])
def test_the_urgency_says_when_a_signature_is_due(scene: Scene, urgency: str, hours: int) -> None:
    assert NOW + hours * HOUR == composed(scene, urgency=urgency).core.acknowledge_by


def test_a_signature_is_due_before_the_object_ends(scene: Scene) -> None:
    core = composed(scene, urgency="routine", days=1).core
    assert core.expires == core.acknowledge_by


def test_no_signature_is_due_where_none_is_asked_for(scene: Scene) -> None:
    assert composed(scene, acknowledge=False).core.acknowledge_by is None


def test_it_can_be_opened_for_as_long_as_the_draft_says(scene: Scene) -> None:
    assert NOW + 30 * 24 * HOUR == composed(scene, days=30).core.expires


def test_an_answer_names_the_object_it_answers(scene: Scene) -> None:
    asked = ObjectId(bytes(range(16)))
    made = composed(scene, reply_to=asked, kind=ObjectKind.MESSAGE)
    assert (asked, ObjectKind.MESSAGE, SUBJECT) == (
        made.head.reply_to,
        made.core.kind,
        made.head.subject,
    )


def test_the_text_comes_first_and_attachments_in_their_order(scene: Scene, tmp_path: Path) -> None:
    for name in ("b.txt", "a.pdf", "c.unknown-kind"):
        (tmp_path / name).write_text(name)
    made = composed(
        scene, attachments=tuple(tmp_path / name for name in ("b.txt", "a.pdf", "c.unknown-kind"))
    )
    assert [
        ("text.txt", "text/plain"),
        ("b.txt", "application/octet-stream"),
        ("a.pdf", "application/pdf"),
        ("c.unknown-kind", "application/octet-stream"),
    ] == [(part.name, part.media_type) for part in made.head.parts]


def test_the_folder_of_an_attachment_does_not_travel(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "private" / "plan.pdf"
    path.parent.mkdir()
    path.write_bytes(b"plan")
    made = composed(scene, attachments=(path,))
    assert ("plan.pdf", 4) == (made.head.parts[1].name, made.head.parts[1].size)


@pytest.mark.parametrize("name", ["nothing", "."], ids=["missing", "folder"])
def test_an_attachment_that_is_no_file_is_refused(scene: Scene, tmp_path: Path, name: str) -> None:
    with pytest.raises(OutOfOrderError, match="attachment-missing"):
        composed(scene, attachments=(tmp_path / name,))
