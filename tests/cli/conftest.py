"""Two agencies that know each other, made once with commands and copied for each test."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.clock import SystemClock, to_iso
from secure_liaison.identity.anchors import open_anchor
from tests.cli.policy_samples import write_packs
from tests.cli.stage import Agency, agree, enrol, found

NOWHERE = "http://127.0.0.1:9"
"""The port for discarding: nobody listens there."""


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Agency, Agency]:
    """Two agencies that know each other and whose relay nobody can reach."""
    folder = tmp_path_factory.mktemp("stage")
    a = found(folder / "a", "EMB-A", "--realm-name", "EXERCISE transcripts", "--exercise")
    b = found(folder / "b", "EMB-B", "--join", a.anchor)
    enrol(a, "li.wei", level="机密")
    enrol(a, "chen.an", level=None, role="security")
    enrol(b, "j.okafor", level="机密")
    enrol(b, "m.rossi", level="秘密")
    agree(a, b)
    for agency in (a, b):
        agency.told |= agency.sign("publish", "--relay", NOWHERE, "--out", agency.folder, count=2)
    for agency, other in ((a, b), (b, a)):
        for login in agency.desks:
            agency.desk(login, "trust", other.anchor, "--digits", other.digits)
            agency.desk(login, "book", "import", a.told["book"], b.told["book"])
    return folder, a, b


def moved(agency: Agency, folder: Path) -> Agency:
    """The same agency in a copy of its folder."""
    told = {**agency.told, "book": str(folder / Path(agency.told["book"]).name)}
    desks = {login: folder / home.name for login, home in agency.desks.items()}
    return replace(agency, folder=folder, told=told, desks=desks)


def write_bodies(path: Path, bureau: Agency, *others: Agency) -> Path:
    """Write a list of central bodies, of which the first is the national bureau."""
    leaves = [
        f"agency:{open_anchor(each.anchor.read_bytes()).agency_id.hex()}"
        for each in (bureau, *others)
    ]
    none = dict.fromkeys(("superior", "bureau", "dissolved", "successor"))
    value = {
        "format": "secure-liaison/bodies",
        "format_version": 0,
        "national_bureau": leaves[0],
        "bodies": [{"leaf": leaf, "kind": "central", **none} for leaf in leaves],
    }
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


@pytest.fixture
def names(stage: tuple[Path, Agency, Agency], tmp_path: Path) -> dict[str, Any]:
    """What a story can name: the two agencies in a copy of the stage, and a folder of its own."""
    folder, a, b = stage
    shutil.copytree(folder, tmp_path / "stage")
    (tmp_path / "work").mkdir()
    write_packs(tmp_path / "packs")
    return {
        "A": moved(a, tmp_path / "stage" / "a"),
        "B": moved(b, tmp_path / "stage" / "b"),
        "tmp": tmp_path / "work",
        "samples": tmp_path / "packs",
        "bodies": write_bodies(tmp_path / "bodies.json", a, b),
        "day": to_iso(SystemClock().now())[:10],
    }
