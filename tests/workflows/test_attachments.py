"""Labels bound to attached files: found in every place, proved or told, covered by the whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.errors import AccessDeniedError, OutOfOrderError, TamperedError, WorkflowError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period
from secure_liaison.labels.strict_xml import Element, read_xml
from secure_liaison.workflows import composing, correspondence, drafting
from secure_liaison.workflows.attachments import attached
from secure_liaison.workflows.correspondence import Draft
from tests.attacks.world import INSIDER, SENDER, VICTIM, Scene, opened_text
from tests.labels import bindings
from tests.workflows.casework import PAPER, PROPOSER, determined, prepare
from tests.workflows.desks import READER, core_of, draft, label_of
from tests.workflows.marked import (
    DOCUMENT,
    US,
    allied,
    document,
    element,
    equivalence,
    for_both,
    labelled,
)

OWNER = f"agency:{'a1' * 32}"
SIGNATURE = b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">x</ds:Signature>'
CONTAINER = b"<mb:MetadataBindingContainer>"


def refused(scene: Scene, *files: Path, **fields: Any) -> list[tuple[str, str]]:
    """Try to send files; return code and file of every reason."""
    desk = scene.desk(SENDER)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(desk, draft(attachments=files, **fields))
    assert () == desk.mail.sent.items()
    return [(each.code, each.subject) for each in caught.value.reasons]


def problem(path: Path) -> list[str]:
    return [each.problem for each in attached(path, owner=OWNER).labels]


# --- where labels are found ---------------------------------------------------------------------


def test_a_file_without_a_label_has_none(tmp_path: Path) -> None:
    for name, octets in (("a.pdf", b"%PDF"), ("a.docx", DOCUMENT), ("empty.txt", b"")):
        (tmp_path / name).write_bytes(octets)
        found = attached(tmp_path / name, owner=OWNER)
        assert ((), len(octets)) == (found.labels, found.source.size)


def test_labels_inside_and_beside_count_both(scene: Scene, tmp_path: Path) -> None:
    path = document(tmp_path / "annex.docx", element(for_both(scene, "jimi")))
    labelled(path, element(for_both(scene, "mimi")), path.read_bytes())
    found = attached(path, owner=OWNER).labels
    assert ["jimi", "mimi"] == [each.label.level for each in found if each.label is not None]


@pytest.mark.parametrize("name", ["annex.docx", "annex.bin", "annex", "annex.zip"])
def test_a_document_is_one_whatever_its_name(scene: Scene, tmp_path: Path, name: str) -> None:
    path = document(tmp_path / name, element(for_both(scene)))
    (found,) = attached(path, owner=OWNER).labels
    assert found.label is not None
    assert "jimi" == found.label.level


def test_other_zip_files_are_no_documents(tmp_path: Path) -> None:
    archive = bindings.zipped({"报告.txt": b"x", "annex.docx": DOCUMENT})
    (tmp_path / "files.zip").write_bytes(archive)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and nothing more")
    no_main = bindings.zipped({"[Content_Types].xml": bindings.content_types()})
    (tmp_path / "drawing.vsdx").write_bytes(no_main)
    for name in ("files.zip", "broken.zip", "drawing.vsdx"):
        assert [] == problem(tmp_path / name)


# --- what proves nothing ------------------------------------------------------------------------


def broken(scene: Scene, folder: Path) -> dict[str, Path]:
    """Every way in which a bound label proves nothing, by what is told of it."""
    label = element(for_both(scene))
    inside = document(folder / "changed.docx", label)
    inside.write_bytes(bindings.changed(inside.read_bytes(), **{bindings.MAIN: b"<other/>"}))
    unsound = document(folder / "unsound.docx", label)
    unsound.write_bytes(unsound.read_bytes() + b"tail")
    beside = labelled(folder / "edited.pdf", label)
    beside.write_bytes(b"edited since")
    signed = labelled(folder / "signed.pdf", label)
    binding = signed.with_name("signed.pdf.bdo")
    binding.write_bytes(binding.read_bytes().replace(CONTAINER, SIGNATURE + CONTAINER))
    renamed = labelled(folder / "first.pdf", label)
    renamed = renamed.rename(folder / "second.pdf")
    (folder / "first.pdf.bdo").rename(folder / "second.pdf.bdo")
    foreign = labelled(folder / "foreign.pdf", bindings.label())
    folders = folder / "folder.pdf"
    folders.write_bytes(b"x")
    (folder / "folder.pdf.bdo").mkdir()
    return {
        "part.changed inside": inside,
        "part.unreadable tail": unsound,
        "part.changed beside": beside,
        "part.signature": signed,
        "part.unproven": renamed,
        "part.policy": foreign,
        "part.unreadable": folders,
    }


def test_a_binding_that_proves_nothing_is_told_with_its_reason(
    scene: Scene, tmp_path: Path
) -> None:
    for told, path in broken(scene, tmp_path).items():
        assert [told.split()[0]] == problem(path), told


def test_nothing_goes_out_with_a_binding_that_proves_nothing(scene: Scene, tmp_path: Path) -> None:
    paths = tuple(broken(scene, tmp_path).values())
    expected = [("PART_LABEL_UNPROVEN", path.name) for path in paths]
    assert expected == refused(scene, *paths, level="机密")


def test_a_document_too_broken_to_be_looked_into_may_hide_a_label(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(DOCUMENT[:-9])
    (tmp_path / "b.docx").write_bytes(bindings.zipped({"[Content_Types].xml": b"<x/>"}))
    assert ["part.unreadable"] == problem(tmp_path / "a.docx")
    assert ["part.unreadable"] == problem(tmp_path / "b.docx")


def anonymous(policy: str, level: str, categories: str = "") -> Element:
    """A label as other software writes it: nobody says whose it is."""
    text = (
        f'<originatorConfidentialityLabel xmlns="{bindings.LABEL_NAMESPACE}"'
        ' ReviewDateTime="2031-01-01T00:00:00Z"><ConfidentialityInformation>'
        f"<PolicyIdentifier>{policy}</PolicyIdentifier>"
        f"<Classification>{level}</Classification>{categories}</ConfidentialityInformation>"
        "<CreationDateTime>2026-11-01T00:00:00Z</CreationDateTime>"
        "</originatorConfidentialityLabel>"
    )
    return read_xml(text.encode(), max_bytes=10_000)


def test_a_label_whose_owner_is_not_said_counts_where_readers_do_not_hang_on_it(
    tmp_path: Path,
) -> None:
    context = (
        '<Category Type="PERMISSIVE" TagName="Context"><GenericValue>NATO</GenericValue></Category>'
    )
    path = labelled(tmp_path / "a.pdf", anonymous("NATO", "SECRET", context))
    (found,) = attached(path, owner=OWNER).labels
    assert found.label is not None
    assert (OWNER, Audience.of({"group:NATO@2026-11-01"})) == (
        found.label.owner,
        found.label.audience,
    )
    uk = builtin_pack("uk.gscp-2024")
    path = labelled(tmp_path / "b.pdf", anonymous(uk.names.en, "Secret"))
    assert ["part.owner"] == problem(path)


def test_a_binding_that_cannot_be_read_is_no_missing_file(scene: Scene, tmp_path: Path) -> None:
    path = labelled(tmp_path / "a.pdf", element(for_both(scene)))
    path.with_name("a.pdf.bdo").write_bytes(b"")
    assert ["part.unreadable"] == problem(path)


def test_a_file_that_goes_away_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"x")
    found = attached(path, owner=OWNER)
    path.unlink()
    with pytest.raises(OutOfOrderError, match="attachment-missing"):
        found.source.open()
    with pytest.raises(OutOfOrderError, match="attachment-missing"):
        attached(path, owner=OWNER)


def test_a_labelled_file_that_goes_away_is_missing(scene: Scene, tmp_path: Path) -> None:
    path = labelled(tmp_path / "a.pdf", element(for_both(scene)))
    found = attached(path, owner=OWNER)
    path.unlink()
    with pytest.raises(OutOfOrderError, match="attachment-missing"):
        found.source.open()


def test_a_file_changed_after_its_label_was_looked_at_is_not_sealed(
    scene: Scene, tmp_path: Path
) -> None:
    path = labelled(tmp_path / "a.pdf", element(for_both(scene, "mimi")), b"0123456789")
    desk = scene.desk(SENDER)
    composed = drafting.compose(desk, draft(attachments=(path,)))
    path.write_bytes(b"9876543210")
    with pytest.raises(TamperedError, match="attachment-changed"):
        composing.seal_and_keep(desk, composed)
    assert () == desk.mail.sent.items()


# --- what the whole must cover ------------------------------------------------------------------


def test_a_file_labelled_higher_is_not_sent_under_a_lower_label(
    scene: Scene, tmp_path: Path
) -> None:
    inside = document(tmp_path / "annex.docx", element(for_both(scene, "jimi")))
    beside = labelled(tmp_path / "annex.pdf", element(for_both(scene, "jimi")))
    expected = [("LABEL_LOWER_THAN_PART", "annex.docx"), ("LABEL_LOWER_THAN_PART", "annex.pdf")]
    assert expected == refused(scene, inside, beside, level="秘密")


def test_a_file_labelled_as_high_is_sent_and_opened(scene: Scene, tmp_path: Path) -> None:
    path = document(tmp_path / "annex.docx", element(for_both(scene, "jimi")))
    digest = scene.send(level="机密", attachments=(path,))
    assert opened_text(scene, VICTIM, digest)


def test_a_file_that_is_protected_for_longer_is_not_covered(scene: Scene, tmp_path: Path) -> None:
    label = for_both(scene, "mimi", period=Period.of_years(10, start=scene.clock.now()))
    path = labelled(tmp_path / "a.pdf", element(label))
    assert [("LABEL_LOWER_THAN_PART", "a.pdf")] == refused(scene, path, period="6个月")


def test_a_label_without_period_binds_as_long_as_its_level_may(
    scene: Scene, tmp_path: Path
) -> None:
    """STANAG 4774 has no place for it; a shorter period would be a guess."""
    path = labelled(tmp_path / "a.pdf", element(for_both(scene, "mimi"), native=False))
    (found,) = attached(path, owner=OWNER).labels
    assert found.label is not None
    assert "P10Y" == found.label.period.value


def test_what_is_attached_narrows_who_may_know(scene: Scene, tmp_path: Path) -> None:
    desk = scene.desk(SENDER)
    reader = desk.directory.find_officer(f"{READER}@EMB-B").officer
    named = {f"officer:{reader.hex()}", f"officer:{desk.me().officer.hex()}"}
    label = for_both(scene, "mimi")
    only = replace(label, audience=label.audience.narrowed_to(named))
    path = labelled(tmp_path / "a.pdf", element(only))
    digest = scene.send(attachments=(path,))
    assert named in label_of(scene, digest).audience.groups
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(desk, draft(READER, INSIDER, attachments=(path,)))
    assert [("NO_NEED_TO_KNOW", f"{INSIDER}@EMB-B")] == [
        (each.code, each.subject) for each in caught.value.reasons
    ]


def test_a_sender_whom_a_file_leaves_out_is_told(scene: Scene, tmp_path: Path) -> None:
    label = for_both(scene, "mimi", audience=Audience.of({f"officer:{'77' * 16}"}))
    path = labelled(tmp_path / "a.pdf", element(label))
    with pytest.raises(WorkflowError, match="sender-outside-attachment"):
        drafting.compose(scene.desk(SENDER), draft(attachments=(path,)))


# --- labels of another policy -------------------------------------------------------------------


def american(scene: Scene, **fields: Any) -> Label:
    values = {
        "policy": builtin_pack(US).policy_id,
        "level": "c",
        "audience": Audience.of({"nation:USA", "nation:FRA"}),
    }
    return for_both(scene, **{**values, **fields})


def test_nations_of_another_policy_are_nobody_under_this_one(scene: Scene, tmp_path: Path) -> None:
    """Memberships are stated with the clearance of a policy."""
    allied(scene, equivalences=(equivalence("c", "mimi"),))
    path = labelled(tmp_path / "a.pdf", element(american(scene), US))
    assert [("NOT_RELEASABLE_TO", f"{READER}@EMB-B")] == refused(scene, path)


def test_a_label_of_another_policy_does_not_compare_without_an_equivalence(
    scene: Scene, tmp_path: Path
) -> None:
    label = american(scene, audience=for_both(scene).audience)
    path = labelled(tmp_path / "a.pdf", element(label, US))
    assert [("PART_NOT_COMPARABLE", "a.pdf")] == refused(scene, path)
    allied(scene, equivalences=(equivalence("c", "jimi"),))
    label = american(scene, audience=for_both(scene).audience)
    path = labelled(tmp_path / "b.pdf", element(label, US))
    assert [("LABEL_LOWER_THAN_PART", "b.pdf")] == refused(scene, path)
    assert scene.send(level="机密", attachments=(path,))


# --- cases --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"level": "juemi"}, "LABEL_LOWER_THAN_PART"), ({"level": "mimi"}, "PART_FOR_FEWER")],
)
def test_the_label_of_a_case_has_to_cover_its_files_as_it_stands(
    scene: Scene, tmp_path: Path, fields: dict[str, str], code: str
) -> None:
    prepare(scene)
    found, desk = determined(scene), scene.desk(PROPOSER)
    own = f"officer:{desk.me().officer.hex()}"
    audience = for_both(scene).audience.narrowed_to({own})
    path = labelled(
        tmp_path / "a.pdf", element(for_both(scene, audience=audience, **fields)), PAPER
    )
    under = Draft(subject="x", to=(f"{SENDER}@EMB-A",), attachments=(path,), case=found.case.id)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(desk, under)
    assert [(code, "a.pdf")] == [(each.code, each.subject) for each in caught.value.reasons]
    path.with_name("a.pdf.bdo").unlink()
    assert found.case.label == core_of(desk, correspondence.send(desk, under)).label
