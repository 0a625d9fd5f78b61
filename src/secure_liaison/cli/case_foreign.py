"""``liaison case foreign``: a partner's material becomes a case of this desk, under an agreement.

Rules:

- A received object gives label and content itself; for anything else the file of the label and the
  files that it is for are named, and from whom they came.
- What is typed can raise and narrow; it never lowers what the agreement gives.

Source: docs/guides/determination.md; docs/spec/determination.md §6.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secure_liaison.cli.case_acts import (
    AgencyOption,
    ConsentOption,
    LevelOption,
    OfficerOption,
    PackOption,
    PeriodOption,
    ProvisionOption,
    RemarkOption,
    tell,
    words_of,
)
from secure_liaison.cli.label_reading import CreatedOption, OwnerOption, reading_of
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import desk, read_input, typed
from secure_liaison.labels.acts import Propose, Purpose
from secure_liaison.labels.label_file import read_label_file
from secure_liaison.workflows import holding, proposing
from secure_liaison.workflows.holding import Material

if TYPE_CHECKING:
    from secure_liaison.labels.label import Label
    from secure_liaison.office import Office

__all__ = ["foreign"]


def foreign(
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…")] = None,
    *,
    received: Annotated[str, typer.Option("--object", metavar="ID")] = "",
    label: Annotated[Path | None, typer.Option("--label", metavar="FILE")] = None,
    partner: Annotated[str, typer.Option("--from", metavar="CODE")] = "",
    owner: OwnerOption = "",
    created: CreatedOption = "",
    level: LevelOption = "",
    period: PeriodOption = "",
    agency: AgencyOption = None,
    officer: OfficerOption = None,
    remark: RemarkOption = "",
    provision: ProvisionOption = "",
    consent: ConsentOption = "",
    pack: PackOption = "cn.state-secrets",
) -> None:
    """Open a case for a partner's material and propose its label here."""
    by_label = label is not None and bool(partner) and bool(files) and not received
    by_object = bool(received) and label is None and not partner and not files
    if by_label is by_object:
        raise UsageProblem("cli.usage.object-or-label")
    theirs = None if label is None else _label_in(context, label, owner=owner, created=created)
    words = words_of(level, period, agency, officer, pack=pack)
    with desk(context) as office:
        if theirs is None:
            material = holding.material_received(office, received)
        else:
            material = _material(office, theirs, partner, files or [])
        with typed(context):
            proposal = Propose(
                purpose=Purpose.FOREIGN,
                label=None,
                remark=remark,
                provision=provision,
                consent=consent,
            )
            tell(context, office, holding.hold(office, material, words, proposal))


def _label_in(context: typer.Context, file: Path, *, owner: str, created: str) -> Label:
    read = read_label_file(read_input(file))
    return reading_of(context, read, pack=None, owner=owner, created=created).heard.label


def _material(office: Office, label: Label, partner: str, files: list[Path]) -> Material:
    agency = office.directory.agency_by_code(partner).agency_id
    with ExitStack() as opened:
        streams = [opened.enter_context(path.open("rb")) for path in files]
        subject = proposing.subject_of(office, streams)
    return Material(label=label, partner=agency, subject=subject)
