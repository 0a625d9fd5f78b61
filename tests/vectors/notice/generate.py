"""Write the test vectors of notices: ``python -m tests.vectors.notice.generate``."""

from __future__ import annotations

from pathlib import Path

from tests.vectors.notice.scenarios import REALM, Scenario, scenarios

HERE = Path(__file__).parent


def main() -> None:
    for old in HERE.glob("*.txt"):
        old.unlink()
    for scenario in scenarios():
        (HERE / f"{scenario.name}.txt").write_text(written(scenario), encoding="utf-8")


def written(scenario: Scenario) -> str:
    return (
        f"expect: {scenario.expect}\ncomment: {scenario.comment}\n\n"
        f"realm: {REALM.octets.hex()}\nrecord: {scenario.record.hex()}\n"
    )


if __name__ == "__main__":
    main()
