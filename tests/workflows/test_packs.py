"""An agency's own policy packs: signed by its registrars, verified at any desk that knows it."""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.errors import CredentialError, FormatError, SignatureError, TamperedError
from secure_liaison.workflows import packs
from tests.attacks.world import SENDER, Scene
from tests.labels.samples import as_bytes, pack_file
from tests.workflows.desks import READER, registry_events

A, B = "EMB-A", "EMB-B"


def ministry(**changes: object) -> bytes:
    return as_bytes(pack_file("generic") | {"id": "ministry"} | changes)


def test_a_pack_that_the_agency_signed_is_verified_at_both_ends(scene: Scene) -> None:
    office, keys = scene.registry(A), scene.keys(A).registrars
    pack, signed = packs.sign_policy(office, ministry(), keys, days=30)
    assert EventType.PACK_SIGN == registry_events(office)[-1]
    for login in (SENDER, READER):
        found, stated = packs.verify_policy(
            scene.desk(login), ministry(), signed, agency=scene.agency(A)
        )
        assert (pack, "ministry@2024-09-01") == (found, stated.policy)
    assert packs.verify_policy(scene.desk(SENDER), ministry(), signed)[0] == pack
    with pytest.raises(CredentialError, match="other-agency"):
        packs.verify_policy(scene.desk(READER), ministry(), signed)


def test_a_pack_changed_after_signing_is_refused(scene: Scene) -> None:
    _, signed = packs.sign_policy(scene.registry(A), ministry(), scene.keys(A).registrars, days=30)
    changed = ministry(names={"zh": "某部", "en": "Ministry"})
    with pytest.raises(TamperedError, match="pack-digest"):
        packs.verify_policy(scene.desk(SENDER), changed, signed)


def test_one_registrar_alone_signs_no_pack(scene: Scene) -> None:
    office = scene.registry(A)
    with pytest.raises(SignatureError, match="too-few-signatures"):
        packs.sign_policy(office, ministry(), scene.keys(A).registrars[:1], days=30)
    with pytest.raises(SignatureError, match="wrong-signer"):
        packs.sign_policy(office, ministry(), scene.keys(B).registrars, days=30)
    assert [EventType.PACK_REFUSE] * 2 == registry_events(office)[-2:]
    assert () == office.packs.own()


def test_a_pack_with_an_error_is_not_signed(scene: Scene) -> None:
    with pytest.raises(FormatError, match="pack-dates"):
        packs.sign_policy(
            scene.registry(A), ministry(supersedes="x"), scene.keys(A).registrars, days=30
        )
