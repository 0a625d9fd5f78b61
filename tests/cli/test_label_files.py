"""Labels of other policies in files: what commands tell of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from secure_liaison.clock import Instant
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label, Successor, decode_label, encode_label
from secure_liaison.labels.stanag4774 import write_back
from secure_liaison.labels.stanag4774_xml import write_label_xml
from tests.cli.running import Ran, done, run
from tests.labels.pack4774 import (
    CREATED,
    KFOR_HOME,
    NATO_HOME,
    OWNER,
    PACK,
    label,
    nato_file,
)
from tests.labels.samples import as_bytes


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "pack.json"
    path.write_bytes(as_bytes(nato_file()))
    return path


def native(folder: Path, one: Label) -> Path:
    path = folder / "label.cbor"
    path.write_bytes(encode_label(one))
    return path


def foreign(folder: Path, one: Label, old: bytes = b"", new: bytes = b"") -> Path:
    """Write a label as others would, with one change."""
    octets = write_label_xml(write_back(one, PACK, native=False).label)
    path = folder / "foreign.xml"
    path.write_bytes(octets.replace(old, new) if old else octets)
    return path


def shown(path: Path, pack: Path, *more: str) -> Ran:
    return run("label", "show", path, "--pack", pack, "--lang", "en", *more)


def test_show_tells_markings_review_and_successor(tmp_path: Path, pack: Path) -> None:
    later = label([NATO_HOME], level="unclassified", created=Instant(CREATED + 1))
    one = label(
        [NATO_HOME],
        restrict=frozenset({"sens:atomal"}),
        control=frozenset({"ctrl:no-onward"}),
        inform=frozenset({"admin:staff"}),
        successor=Successor(at=Instant(CREATED + 60), label=later),
    )
    ran = shown(native(tmp_path, one), pack)
    assert 0 == ran.code
    for line in (
        "readers must hold: sens:atomal",
        "bound by: ctrl:no-onward",
        "notes: admin:staff",
        "review: 2027-03-01T00:00:00Z",
        "from 2026-03-01T08:01:00Z: N0",
    ):
        assert line in ran.out


def test_show_tells_what_is_public_and_what_is_not_valid(tmp_path: Path, pack: Path) -> None:
    ran = shown(native(tmp_path, label(level="secret", audience=Audience.of())), pack)
    assert "readers: everybody" in ran.out
    assert "not valid under the pack: " in ran.out
    path = native(tmp_path, label(level="secret", audience=Audience.of()))
    assert "label-audience-public" == done("label", "show", path, "--pack", pack)["invalid"]


def test_show_tells_what_a_foreign_label_lacks(tmp_path: Path, pack: Path) -> None:
    one = label([NATO_HOME])
    path = foreign(
        tmp_path,
        one,
        b' ReviewDateTime="2027-03-01T00:00:00Z"><ConfidentialityInformation>',
        b"><ConfidentialityInformation>",
    )
    octets = path.read_bytes().replace(
        b"</ConfidentialityInformation>",
        b'<Category TagName="Other" Type="INFORMATIVE"><GenericValue>X</GenericValue></Category>'
        b'<x:y xmlns:x="urn:other"/></ConfidentialityInformation>',
    )
    path.write_bytes(octets)
    ran = shown(path, pack)
    assert 0 == ran.code
    assert "neither a review date nor a successor" in ran.out
    assert "an extension of another maker is not carried over" in ran.out
    assert "Category[2] is not carried over" in ran.out
    told = run(
        *("label", "convert", path, "--to", "native", "--out", tmp_path / "new.cbor"),
        *("--pack", pack, "--lang", "en"),
    )
    assert "Category[2] is not carried over" in told.err
    assert "neither a review date nor a successor" in told.err


def test_owner_is_asked_for_where_the_label_names_none(tmp_path: Path, pack: Path) -> None:
    path = foreign(tmp_path, label([NATO_HOME]), b"urn:x-secure-liaison:leaf:", b"mailto:")
    assert 4 == shown(path, pack).code
    assert 2 == shown(path, pack, "--owner", "somebody").code
    assert OWNER == done("label", "show", path, "--pack", pack, "--owner", OWNER)["owner"]


def test_convert_names_what_was_narrowed(tmp_path: Path, pack: Path) -> None:
    one = label([NATO_HOME, "nation:SWE"], [NATO_HOME, "nation:IRL"], [NATO_HOME, "nation:NZL"])
    path = native(tmp_path, one)
    out = tmp_path / "new.xml"
    ran = run(
        *("label", "convert", path, "--to", "4774-xml", "--out", out),
        *("--pack", pack, "--bare", "--lang", "en"),
    )
    assert 0 == ran.code
    assert "fewer may read what was written: rel cannot say " in ran.err
    back = tmp_path / "back.cbor"
    done("label", "convert", out, "--to", "native", "--out", back, "--pack", pack)
    heard = decode_label(back.read_bytes())
    assert heard.audience.within(one.audience)
    assert heard.audience != one.audience


def test_policy_that_no_built_in_pack_has_is_refused(tmp_path: Path) -> None:
    path = foreign(tmp_path, label([KFOR_HOME]), b">NATO</Pol", b">ACME</Pol")
    assert "pack-unknown" == run("label", "show", path, "--json").data["error"]["reason"]


def test_pack_is_found_by_the_policy_that_a_label_names(tmp_path: Path) -> None:
    path = foreign(
        tmp_path,
        replace(label([NATO_HOME])),
        b'<PolicyIdentifier URI="urn:oid:1.3.26.1.3.1">NATO</PolicyIdentifier>',
        b"<PolicyIdentifier>General-purpose levels</PolicyIdentifier>",
    )
    told = run("label", "show", path, "--json").data["error"]["reason"]
    assert "label4774-category" == told
