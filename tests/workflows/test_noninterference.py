"""What is sent above an officer changes nothing that the officer's desk shows or refuses."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.notice import MEDIA_TYPE, LabelNotice, encode_notice
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import AccessDeniedError
from secure_liaison.i18n import Language
from secure_liaison.labels.case import Event
from secure_liaison.labels.in_force import Change
from secure_liaison.labels.label import label_digest
from secure_liaison.monitor.decision import render_refusal
from secure_liaison.workflows import correspondence
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import SENDER, SUBJECT, Scene, Template
from tests.capsule.forge import fixed
from tests.workflows.desks import OTHER_READER, READER, core_of, forge, plant, quarantined

LOW, HIGH = OTHER_READER, READER


def seen_by(scene: Scene, login: str) -> bytes:
    """Return all that a desk shows; ids, which are drawn anew each time, are left out."""
    desk = scene.desk(login)
    taken = correspondence.collect(desk)
    inbox = correspondence.inbox(desk)
    lines = [(line.head, line.verified is None, line.refusal) for line in inbox]
    subjects = [head and (head.subject, [part.name for part in head.parts]) for head, *_ in lines]
    try:
        correspondence.read(desk, "00" * 16, MemorySink())
        told = ["opened"]
    except AccessDeniedError as error:
        told = [line.replace(error.ref, "REF") for line in render_refusal(error, Language.EN)]
    events = [
        (entry.event.type.value, entry.event.decision, sorted(entry.event.reason_codes))
        for entry in desk.ledger.entries()
    ]
    sizes = [(len(item.item.leaves or b""), item.item.head_length) for item in inbox]
    shown = (subjects, [each[1:] for each in lines], told, sizes, events)
    return repr((shown, quarantined(desk), len(correspondence.sent(desk)), type(taken))).encode()


@pytest.mark.parametrize("above", [1, 3])
def test_traffic_above_a_reader_changes_nothing_at_the_desk(
    template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, above: int
) -> None:
    worlds = []
    for number in (0, above):
        folder = tmp_path / f"world-{number}"
        folder.mkdir()
        with ExitStack() as opened:
            scene = Scene(template, folder, monkeypatch, opened)
            scene.send(to=(LOW,), subject=SUBJECT)
            for each in range(number):
                scene.send(to=(HIGH,), level="机密", subject=f"above {each}")
            worlds.append(seen_by(scene, LOW))
    assert SUBJECT in worlds[0].decode()
    assert worlds[0] == worlds[1]


def test_a_notice_to_one_reader_changes_nothing_for_another(
    template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds, others = [], []
    for number in (0, 2):
        folder = tmp_path / f"world-{number}"
        folder.mkdir()
        with ExitStack() as opened:
            scene = Scene(template, folder, monkeypatch, opened)
            digest = scene.send(to=(LOW, HIGH), subject=SUBJECT)
            above = scene.send(to=(HIGH,), level="机密", subject="above")
            for desk in (scene.desk(LOW), scene.desk(HIGH)):
                correspondence.collect(desk)
            for each in (digest, above)[:number]:
                notify(scene, HIGH, each)
            worlds.append(seen_by(scene, LOW))
            others.append(seen_by(scene, HIGH))
    assert worlds[0] == worlds[1]
    assert others[0] != others[1]


def notify(scene: Scene, login: str, digest: Digest) -> None:
    """Let li.wei tell one reader that an object is no longer secret."""
    sender, reader = scene.desk(SENDER), scene.desk(login)
    core = core_of(sender, digest)
    change = Change(
        event=Event.DECLASSIFIED,
        at=scene.clock.now(),
        old=label_digest(core.label),
        new=None,
    )
    notice = LabelNotice(case=bytes(16), object_id=core.object_id, about=digest, change=change)
    forged = forge(
        sender,
        reader,
        core.label,
        object_id=fixed(digest.hex(), 16),
        parts=(
            ("notice.txt", "text/plain", b"x"),
            ("change", MEDIA_TYPE, encode_notice(notice, reader.realm)),
        ),
        changes={"core": lambda fields: fields | {3: ObjectKind.NOTICE.value}},
    )
    plant(scene, reader, forged)
