"""XML SPIF 2.1 to a policy pack: everything carried over, or reported; nothing guessed.

Rules:

- Errors mean no pack. Warnings say what was lost or read in one of several ways; notes say what
  was filled in.
- The result is the file of a pack: what `load_pack` reads is exactly what was imported.
- A pack made from a SPIF is checked as every pack.

Source: docs/spec/foreign-labels.md §1; labels report §3.3.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from secure_liaison.errors import FormatError
from secure_liaison.labels.ess import EssForm
from secure_liaison.labels.import_report import ImportReport
from secure_liaison.labels.pack import load_pack
from secure_liaison.labels.spif_equivalence import SpifEquivalence, plan_equivalences
from secure_liaison.labels.spif_file import read_spif
from secure_liaison.labels.spif_pack import pack_file
from secure_liaison.labels.spif_plan import Decisions, plan
from secure_liaison.labels.spif_policy import TagType
from secure_liaison.labels.spif_supplement import Supplement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.spif_plan import Plan

__all__ = ["SpifImport", "import_spif"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifImport:
    """What came of a SPIF.

    Attributes:
        report: Everything that was found.
        pack: The pack, or none if an error was found.
        file: Its file, UTF-8; empty without a pack.
        equivalences: What the SPIF says of other policies.
        forms: By category id, how ESS labels of this policy write its numbers.
    """

    report: ImportReport
    pack: PolicyPack | None = None
    file: bytes = b""
    equivalences: tuple[SpifEquivalence, ...] = ()
    forms: Mapping[str, EssForm] = field(default_factory=dict)


def import_spif(
    data: bytes, *, decisions: Decisions | None = None, supplement: Supplement | None = None
) -> SpifImport:
    """Import one file of at most 4 MiB.

    Args:
        data: The XML.
        decisions: What its permissive tags mean.
        supplement: What it does not say.

    Raises:
        FormatError: those of `read_xml`: what is not XML at all has no parts to report on.
    """
    report, added = ImportReport(), supplement or Supplement()
    policy = read_spif(data, report)
    if not policy.classes:
        return SpifImport(report=report)  # an error says why; the rest would be noise
    planned = plan(policy, decisions or Decisions(), added, report)
    digest = hashlib.sha256(data).hexdigest()
    made = pack_file(policy, planned, added, report, digest=digest)
    equivalences = plan_equivalences(policy, planned, report)
    if report.failed:
        return SpifImport(report=report)
    file = _encoded(made)
    try:
        pack = load_pack(file)
    except FormatError as error:
        facts = ", ".join(f"{name}: {fact}" for name, fact in error.facts.items())
        report.error("pack-refused", reason=error.reason, facts=facts or "-")
        return SpifImport(report=report)
    return SpifImport(
        report=report, pack=pack, file=file, equivalences=equivalences, forms=_forms(planned)
    )


def _encoded(made: dict[str, Any]) -> bytes:
    return (json.dumps(made, ensure_ascii=False, indent=2) + "\n").encode()


def _forms(planned: Plan) -> dict[str, EssForm]:
    bits = {
        TagType.RESTRICTIVE: True,
        TagType.PERMISSIVE: True,
        TagType.ENUMERATED_RESTRICTIVE: False,
        TagType.ENUMERATED_PERMISSIVE: False,
    }
    return {
        tag.id: EssForm.BITMAP if bits.get(tag.source.type, tag.source.bits) else EssForm.ENUMERATED
        for tag in planned.tags
    }
