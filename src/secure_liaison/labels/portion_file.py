"""A paper in portions as its author writes it down: one file, each portion with its mark and text.

Rules:

- TOML, or JSON with the same names; unknown and missing names are refused.
- A portion is marked by the policy's portion marks where it has them, otherwise like a document.
- Owner, day and period are those of the whole; a mark that states a period keeps its own.
- The whole is what its portions make together, unless the author marks it; then it is checked.

Source: docs/spec/labels.md §15.1.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience, require_leaf
from secure_liaison.labels.compilation import compilation_findings
from secure_liaison.labels.label import Determination, Label
from secure_liaison.labels.lattice import join_all
from secure_liaison.labels.mark_label import audience_said, label_of_mark, period_said
from secure_liaison.labels.marking import parse_mark, parse_portion
from secure_liaison.labels.period import PeriodForm
from secure_liaison.labels.portions import MAX_PORTIONS, portion_of, require_whole
from secure_liaison.labels.rendition import Piece, Rendition, rendition_under
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.labels.compilation import CompilationFinding
    from secure_liaison.labels.marking import ParsedMark
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.strict_json import Json

__all__ = ["Paper", "paper_from", "read_portion_file", "rendition_of"]

MAX_FILE_BYTES: Final = 4 * 2**20
_MAX_TEXT: Final = 100_000
_MAX_MARK: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper in portions.

    Attributes:
        pack: Of every label of it.
        label: Of the whole.
        pieces: The portions with their octets, in their order.
        stated: Whether the author marked the whole; otherwise nobody has determined it.
        findings: What the pack's rules for compilations say of it; nothing is applied.
        period: As the file states it; may be empty.
    """

    pack: PolicyPack
    label: Label
    pieces: tuple[Piece, ...]
    stated: bool
    findings: tuple[CompilationFinding, ...]
    period: str


def read_portion_file(octets: bytes) -> JsonFields:
    """Read a file of at most 4 MiB: JSON if it begins with a brace, otherwise TOML.

    Raises:
        FormatError: ``too-long``, as `read_json`, or ``portion-file-toml``.
    """
    if len(octets) > MAX_FILE_BYTES:
        raise FormatError("too-long", limit=MAX_FILE_BYTES)
    if octets.lstrip().startswith(b"{"):
        return JsonFields(read_json(octets, max_bytes=MAX_FILE_BYTES))
    try:
        value: Json = tomllib.loads(octets.decode())
    except ValueError as exc:
        raise FormatError("portion-file-toml") from exc
    return JsonFields(value)


def paper_from(fields: JsonFields, pack_of: Callable[[str], PolicyPack]) -> Paper:
    """Return the paper that a file describes.

    Args:
        fields: As read.
        pack_of: Gives the pack that the file names.

    Raises:
        FormatError: as `JsonFields`, ``label-audience-leaf``, ``portion-file-date``,
            ``portion-count``, as `parse_mark` and `period_said`, then as `require_whole`.
    """
    pack = pack_of(fields.text("policy"))
    owner = require_leaf(fields.text("owner"))
    created = _moment(fields.text("created"))
    period = fields.text("period") if fields.has("period") else ""
    mark = fields.text("document", max_size=_MAX_MARK) if fields.has("document") else ""
    reason = fields.text("reason") if fields.has("reason") else ""
    each_of = fields.objects("portion")
    fields.done()
    if not 1 <= len(each_of) <= MAX_PORTIONS:
        raise FormatError("portion-count", limit=MAX_PORTIONS)

    def label(found: ParsedMark, why: str = "") -> Label:
        return _label(found, pack, owner=owner, created=created, period=period, reason=why)

    pieces = tuple(_piece(each, pack, label) for each in each_of)
    labels = [piece.portion.label for piece in pieces]
    whole = label(parse_mark(mark, pack), reason) if mark else join_all(labels, pack)
    if mark:
        require_whole(whole, [piece.portion for piece in pieces], pack)
    return Paper(
        pack=pack,
        label=whole,
        pieces=pieces,
        stated=bool(mark),
        findings=compilation_findings(whole, labels, pack),
        period=period,
    )


def rendition_of(paper: Paper, mark: str) -> Rendition:
    """Return what of a paper may stand in a new one under this mark, whole portions only.

    Raises:
        FormatError: as `parse_mark` and `period_said`.
    """
    whole = paper.label
    found = parse_mark(mark, paper.pack)
    # Of the same owner and day, so that groups are the same groups; and binding as long.
    under = _label(
        found,
        paper.pack,
        owner=whole.owner,
        created=whole.created,
        period=paper.period,
        reason="",
    )
    return rendition_under(under, paper.pieces, paper.pack)


def _piece(fields: JsonFields, pack: PolicyPack, label: Callable[[ParsedMark], Label]) -> Piece:
    mark = fields.text("mark", max_size=_MAX_MARK)
    octets = fields.text("text", max_size=_MAX_TEXT).encode()
    secret = fields.boolean("secret_point") if fields.has("secret_point") else False
    fields.done()
    short = pack.marking.portion is not None and mark.lstrip().startswith(
        pack.marking.portion.opening
    )
    found = parse_portion(mark, pack) if short else parse_mark(mark, pack)
    return Piece(portion=portion_of(octets, label(found), secret_point=secret), octets=octets)


def _label(
    found: ParsedMark,
    pack: PolicyPack,
    *,
    owner: str,
    created: Instant,
    period: str,
    reason: str,
) -> Label:
    said = audience_said(found.markings, pack, owner=owner, created=created)
    stated = found.period.form is not PeriodForm.OPEN
    made = label_of_mark(
        found,
        pack,
        owner=owner,
        created=created,
        audience=Audience.of({owner}) if said.is_public else said,
        period=period_said(found, pack, text="" if stated else period, start=created),
    )
    return replace(made, determination=Determination(reason=reason))


def _moment(text: str) -> Instant:
    try:
        return from_iso(text)
    except ValueError as exc:
        raise FormatError("portion-file-date") from exc
