"""Write the test vectors of the capsule: ``python -m tests.vectors.capsule.generate``.

The capsules come from `tests.capsule.forge`, a second sealer that shares no framing, encoding or
key schedule with the library. Key encapsulation and ML-DSA signing draw fresh bytes, so a new run
writes other files; the committed ones are frozen and are written anew only with the format.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from tests.capsule.forge import NOW, Forge, Forged, fixed
from tests.vectors.capsule.scenarios import OPENED, Scenario, scenarios

HERE = Path(__file__).parent
SIGNER = Forge().signer.verify_key.octets
NEEDS_BODY = (
    "capsule-leaf-list",
    "capsule-payload",
    "capsule-range",
    "capsule-body",
    "capsule-head",
)
NAMES_WITH_BODY = ("payload_", "head_padding", "parts_size", "part_")


def main() -> None:
    for old in HERE.glob("*.txt"):
        old.unlink()
    for scenario in scenarios():
        text = written(scenario, scenario.edit(scenario.forge.make()))
        (HERE / f"{scenario.name}.txt").write_text(text, encoding="utf-8")


def written(scenario: Scenario, made: Forged) -> str:
    lines = {
        "realm": scenario.forge.realm.hex(),
        "now": str(NOW),
        "kem-seed": fixed("reader kem").hex(),
        "kem-role": str(scenario.forge.role),
        "reader-device": fixed("reader device", 16).hex(),
        "reader-officer": fixed("reader officer", 16).hex(),
        "signer-key": SIGNER.hex(),
        "signer-device": fixed("signer device", 16).hex(),
        "signer-officer": fixed("signer officer", 16).hex(),
        **scenario.reader,
    }
    text = f"expect: {scenario.expect}\ncomment: {scenario.comment}\n\n"
    text += "".join(f"{name}: {value}\n" for name, value in lines.items())
    if scenario.expect == OPENED:
        text += f"digest: {made.digest.hex()}\nsubject: {scenario.forge.subject}\n"
        for name, kind, octets in scenario.forge.parts:
            text += f"part: {name}|{kind}|{len(octets)}|{hashlib.sha256(octets).hexdigest()}\n"
    text += f"envelope-base64: {base64.b64encode(made.envelope).decode()}\n"
    if reaches_the_body(scenario):
        text += f"leaves: {made.leaves.hex()}\n"
        text += f"body-base64: {base64.b64encode(made.body).decode()}\n"
    return text


def reaches_the_body(scenario: Scenario) -> bool:
    _, _, reason = scenario.expect.partition(" ")
    return (
        scenario.expect == OPENED
        or reason.startswith(NEEDS_BODY)
        or scenario.name.startswith(NAMES_WITH_BODY)
    )


if __name__ == "__main__":
    main()
