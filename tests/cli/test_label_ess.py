"""Labels of ESS and XEP-0258 in files: shown, written, and what is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from secure_liaison.labels.audience import Audience
from secure_liaison.labels.ess_mapping import to_ess
from secure_liaison.labels.label import Label, decode_label, encode_label
from secure_liaison.labels.xep0258 import DisplayMarking, SecurityLabel, write_security_label
from tests.cli.running import done, run
from tests.labels.ess_samples import PACK, labelled, numbered_file
from tests.labels.samples import CREATED, EMBASSY, MINISTRY, as_bytes

DAY = ("--owner", MINISTRY, "--created", "2026-03-01")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "pack.json"
    path.write_bytes(as_bytes(numbered_file()))
    return path


def native(folder: Path, one: Label) -> Path:
    path = folder / "label.cbor"
    path.write_bytes(encode_label(one))
    return path


def convert(path: Path, to: str, out: str, *more: str | Path) -> list[str | Path]:
    return ["label", "convert", path, "--to", to, "--out", path.with_name(out), *more]


def test_a_label_in_der_and_base64_is_shown(tmp_path: Path, pack: Path) -> None:
    text = tmp_path / "ess.txt"
    text.write_text("MQYCAQQG\nASk=\n", encoding="ascii")
    der = tmp_path / "ess.der"
    der.write_bytes(to_ess(labelled(), PACK).octets)
    for path in (text, der):
        told = done("label", "show", path, "--pack", pack, *DAY)
        assert ("ess", "secret", "", 0) == (
            *(told["form"], told["level"]),
            *(told["shown"], told["not_read"]),
        )


def test_a_label_goes_to_ess_and_comes_back(tmp_path: Path, pack: Path) -> None:
    path = native(tmp_path, labelled(restrict=frozenset({"project:alpha"})))
    told = done(*convert(path, "ess", "new.der", "--pack", pack))
    assert (True, []) == (told["exact"], told["left_out"])
    assert to_ess(decode_label(path.read_bytes()), PACK).octets == (
        (tmp_path / "new.der").read_bytes()
    )
    done(*convert(tmp_path / "new.der", "native", "back.cbor", "--pack", pack, *DAY))
    back = decode_label((tmp_path / "back.cbor").read_bytes())
    assert ("secret", frozenset({"project:alpha"})) == (back.level, back.restrict)
    assert CREATED == back.created


def test_what_ess_cannot_say_is_left_out_by_name_only(tmp_path: Path, pack: Path) -> None:
    path = native(tmp_path, labelled(review_at=CREATED))
    ran = run(*convert(path, "ess", "new.der", "--pack", pack), "--json")
    assert (4, "ess-left-out") == (ran.code, ran.data["error"]["reason"])
    assert not (tmp_path / "new.der").exists()
    choice = ("--leave-out", "review", "--lang", "en")
    ran = run(*convert(path, "ess", "new.der", "--pack", pack, *choice))
    assert (0, "liaison: left out: the review date\n") == (ran.code, ran.err)
    assert "written as ess: " in ran.out


def test_a_smaller_audience_is_written_only_on_demand(tmp_path: Path, pack: Path) -> None:
    path = native(tmp_path, labelled(audience=Audience.of([MINISTRY, EMBASSY])))
    ran = run(*convert(path, "ess", "new.der", "--pack", pack), "--json")
    assert (4, "ess-narrower") == (ran.code, ran.data["error"]["reason"])
    choice = ("--unsayable", "narrow", "--lang", "en")
    ran = run(*convert(path, "ess", "new.der", "--pack", pack, *choice))
    assert 0 == ran.code
    assert "fewer may read what was written: ESS cannot say all" in ran.err


def test_an_element_of_xep0258_carries_the_mark_beside_the_label(
    tmp_path: Path, pack: Path
) -> None:
    path = native(tmp_path, labelled())
    done(*convert(path, "xep0258", "new.xml", "--pack", pack))
    told = done("label", "show", tmp_path / "new.xml", "--pack", pack, *DAY)
    assert ("xep0258", "secret", 0) == (told["form"], told["level"], told["not_read"])
    assert told["shown"] in told["marks"].values()


def test_the_mark_shown_is_not_the_label(tmp_path: Path, pack: Path) -> None:
    octets = to_ess(labelled(), PACK).octets
    path = tmp_path / "loud.xml"
    path.write_bytes(
        write_security_label(
            SecurityLabel(
                marking=DisplayMarking(text="PUBLIC"), label=octets, equivalents=(octets,)
            )
        )
    )
    ran = run("label", "show", path, "--pack", pack, *DAY, "--lang", "en")
    assert 0 == ran.code
    assert "text that came with it for display (proves nothing): PUBLIC" in ran.out
    assert "1 more labels that claim to say the same were not read" in ran.out
    assert not ran.out.startswith("PUBLIC")


def test_an_element_without_a_mark_is_read(tmp_path: Path, pack: Path) -> None:
    path = tmp_path / "plain.xml"
    path.write_bytes(write_security_label(SecurityLabel(label=to_ess(labelled(), PACK).octets)))
    assert "" == done("label", "show", path, "--pack", pack, *DAY)["shown"]
