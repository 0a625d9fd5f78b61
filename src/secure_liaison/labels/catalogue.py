"""国家秘密事项一览表: the list of items that a body may find secret, as data.

Rules:

- An entry says name, level, period, scope and the level of body at which the item arises, decided
  together, with its basis; or it says that the item is not secret.
- An entry proposes; people decide. What departs from an entry downwards needs a remark.
- Reading is strict, and a catalogue that contradicts its pack is refused.
- None ships with the library: a real list is itself for those concerned only.

Source: docs/spec/determination.md §8; 保守国家秘密法实施条例(2024) 第十二、十三条.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.pack_fields import read_basis, read_names
from secure_liaison.labels.period import (
    Period,
    PeriodForm,
    months_of,
    period_dominates,
)
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.clock import Instant
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.naming import Basis, Names
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.strict_json import Json

__all__ = [
    "CATALOGUE_VERSION",
    "MAX_CATALOGUE_BYTES",
    "Catalogue",
    "CatalogueEntry",
    "falls_below",
    "load_catalogue",
]

CATALOGUE_VERSION: Final = 0
"""draft-0."""
MAX_CATALOGUE_BYTES: Final = 2**22

_FORMAT: Final = "secure-liaison/catalogue"
_SLUG: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}")
_ITEM: Final = re.compile(r"[0-9a-z][0-9a-z.-]{0,31}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORMS: Final = {form.name.lower(): form for form in PeriodForm}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One item.

    Attributes:
        id: ``12.3``; once in its catalogue.
        names: What the item is called.
        level: Level id, or empty where the item is not secret.
        period: Without a start; nothing where the item is not secret.
        scope: Who is to know, in words, in both languages.
        arises: Kinds of body at which the item arises (产生层级), as the pack's authority table
            names them, or further kinds without authority of their own.
        basis: The range of secret matters (保密事项范围) that it comes from.
        audience: The same scope as leaves, where the list says so.
    """

    id: str
    names: Names
    level: str
    period: Period | None
    scope: Names
    arises: tuple[str, ...]
    basis: tuple[Basis, ...]
    audience: Audience | None = None

    @property
    def is_secret(self) -> bool:
        """Whether the entry proposes a level at all."""
        return bool(self.level)

    @property
    def is_dated(self) -> bool:
        """Whether the period proposed is a duration or a moment."""
        dated = {PeriodForm.DURATION, PeriodForm.MOMENT}
        return self.period is not None and self.period.form in dated

    def period_from(self, start: Instant) -> Period:
        """Return the period proposed, counted from ``start`` where it is a duration or a moment.

        Raises:
            ValueError: the entry is not secret; a programmer's mistake.
        """
        if self.period is None:
            msg = "an item that is not secret has no period"
            raise ValueError(msg)
        return replace(self.period, start=start if self.is_dated else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One version of one body's list; built by `load_catalogue` only.

    Attributes:
        policy: Id of the policy, without a version.
        version: Date, ``2026-01-01``.
        issued_by: The body that made the list.
    """

    id: str
    version: str
    policy: str
    names: Names
    issued_by: Names
    basis: tuple[Basis, ...]
    entries: tuple[CatalogueEntry, ...]

    @property
    def catalogue_id(self) -> str:
        """The name by which labels cite it: ``mfa.items@2026-01-01``."""
        return f"{self.id}@{self.version}"

    def cite(self, entry: CatalogueEntry) -> str:
        """Return how a label's determination names an entry: ``mfa.items@2026-01-01#12.3``."""
        return f"{self.catalogue_id}#{entry.id}"

    def entry(self, item: str) -> CatalogueEntry:
        """Return an entry by its id, or by how a label cites it.

        Raises:
            FormatError: ``catalogue-item-unknown``.
        """
        named, hash_sign, entry_id = item.rpartition("#")
        if not hash_sign or named == self.catalogue_id:
            for entry in self.entries:
                if entry.id == entry_id:
                    return entry
        raise FormatError("catalogue-item-unknown")


def falls_below(label: Label, entry: CatalogueEntry, pack: PolicyPack) -> bool:
    """Whether a label protects less, in level, period or audience, than its entry proposes.

    Raises:
        FormatError: ``label-level-unknown``.
    """
    if entry.period is None:
        return False
    start = label.period.start if label.period.start is not None else label.created
    # Counted as the label counts its own: from the same moment, in the same zone.
    wanted = replace(
        label.period,
        form=entry.period.form,
        value=entry.period.value,
        start=start if entry.is_dated else None,
    )
    lower = pack.level(label.level).rank < pack.level(entry.level).rank
    wider = entry.audience is not None and not label.audience.within(entry.audience)
    return lower or wider or not period_dominates(label.period, wanted)


def load_catalogue(data: bytes, pack: PolicyPack) -> Catalogue:
    """Read one catalogue of at most 4 MiB and check it against the pack that it is for.

    Raises:
        FormatError: those of `read_json` and `JsonFields`, ``catalogue-format``,
            ``catalogue-policy``, ``catalogue-duplicate``, ``catalogue-entry`` with the place.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = JsonFields(read_json(data, max_bytes=MAX_CATALOGUE_BYTES))
    if fields.text("format") != _FORMAT:
        raise FormatError("catalogue-format")
    version = fields.integer("format_version")
    if version != CATALOGUE_VERSION:
        raise UnsupportedVersionError("unknown-version", version=version)
    catalogue = Catalogue(
        id=_matching(fields, "id", _SLUG),
        version=_date(fields),
        policy=_matching(fields, "policy", _SLUG),
        names=read_names(fields),
        issued_by=read_names(fields, "issued_by"),
        basis=read_basis(fields),
        entries=tuple(_read_entry(each, pack) for each in fields.objects("entries")),
    )
    fields.done()
    if catalogue.policy != pack.id:
        raise FormatError("catalogue-policy")
    ids = [entry.id for entry in catalogue.entries]
    if len(set(ids)) != len(ids):
        raise FormatError("catalogue-duplicate")
    return catalogue


def _read_entry(fields: JsonFields, pack: PolicyPack) -> CatalogueEntry:
    item = _matching(fields, "id", _ITEM)
    names = read_names(fields)
    if fields.is_null("level"):
        level, period = "", None
        if not fields.is_null("period"):
            raise FormatError("catalogue-entry", place=fields.at("period"))
    else:
        level = _matching(fields, "level", _SLUG)
        period = _read_period(fields, level, pack)
    arises = fields.texts("arises")
    if not arises or not all(map(_SLUG.fullmatch, arises)):
        raise FormatError("catalogue-entry", place=fields.at("arises"))
    scope = read_names(fields, "scope")
    audience = _read_audience(fields) if fields.has("audience") else None
    if audience is not None and period is None:
        raise FormatError("catalogue-entry", place=fields.at("audience"))
    basis = read_basis(fields)
    fields.done()
    return CatalogueEntry(
        id=item,
        names=names,
        level=level,
        period=period,
        scope=scope,
        arises=arises,
        basis=basis,
        audience=audience,
    )


def _read_audience(fields: JsonFields) -> Audience:
    place, taken = fields.at("audience"), fields.value("audience")
    if not isinstance(taken, list) or not taken:
        raise FormatError("catalogue-entry", place=place)
    try:
        return Audience.of(*(_leaves(group, place) for group in taken))
    except FormatError as exc:
        raise FormatError("catalogue-entry", place=place) from exc


def _leaves(group: Json, place: str) -> Iterator[str]:
    if not isinstance(group, list) or not group:
        raise FormatError("catalogue-entry", place=place)
    for leaf in group:
        if not isinstance(leaf, str):
            raise FormatError("catalogue-entry", place=place)
        yield leaf


def _read_period(fields: JsonFields, level_id: str, pack: PolicyPack) -> Period:
    place = fields.at("period")
    taken = fields.fields("period")
    form, value = taken.text("form"), taken.value("value")
    taken.done()
    if form not in _FORMS or not isinstance(value, str):
        raise FormatError("catalogue-entry", place=place)
    try:
        level = pack.level(level_id)
        period = Period(form=_FORMS[form], value=value)
    except FormatError as exc:
        raise FormatError("catalogue-entry", place=place) from exc
    months, years = months_of(period), level.max_period_years
    over = months is not None and years is not None and months > 12 * years
    if period.form not in pack.period.forms or over:
        raise FormatError("catalogue-entry", place=place)
    return period


def _matching(fields: JsonFields, name: str, pattern: re.Pattern[str]) -> str:
    taken = fields.text(name)
    if pattern.fullmatch(taken) is None:
        raise FormatError("catalogue-entry", place=fields.at(name))
    return taken


def _date(fields: JsonFields) -> str:
    taken = _matching(fields, "version", _DATE)
    try:
        from_iso(taken)
    except ValueError as exc:
        raise FormatError("catalogue-entry", place=fields.at("version")) from exc
    return taken
