"""An insider re-uses another's payload under claims of the own: sender, label, addressees.

The insider is a reader of the object and so knows its share, its opening ``r`` and its core.
"""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule import claims
from secure_liaison.capsule.shares import _TAGS, MessageKey, ObjectKeys
from secure_liaison.crypto.keys import Digest, Secret, derive, frame
from secure_liaison.errors import TamperedError
from secure_liaison.workflows import correspondence
from tests.attacks.forgery import Stolen, make, plant, skip, steal
from tests.attacks.world import (
    INSIDER,
    TEXT,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_nothing_shown,
    assert_quarantined,
    opened_text,
    whys,
)


def own_claims(scene: Scene, stolen: Stolen, *, own_header: bool) -> Digest:
    """Seal claims of the insider's own around the stolen head and payload."""
    desk = scene.desk(INSIDER)
    changes = {"head": lambda _own: stolen.head, "payload": lambda _own: stolen.payload}
    if not own_header:
        changes["header_bytes"] = lambda _own: stolen.envelope.header
    scene.relay.withhold(scene.box(VICTIM))
    forged = make(
        signer=desk.keys.signing,
        signer_device=desk.keys.handle,
        reader=scene.desk(VICTIM),
        like=stolen.core,
        text=TEXT,
        changes=changes,
        object_id=stolen.core.object_id,
        salt=stolen.keys.salt,
        share=stolen.share,
        opening=stolen.opening,
        expires=stolen.core.expires,
    )
    return plant(scene, VICTIM, forged)


def common(scene: Scene) -> Digest:
    return scene.send(to=(VICTIM, INSIDER))


def give_back(scene: Scene, digest: Digest) -> None:
    scene.relay.hand_out(scene.box(VICTIM), scene.relay.octets(digest, scene.box(VICTIM)))


def test_own_claims_do_not_fit_anothers_header(scene: Scene) -> None:
    genuine = common(scene)
    own_claims(scene, steal(scene, INSIDER, genuine), own_header=False)
    assert_quarantined(scene, VICTIM, "verification.tampered", "capsule-commitment")
    give_back(scene, genuine)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_without_the_commitment_the_insider_would_be_the_author(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the header's commitment to the core."""
    forged = own_claims(scene, steal(scene, INSIDER, common(scene)), own_header=False)
    skip(monkeypatch, claims, "capsule-commitment")
    assert opened_text(scene, VICTIM, forged) == TEXT
    assert authors(scene) == [INSIDER]


def test_anothers_payload_does_not_open_under_an_own_header(scene: Scene) -> None:
    genuine = common(scene)
    forged = own_claims(scene, steal(scene, INSIDER, genuine), own_header=True)
    desk = scene.desk(VICTIM)
    correspondence.collect(desk)
    assert [(None, "capsule-head")] == [
        (line.head, line.refusal.reason if line.refusal else "")
        for line in correspondence.inbox(desk)
    ]
    assert ("verification.tampered", "capsule-head") in whys(desk, EventType.DOC_LIST)
    with pytest.raises(TamperedError, match="capsule-head"):
        opened_text(scene, VICTIM, forged)
    assert ("verification.tampered", "capsule-head") in whys(desk, EventType.DOC_OPEN)
    assert_nothing_shown(desk, genuine, shown=(forged,))
    give_back(scene, genuine)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_without_the_header_in_every_key_the_insider_would_be_the_author(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the header's hash in the keys of head and payload."""
    real_key, real_context = ObjectKeys.key, ObjectKeys.context

    def key(keys: ObjectKeys, message: MessageKey) -> Secret:
        if message is MessageKey.CLAIMS:
            return real_key(keys, message)
        tag, _ = _TAGS[message]
        return derive(tag, keys.realm, keys.share.reveal(), salt=keys.salt, context=b"")

    def context(keys: ObjectKeys, message: MessageKey) -> bytes:
        if message is MessageKey.CLAIMS:
            return real_context(keys, message)
        return frame(_TAGS[message][1], keys.realm)

    monkeypatch.setattr(ObjectKeys, "key", key)
    monkeypatch.setattr(ObjectKeys, "context", context)
    forged = own_claims(scene, steal(scene, INSIDER, common(scene)), own_header=True)
    assert opened_text(scene, VICTIM, forged) == TEXT
    assert authors(scene) == [INSIDER]


def authors(scene: Scene) -> list[str]:
    return [
        line.verified.officer.login
        for line in correspondence.inbox(scene.desk(VICTIM))
        if line.verified is not None
    ]
