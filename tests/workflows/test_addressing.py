"""Who is meant, and what the gate is asked about them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.directory.view import DirectoryView
from secure_liaison.errors import AccessDeniedError, CredentialError, FormatError
from secure_liaison.identity.anchors import accept_anchor
from secure_liaison.workflows import addressing, correspondence, enrolment, registry
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import SENDER, Scene
from tests.workflows.desks import ADDRESS, READER, draft, label_of, newcomer, queued, republish

DAY = 86400


def test_an_address_finds_the_officer_with_every_active_device(scene: Scene) -> None:
    second, _ = newcomer(scene, "EMB-B", READER, endorsers=[scene.desk(READER).keys.signing])
    republish(scene, "EMB-B", SENDER)
    found = addressing.find(scene.desk(SENDER), ADDRESS)
    assert (ADDRESS, READER) == (found.address, found.officer.login)
    assert {second.keys.handle, scene.box(READER)} == {each.handle for each in found.devices}


def test_a_pack_version_that_this_release_does_not_carry_is_an_error(scene: Scene) -> None:
    label = label_of(scene, queued(scene))
    with pytest.raises(FormatError, match="pack-unknown"):
        addressing.pack_of(scene.desk(SENDER), replace(label, policy="cn.state-secrets@1999-01-01"))


def test_the_age_of_a_directory_counts_from_the_last_contact(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    correspondence.collect(desk)
    scene.clock.advance(600)
    assert 600 == addressing.age_s(desk, scene.agency("EMB-B"))


def test_a_directory_never_asked_for_is_older_than_any_rule_allows(scene: Scene) -> None:
    desk, keys = scene.desk(SENDER), scene.keys("EMB-B")
    desk.directory = DirectoryView(desk.realm).with_anchor(
        accept_anchor(keys.anchor, typed_digits=keys.anchor.digits())
    )
    assert 30 * 365 * DAY < addressing.age_s(desk, scene.agency("EMB-B"))


def test_with_a_directory_older_than_a_day_nothing_is_sent(scene: Scene) -> None:
    scene.desk(SENDER)
    scene.clock.advance(2 * DAY)
    with pytest.raises(AccessDeniedError) as caught:
        queued(scene)
    assert {"DIRECTORY_STALE"} == {each.code for each in caught.value.reasons}


def test_with_a_directory_older_than_a_week_nothing_new_is_opened(scene: Scene) -> None:
    digest = scene.send()
    desk = scene.desk(READER)
    correspondence.collect(desk)
    scene.clock.advance(8 * DAY)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.read(desk, digest.hex(), MemorySink())
    assert {"DIRECTORY_STALE"} == {each.code for each in caught.value.reasons}
    correspondence.collect(desk)
    correspondence.read(desk, digest.hex(), MemorySink())


def test_the_clearance_that_counts_is_that_of_the_labels_policy(scene: Scene) -> None:
    """Both hold clearances under two policies; the object is labelled under the second."""
    colleague, _ = newcomer(scene, "EMB-A", "wang.li")
    office, signer = scene.registry("EMB-A"), scene.keys("EMB-A").registrars[:1]
    for login in (SENDER, "wang.li"):
        registry.clear(
            office, login, signer, level="secret", person_class="general", pack="generic"
        )
    made = republish(scene, "EMB-A", SENDER)
    enrolment.import_book(colleague, made.book)
    digest = correspondence.send(
        scene.desk(SENDER),
        draft(to=("wang.li@EMB-A",), pack="generic", level="secret", period="10Y"),
    )
    correspondence.deliver(scene.desk(SENDER))
    correspondence.collect(colleague)
    correspondence.read(colleague, digest.hex(), MemorySink())


def test_a_clearance_under_another_policy_does_not_count(scene: Scene) -> None:
    with pytest.raises(AccessDeniedError) as caught:
        queued(scene, pack="generic", level="secret", period="10Y")
    assert "CLEARANCE_MISSING" in {each.code for each in caught.value.reasons}


def test_who_is_in_no_book_has_no_address(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    officer = desk.directory.find_officer(ADDRESS)
    with pytest.raises(CredentialError, match="unknown-agency"):
        addressing.address_of(desk, replace(officer, agency=scene.agency("EMB-X")))
