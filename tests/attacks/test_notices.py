"""Notices of change: lowering what one does not own, old notices again, moments, reviving an end.

Each attack is refused; then the one defence that refused it is taken away, and it succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.notice import MEDIA_TYPE, LabelNotice, encode_notice
from secure_liaison.cli.object_page import listed_as_data
from secure_liaison.clock import Instant, to_iso
from secure_liaison.crypto.keys import Digest
from secure_liaison.directory import registry as pure
from secure_liaison.errors import AccessDeniedError
from secure_liaison.labels import in_force
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.case import Event
from secure_liaison.labels.in_force import Change, Fate, InForce
from secure_liaison.labels.label import Label, label_digest
from secure_liaison.labels.period import Period, PeriodForm, period_end
from secure_liaison.office import Office
from secure_liaison.vault.sent import RecipientState
from secure_liaison.wire.header import ObjectId
from secure_liaison.workflows import correspondence, enrolment, filing, heeding, labelling
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.forgery import make, plant, steal
from tests.attacks.world import INSIDER, SENDER, VICTIM, Scene, events, whys
from tests.capsule.forge import fixed
from tests.workflows.desks import newcomer, withdraw

COLLEAGUE = "c.olleague"
"""Another officer of the originator's agency."""
DAY = 86_400


class Stage:
    """li.wei sent a 机密 paper to j.okafor; whoever can seal says what became of its label."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.digest = scene.send(level="机密")
        self.victim = scene.desk(VICTIM)
        correspondence.collect(self.victim)
        self.like = steal(scene, VICTIM, self.digest).core
        self.made = 0
        scene.clock.advance(60)

    @property
    def label(self) -> Label:
        """What the paper bears."""
        return self.like.label

    def lower(self, **changes: Any) -> Change:
        """Return a change to 秘密."""
        values: dict[str, Any] = {
            "event": Event.CHANGED,
            "at": self.scene.clock.now(),
            "old": label_digest(self.label),
            "new": replace(self.label, level="mimi"),
        }
        return Change(**{**values, **changes})

    def end(self) -> Change:
        """Return a declassification."""
        return self.lower(event=Event.DECLASSIFIED, new=None)

    def say(
        self,
        change: Change,
        *,
        by: Office | None = None,
        parts: Callable[[bytes], Sequence[tuple[str, str, bytes]]] | None = None,
        kind: ObjectKind = ObjectKind.NOTICE,
        **fields: Any,
    ) -> Digest:
        """Let somebody, li.wei by default, seal a notice for j.okafor, who collects it."""
        signer = by or self.scene.desk(SENDER)
        values = {"case": bytes(16), "object_id": self.like.object_id, "about": self.digest}
        notice = LabelNotice(**{**values, "change": change, **fields})
        record = encode_notice(notice, self.victim.realm)
        self.made += 1
        both = (("notice.txt", "text/plain", b"x"), ("change", MEDIA_TYPE, record))
        forged = make(
            signer=signer.keys.signing,
            signer_device=signer.keys.handle,
            reader=self.victim,
            like=replace(self.like, label=replace(self.label, level="mimi")),
            parts=both if parts is None else tuple(parts(record)),
            object_id=fixed(f"notice {self.made}", 16),
            changes={"core": lambda core: core | {3: kind.value}},
        )
        digest = plant(self.scene, VICTIM, forged)
        correspondence.collect(self.victim)
        return digest

    def holds(self) -> InForce:
        """Return what holds at j.okafor's desk."""
        item = self.victim.mail.inbox.get(self.digest)
        assert item is not None
        return labelling.of_received(
            self.victim, filing.load(self.victim, item, EventType.DOC_LIST)
        )

    def level(self) -> str:
        """Return the level by which the paper is judged, or nothing if none is asked for."""
        found = self.holds()
        return found.judged.level if found.level_asked else ""

    def became(self) -> list[object]:
        """Return the fates of the notices that were taken in."""
        found = events(self.victim, EventType.LABEL_CHANGE)
        return [each.detail["became"] for each in found if "became" in each.detail]

    def refused(self) -> list[tuple[str, str]]:
        """Return why notices lie in quarantine; each has its line."""
        rows = [(row.code, row.reason) for row in self.victim.mail.quarantine.rows()]
        assert set(rows) <= set(whys(self.victim, EventType.DOC_QUARANTINE))
        return rows


@pytest.fixture
def stage(scene: Scene) -> Stage:
    return Stage(scene)


def test_the_originator_lowers_what_is_the_originator_s(stage: Stage) -> None:
    stage.say(stage.lower())
    assert (["counts"], "mimi") == (stage.became(), stage.level())
    stage.say(stage.lower(old=label_digest(replace(stage.label, level="mimi"))))
    assert [] == stage.refused()


# --- who is not the originator ----------------------------------------------------------------


def colleague(scene: Scene) -> Office:
    """Enrol another officer of EMB-A; the victim's desk knows."""
    desk, made = newcomer(scene, "EMB-A", COLLEAGUE)
    enrolment.import_book(scene.desk(VICTIM), made.book)
    return desk


WHO: dict[str, Callable[[Scene], Office]] = {
    "a colleague of the originator": colleague,
    "a partner who holds it": lambda scene: scene.desk(INSIDER),
    "the holder": lambda scene: scene.desk(VICTIM),
}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("what", ["lower", "end"])
def test_nobody_but_the_originator_s_officer_relaxes_an_object(
    stage: Stage, who: str, what: str
) -> None:
    stage.say(getattr(stage, what)(), by=WHO[who](stage.scene))
    assert [("verification", "notice-object")] == stage.refused()
    assert ("jimi", ()) == (stage.level(), stage.victim.mail.label_changes.counted(stage.digest))
    assert [stage.digest] == [each.item.digest for each in correspondence.inbox(stage.victim)]


def test_nobody_else_raises_it_either(stage: Stage) -> None:
    raised = stage.lower(new=replace(stage.label, level="juemi"))
    stage.say(raised, by=colleague(stage.scene))
    assert ([("verification", "notice-object")], "jimi") == (stage.refused(), stage.level())


def test_nobody_speaks_for_an_originator_who_left(stage: Stage) -> None:
    scene = stage.scene
    other, office = colleague(scene), scene.registry("EMB-A")
    officer = office.state.officer_by_login(SENDER)
    (signed,) = [one for one in office.state.signed() if one.statement.content == officer]
    office.state = pure.withdraw(office.state, signed.digest)
    enrolment.import_book(stage.victim, scene.publish("EMB-A").book)
    stage.say(stage.end(), by=other)
    assert ("verification", "notice-object") in stage.refused()
    assert () == stage.victim.mail.label_changes.counted(stage.digest)


@pytest.mark.parametrize("who", WHO)
def test_without_asking_who_sent_the_object_any_insider_relaxes_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """Removed: that a notice comes from the officer who sent the object."""
    monkeypatch.setattr(heeding, "_is_owner", lambda *_: True)
    stage.say(stage.end(), by=WHO[who](stage.scene))
    assert "" == stage.level()
    withdraw(stage.scene, VICTIM, VICTIM)
    correspondence.read(stage.victim, stage.digest.hex(), MemorySink())


# --- another object ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [{"about": Digest(bytes(32))}, {"object_id": ObjectId(bytes(16))}],
    ids=["an object that is not here", "another object's id"],
)
def test_a_notice_about_another_object_changes_nothing(
    stage: Stage, fields: dict[str, Any]
) -> None:
    stage.say(stage.lower(), **fields)
    assert ([("verification", "notice-object")], "jimi") == (stage.refused(), stage.level())


def test_an_object_that_is_not_here_and_one_of_somebody_else_are_one_answer(stage: Stage) -> None:
    insider = stage.scene.desk(INSIDER)
    stage.say(stage.lower(), by=insider)
    stage.say(stage.lower(), by=insider, about=Digest(bytes(32)))
    assert 1 == len(set(stage.refused()))


def test_a_notice_that_comes_before_its_object_counts_once_both_are_here(stage: Stage) -> None:
    scene, victim = stage.scene, stage.victim
    later = scene.send(level="机密", subject="通报 18")
    kept = scene.relay.withhold(scene.box(VICTIM))
    core = replace(stage.like, object_id=_sent_id(scene, later))
    first = stage.lower(at=scene.clock.now(), old=label_digest(_sent_label(scene, later)))
    stage.say(first, about=later, object_id=core.object_id)
    assert [("verification", "notice-object")] == stage.refused()
    scene.relay.give_back(scene.box(VICTIM), kept)
    correspondence.collect(victim)
    scene.clock.advance(3601)
    correspondence.collect(victim)
    assert ([], ["counts"]) == (stage.refused(), stage.became())


def _sent_id(scene: Scene, digest: Digest) -> ObjectId:
    item = scene.desk(SENDER).mail.sent.get(digest)
    assert item is not None
    return item.object_id


def _sent_label(scene: Scene, digest: Digest) -> Label:
    return steal(scene, VICTIM, digest).core.label


# --- order ------------------------------------------------------------------------------------


def lowered_and_raised(stage: Stage) -> Change:
    """Let the originator lower the paper and raise it again; returns the lowering."""
    lower = stage.lower()
    stage.say(lower)
    stage.scene.clock.advance(60)
    again = replace(stage.label, created=stage.scene.clock.now())
    assert lower.new is not None
    stage.say(stage.lower(old=label_digest(lower.new), new=again))
    assert "jimi" == stage.level()
    return lower


def test_an_old_notice_sealed_again_changes_nothing(stage: Stage) -> None:
    lower = lowered_and_raised(stage)
    stage.say(lower)
    assert (["counts", "counts", "stale"], "jimi") == (stage.became(), stage.level())


def test_without_order_an_old_notice_lowers_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a change follows the label in force, and is not older."""
    lower = lowered_and_raised(stage)
    monkeypatch.setattr(heeding, "fate_of", lambda *_args, **_fields: Fate.COUNTS)
    stage.say(lower)
    assert "mimi" == stage.level()


def test_a_change_of_another_label_than_the_one_in_force_waits(stage: Stage) -> None:
    stage.say(stage.lower(old=label_digest(replace(stage.label, level="juemi"))))
    assert (["waits"], "jimi") == (stage.became(), stage.level())


def test_a_back_dated_change_never_gets_in_between(stage: Stage) -> None:
    raised = replace(stage.label, period=Period.of_years(20, start=stage.label.period.start))
    stage.say(stage.lower(event=Event.EXTENDED, new=raised))
    stage.say(stage.lower(at=Instant(stage.scene.clock.now() - 30)))
    assert (["counts", "stale"], "jimi") == (stage.became(), stage.level())


def test_a_change_from_before_the_object_changes_nothing(stage: Stage) -> None:
    stage.say(stage.lower(at=Instant(stage.like.created - 1)))
    assert (["stale"], "jimi") == (stage.became(), stage.level())


# --- moments ----------------------------------------------------------------------------------


def test_a_notice_from_the_future_waits_in_quarantine(stage: Stage) -> None:
    change = stage.lower(at=Instant(stage.scene.clock.now() + 301))
    stage.say(change)
    assert ([("verification", "notice-ahead")], "jimi") == (stage.refused(), stage.level())
    stage.scene.clock.advance(3601)
    correspondence.collect(stage.victim)
    assert ([], "mimi") == (stage.refused(), stage.level())


def test_without_looking_at_the_moment_the_future_shuts_out_what_is_true_now(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that the moment is not ahead. What is raised now would be older than it."""
    monkeypatch.setattr(heeding, "AHEAD_S", 2**40)
    lower = stage.lower(at=Instant(stage.scene.clock.now() + 365 * DAY))
    stage.say(lower)
    assert lower.new is not None
    stage.say(stage.lower(old=label_digest(lower.new), new=stage.label))
    assert (["counts", "stale"], "mimi") == (stage.became(), stage.level())


def after_the_end(stage: Stage) -> Change:
    """Let a short period end; returns an extension that was decided afterwards."""
    day = to_iso(stage.scene.clock.now() + 3 * DAY)[:10]
    moment = Period(form=PeriodForm.MOMENT, value=day, start=stage.label.period.start)
    short = replace(stage.label, period=moment)
    stage.say(stage.lower(new=short))
    end = period_end(moment)
    assert end is not None
    stage.scene.clock.advance(end - stage.scene.clock.now())
    assert stage.holds().label is None
    return stage.lower(event=Event.EXTENDED, old=label_digest(short), new=stage.label)


def test_nothing_revives_what_has_ended(stage: Stage) -> None:
    stage.say(after_the_end(stage))
    assert (["counts", "after-end"], None) == (stage.became(), stage.holds().label)


def test_without_comparing_with_the_end_a_late_extension_revives_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that what has ended is not extended."""
    late = after_the_end(stage)
    monkeypatch.setattr(in_force, "period_end", lambda _period: None)
    stage.say(late)
    monkeypatch.undo()
    assert ["counts", "counts"] == stage.became()


def test_nothing_revives_what_was_declassified(stage: Stage) -> None:
    stage.say(stage.end())
    stage.scene.clock.advance(60)
    stage.say(stage.lower(event=Event.DETERMINED, old=None, new=stage.label))
    assert (["counts", "stale"], "") == (stage.became(), stage.level())


def test_what_was_found_not_secret_can_be_determined_after_all(stage: Stage) -> None:
    stage.say(stage.lower(event=Event.UNCLASSIFIED, new=None))
    assert "" == stage.level()
    stage.scene.clock.advance(60)
    stage.say(stage.lower(event=Event.DETERMINED, old=None, new=stage.label))
    assert "jimi" == stage.level()


# --- what is declassified is not public -------------------------------------------------------


def test_a_clock_set_ahead_drops_nothing(stage: Stage) -> None:
    after_the_end(stage)
    withdraw(stage.scene, VICTIM, VICTIM)
    with pytest.raises(AccessDeniedError, match="refused"):
        correspondence.read(stage.victim, stage.digest.hex(), MemorySink())


def test_without_the_originator_s_word_a_clock_would_let_the_uncleared_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a clock alone drops nothing."""
    after_the_end(stage)
    withdraw(stage.scene, VICTIM, VICTIM)

    def by_the_clock(*args: Any, **fields: Any) -> InForce:
        found = in_force.in_force(*args, **fields)
        return replace(found, level_asked=found.label is not None)

    monkeypatch.setattr(labelling, "in_force", by_the_clock)
    correspondence.read(stage.victim, stage.digest.hex(), MemorySink())


# --- what a notice is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (lambda record: (("change", MEDIA_TYPE, record),), "notice-parts"),
        (lambda _: (("notice.txt", "text/plain", b"x"),), "notice-parts"),
        (
            lambda record: (
                ("notice.txt", "text/plain", b"x"),
                ("change", MEDIA_TYPE, record),
                ("change", MEDIA_TYPE, record),
            ),
            "notice-parts",
        ),
        (
            lambda _: (("notice.txt", "text/plain", bytes(65536)), ("change", MEDIA_TYPE, b"")),
            "notice-size",
        ),
    ],
    ids=["no text", "no record", "two records", "too large"],
)
def test_a_notice_is_a_text_and_one_record(
    stage: Stage, parts: Callable[[bytes], Sequence[tuple[str, str, bytes]]], reason: str
) -> None:
    stage.say(stage.lower(), parts=parts)
    assert ([("format", reason)], "jimi") == (stage.refused(), stage.level())


def test_a_record_inside_of_a_bulletin_is_an_attachment_and_no_more(stage: Stage) -> None:
    stage.say(stage.lower(), kind=ObjectKind.BULLETIN)
    assert ([], [], "jimi") == (stage.refused(), stage.became(), stage.level())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"policy": "nobody@2026-01-01"}, "pack-unknown"),
        ({"level": "nothing"}, "label-level-unknown"),
    ],
)
def test_a_label_that_this_desk_cannot_show_is_not_taken_over(
    stage: Stage, changes: dict[str, Any], reason: str
) -> None:
    stage.say(stage.lower(new=replace(stage.label, **changes)))
    assert ([("format", reason)], "jimi") == (stage.refused(), stage.level())


def test_a_notice_that_its_reader_may_not_open_changes_nothing_and_comes_again(
    stage: Stage,
) -> None:
    withdraw(stage.scene, VICTIM, VICTIM)
    stage.say(stage.end())
    assert [("access.denied", "refused")] == stage.refused()
    assert [] == stage.became()


# --- labels that nobody can show or judge by, and floods --------------------------------------


def test_a_label_that_its_policy_cannot_mark_does_not_hide_the_inbox(stage: Stage) -> None:
    """The gate refuses it; but the list of everything else must not fail with it."""
    stage.scene.send(level="秘密", subject="other")
    stage.say(stage.lower(new=replace(stage.label, policy="nato@2017-12-20", level="s")))
    listed = correspondence.inbox(stage.victim)
    assert len(listed) == len([listed_as_data(stage.victim, each) for each in listed])
    assert "" != listed_as_data(stage.victim, listed[-1])["mark"]["zh"]


def test_a_waiting_label_that_cannot_be_judged_with_the_others_is_not_kept(stage: Stage) -> None:
    pairs = [{f"officer:{n:032x}", f"officer:{n + 1000:032x}"} for n in range(63)]
    crowd = replace(stage.label, audience=Audience.of(*pairs))
    stage.say(stage.lower(old=bytes(32), new=crowd))
    assert [("format", "label-audience-size")] == stage.refused()
    assert all(each.refusal is None for each in correspondence.inbox(stage.victim))


def test_a_receipt_never_bears_a_label_that_nobody_made(scene: Scene) -> None:
    stage = Stage(scene)
    digest = scene.send(level="秘密", subject="low")
    correspondence.collect(stage.victim)
    core = steal(scene, VICTIM, digest).core
    raised = stage.lower(old=bytes(32), new=replace(core.label, level="jimi"))
    stage.say(raised, about=digest, object_id=core.object_id)
    correspondence.read(stage.victim, digest.hex(), MemorySink())
    correspondence.acknowledge(stage.victim, digest.hex())
    correspondence.deliver(stage.victim)
    sender = scene.desk(SENDER)
    correspondence.collect(sender)
    (states,) = [
        [each.state for each in outcomes]
        for item, outcomes in correspondence.sent(sender)
        if item.digest == digest
    ]
    assert [RecipientState.ACKNOWLEDGED] == states


def test_notices_about_nothing_fill_the_ledger_more_and_more_slowly(stage: Stage) -> None:
    for number in range(5):
        stage.say(stage.lower(), about=Digest(bytes([number]) * 32))
    sizes = []
    for _ in range(8):
        before = stage.victim.ledger.size
        stage.scene.clock.advance(3601)
        correspondence.collect(stage.victim)
        sizes.append(stage.victim.ledger.size - before)
    assert sum(sizes[4:]) < sum(sizes[:4])
