"""Files that say what they are: sending one under a lower label, or with its label worn off.

Each attack is refused; then the one defence that refused it is taken away, and it succeeds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import AccessDeniedError, TamperedError
from secure_liaison.monitor import rules
from secure_liaison.workflows import attachments, composing, correspondence, drafting
from tests.attacks.world import INSIDER, SENDER, Scene, opened_text
from tests.labels import bindings
from tests.workflows.desks import draft
from tests.workflows.marked import document, element, for_both, labelled


def refusal(scene: Scene, *files: Path, **fields: Any) -> list[tuple[str, str]]:
    """Let li.wei try to send files to m.rossi, who is cleared for 秘密 only."""
    desk = scene.desk(SENDER)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(desk, draft(INSIDER, attachments=files, **fields))
    assert () == desk.mail.sent.items()
    assert scene.relay.objects == {}
    return [(each.code, each.subject) for each in caught.value.reasons]


def arrives(scene: Scene, *files: Path, **fields: Any) -> Digest:
    digest = scene.send(to=(INSIDER,), attachments=files, **fields)
    assert opened_text(scene, INSIDER, digest)
    return digest


def without_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed: that the whole is asked to cover the labels of its parts."""
    monkeypatch.setattr(rules, "SEAL_RULES", rules.SEAL_RULES._replace(about_part=()))


@pytest.fixture
def secret(scene: Scene, tmp_path: Path) -> Path:
    return document(tmp_path / "annex.docx", element(for_both(scene, "jimi")))


def test_a_file_labelled_higher_does_not_travel_under_a_lower_label(
    scene: Scene, secret: Path
) -> None:
    assert [("LABEL_LOWER_THAN_PART", "annex.docx")] == refusal(scene, secret)
    # Under its own level it is refused for the reader's clearance: either way it stays here.
    codes = {code for code, _ in refusal(scene, secret, level="机密")}
    assert {"CLEARANCE_BELOW_LABEL"} == codes


def test_without_the_rule_it_would_reach_who_is_not_cleared(
    scene: Scene, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_rule(monkeypatch)
    arrives(scene, secret)


def test_another_name_does_not_hide_the_label_inside(scene: Scene, secret: Path) -> None:
    for name in ("annex.bin", "annex.pdf", "annex"):
        path = secret.with_name(name)
        path.write_bytes(secret.read_bytes())
        assert [("LABEL_LOWER_THAN_PART", name)] == refusal(scene, path)


def test_looking_at_names_alone_would_let_it_through(
    scene: Scene, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a document is told by what is in it."""
    monkeypatch.setattr(attachments, "lists_part", lambda *_: False)
    arrives(scene, secret.rename(secret.with_name("annex.bin")))


def worn_off(scene: Scene, folder: Path) -> list[Path]:
    """Return labelled files that were touched so that their label cannot be proved any more."""
    label = element(for_both(scene, "jimi"))
    edited = document(folder / "edited.docx", label)
    edited.write_bytes(bindings.changed(edited.read_bytes(), **{bindings.MAIN: b"<other/>"}))
    tailed = document(folder / "tailed.docx", label)
    tailed.write_bytes(tailed.read_bytes() + b"x")
    beside = labelled(folder / "annex.pdf", label)
    beside.write_bytes(beside.read_bytes() + b" ")
    return [edited, tailed, beside]


def test_touching_a_file_does_not_wear_its_label_off(scene: Scene, tmp_path: Path) -> None:
    for path in worn_off(scene, tmp_path):
        assert [("PART_LABEL_UNPROVEN", path.name)] == refusal(scene, path)


def test_passing_over_what_proves_nothing_would_wear_it_off(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a binding which proves nothing counts."""
    found = attachments._labels

    def proved(*given: Any) -> Any:
        labels, digest = found(*given)
        return tuple(each for each in labels if not each.problem), digest

    monkeypatch.setattr(attachments, "_labels", proved)
    for path in worn_off(scene, tmp_path):
        arrives(scene, path)


def test_a_file_exchanged_behind_its_binding_is_not_sealed(scene: Scene, tmp_path: Path) -> None:
    """Looked at as 秘密, exchanged for something else before it is read again."""
    path = labelled(tmp_path / "annex.pdf", element(for_both(scene, "mimi")), b"harmless")
    desk = scene.desk(SENDER)
    composed = drafting.compose(desk, draft(INSIDER, attachments=(path,)))
    path.write_bytes(b"harmful!")
    with pytest.raises(TamperedError, match="attachment-changed"):
        composing.seal_and_keep(desk, composed)
    assert () == desk.mail.sent.items()


def test_without_its_digest_the_exchange_would_succeed(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that what is sealed has the digest of what was looked at."""
    monkeypatch.setattr(attachments, "_proven", lambda path, _digest: path.open("rb"))
    path = labelled(tmp_path / "annex.pdf", element(for_both(scene, "mimi")), b"harmless")
    desk = scene.desk(SENDER)
    composed = drafting.compose(desk, draft(INSIDER, attachments=(path,)))
    path.write_bytes(b"harmful!")
    assert composing.seal_and_keep(desk, composed)


def test_a_binding_beside_what_a_link_points_to_counts(scene: Scene, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    labelled(archive / "annex.pdf", element(for_both(scene, "jimi")))
    link = tmp_path / "annex.pdf"
    link.symlink_to(archive / "annex.pdf")
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(scene.desk(SENDER), draft(INSIDER, attachments=(link,)))
    assert {"LABEL_LOWER_THAN_PART"} == {each.code for each in caught.value.reasons}


def test_a_binding_counts_in_whatever_form_its_name_is_written(
    scene: Scene, tmp_path: Path
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    path = labelled(folder / normalize("NFC", "é.pdf"), element(for_both(scene, "jimi")))
    (beside,) = [each for each in folder.iterdir() if each != path]
    beside.rename(beside.with_name(normalize("NFD", beside.name)))
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(scene.desk(SENDER), draft(INSIDER, attachments=(path,)))
    assert {"LABEL_LOWER_THAN_PART"} == {each.code for each in caught.value.reasons}


def test_an_unlabelled_document_that_becomes_another_one_is_not_sealed(
    scene: Scene, tmp_path: Path
) -> None:
    path = tmp_path / "annex.docx"
    path.write_bytes(bindings.zipped(bindings.parts()))
    desk = scene.desk(SENDER)
    composed = drafting.compose(desk, draft(INSIDER, attachments=(path,)))
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(bytes(octets))
    with pytest.raises(TamperedError, match="attachment-changed"):
        composing.seal_and_keep(desk, composed)
    assert () == desk.mail.sent.items()
