"""The published vectors: each file opens, or is refused for exactly the reason that it names."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from secure_liaison.capsule.format import Role
from secure_liaison.capsule.head import HeadRecord
from secure_liaison.capsule.unseal import reveal
from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import Realm, Secret
from secure_liaison.crypto.signing import VerifyKey
from secure_liaison.errors import LiaisonError
from secure_liaison.i18n import Language, catalogue
from secure_liaison.monitor.decision import Action
from tests.capsule.forge import NOW
from tests.capsule.reading import Reader, Sink
from tests.vectors.capsule.scenarios import OPENED, scenarios

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "vectors" / "capsule"
VECTORS = sorted(FOLDER.glob("*.txt"))
SEALING_ONLY = {
    "capsule-claims-too-large",
    "capsule-head-too-large",
    "capsule-payload-too-large",
    "capsule-too-many-recipients",
    "capsule-part-short",
    "capsule-part-long",
}


@dataclass(frozen=True, kw_only=True)
class Vector:
    """One file, taken apart."""

    expect: str
    fields: dict[str, str]
    parts: list[list[str]]

    def octets(self, name: str) -> bytes:
        if f"{name}-base64" in self.fields:
            return base64.b64decode(self.fields[f"{name}-base64"], validate=True)
        return bytes.fromhex(self.fields.get(name, ""))

    def reader(self) -> Reader:
        return Reader(
            realm=Realm(self.octets("realm")),
            now=int(self.fields["now"]),
            role=Role(int(self.fields["kem-role"])),
            kem=KemPrivateKey(Secret(self.octets("kem-seed"))),
            device=self.octets("reader-device"),
            officer=self.octets("reader-officer"),
            signer=VerifyKey(self.octets("signer-key")),
            signer_device=self.octets("signer-device"),
            signer_officer=self.octets("signer-officer"),
        )


def parsed(path: Path) -> Vector:
    head, _, rest = path.read_text(encoding="utf-8").partition("\n\n")
    expect = re.match(r"expect: (.+)\ncomment: .+", head)
    assert expect is not None
    pairs = [line.split(": ", 1) for line in rest.splitlines()]
    return Vector(
        expect=expect[1],
        fields={name: value for name, value in pairs if name != "part"},
        parts=[value.split("|") for name, value in pairs if name == "part"],
    )


def opened(vector: Vector) -> tuple[bytes, HeadRecord, dict[str, bytes] | None]:
    reader = vector.reader()
    verified = reader.verify(vector.octets("envelope"))
    sink = Sink()
    record = reveal(
        verified,
        reader.permit(verified, Action.OPEN),
        leaves=vector.octets("leaves"),
        body=BytesIO(vector.octets("body")),
        sink=sink,
        now=Instant(NOW),
    )
    return verified.digest, record, sink.published


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_vector_gives_what_it_says(path: Path) -> None:
    vector = parsed(path)
    if vector.expect != OPENED:
        with pytest.raises(LiaisonError) as caught:
            opened(vector)
        assert f"{caught.value.code} {caught.value.reason}" == vector.expect
        return
    digest, record, published = opened(vector)
    assert digest == vector.octets("digest")
    assert record.subject == vector.fields["subject"]
    found = [
        [part.name, part.media_type, str(part.size), hashlib.sha256(octets).hexdigest()]
        for part, octets in zip(record.parts, (published or {}).values(), strict=True)
    ]
    assert found == vector.parts


def test_every_scenario_has_its_vector() -> None:
    assert {path.stem for path in VECTORS} == {scenario.name for scenario in scenarios()}


def test_every_refusal_of_the_specification_has_a_vector() -> None:
    page = (ROOT / "docs" / "spec" / "capsule.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(capsule-[a-z-]+)`", page.partition("## 18.")[2]))
    shown = {parsed(path).expect.partition(" ")[2] for path in VECTORS}
    assert listed - SEALING_ONLY - shown == set()


def test_every_refusal_of_the_vectors_is_in_the_specification() -> None:
    page = (ROOT / "docs" / "spec" / "capsule.md").read_text(encoding="utf-8")
    shown = {parsed(path).expect.partition(" ")[2] for path in VECTORS}
    own = {reason for reason in shown if reason.startswith("capsule-")}
    assert own - set(re.findall(r"`(capsule-[a-z-]+)`", page)) == set()


@pytest.mark.parametrize("language", list(Language))
def test_every_refusal_of_the_vectors_has_its_sentence(language: Language) -> None:
    shown = {parsed(path).expect.replace(" ", ".") for path in VECTORS} - {OPENED}
    own = {f"error.{key}" for key in shown if ".capsule-" in key}
    assert own - catalogue(language).keys() == set()
