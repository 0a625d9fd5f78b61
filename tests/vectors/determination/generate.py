"""Write the test vectors of determination: ``python -m tests.vectors.determination.generate``.

Signing draws fresh bytes, so a new run writes other files; the committed ones are frozen and are
written anew only with the format.
"""

from __future__ import annotations

import base64
from pathlib import Path

from tests.identity.case_chain import PEOPLE, agency_id, key, officer_id
from tests.labels.cases import REALM
from tests.vectors.determination.scenarios import Scenario, scenarios

HERE = Path(__file__).parent


def main() -> None:
    for old in HERE.glob("*.txt"):
        old.unlink()
    for scenario in scenarios():
        (HERE / f"{scenario.name}.txt").write_text(written(scenario), encoding="utf-8")
    (HERE / "signers.txt").write_text(signers(), encoding="utf-8")


def signers() -> str:
    lines = [
        f"{who}: {agency_id(who).hex()} {officer_id(who).hex()} {text(key(who).verify_key.octets)}"
        for who in PEOPLE
    ]
    return "\n".join(lines) + "\n"


def written(scenario: Scenario) -> str:
    lines = [
        f"expect: {scenario.expect}",
        f"comment: {scenario.comment}",
        "",
        f"realm: {REALM.octets.hex()}",
        f"now: {scenario.now}",
    ]
    lines += [f"held: {each.digest(REALM).hex()}" for each in scenario.held_of()[: scenario.held]]
    lines += [f"proven: {number} {at}" for number, at in sorted(scenario.proven.items())]
    lines += [f"act: {text(act)}" for act in scenario.acts()]
    return "\n".join(lines) + "\n"


def text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


if __name__ == "__main__":
    main()
