"""The terms of an agreement as people write them down: a file that becomes an `Agreement`.

Rules:

- Levels are named as in the pack or as people write them; what a pack does not know is refused.
- Equivalences stand there one by one with their articles, or are taken from a shipped table in one
  direction; none is invented.
- Who the parties are and since when it binds is not in the file: it comes with the signature.

Source: docs/spec/labels.md §8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.agreement import (
    Agreement,
    Article,
    Ceiling,
    CourierProfile,
    Equivalence,
    Onward,
    Treatment,
)
from secure_liaison.labels.equivalence_file import builtin_equivalences, equivalences_for
from secure_liaison.labels.pack_fields import read_date
from secure_liaison.labels.shelf import BUILTIN_SHELF, Shelf
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.agreement import AcceptedPack

__all__ = ["MAX_TERMS_BYTES", "Terms", "agreement_of", "read_terms", "terms_up_to"]

FORMAT: Final = "secure-liaison/agreement-terms"
FORMAT_VERSION: Final = 0
MAX_TERMS_BYTES: Final = 2**18

_ONWARD: Final = {"never": Onward.NEVER, "originator-consent": Onward.ORIGINATOR_CONSENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What both sides want to sign, apart from who and when.

    Attributes:
        tables: Shipped table, policy from which, policy to which.
    """

    ceilings: tuple[Ceiling, ...]
    accreditation: tuple[Ceiling, ...] = ()
    subjects: tuple[str, ...] = ()
    excluded_subjects: tuple[str, ...] = ()
    onward: Onward = Onward.ORIGINATOR_CONSENT
    articles: tuple[Article, ...] = ()
    courier: CourierProfile | None = None
    witness_policy: str = ""
    log_keys: tuple[str, ...] = ()
    equivalences: tuple[Equivalence, ...] = ()
    tables: tuple[tuple[str, str, str], ...] = ()

    def policies(self) -> tuple[str, ...]:
        """Return the policies up to whose levels something may pass, each once."""
        return tuple(dict.fromkeys(each.policy for each in self.ceilings))


def read_terms(data: bytes, *, packs: Shelf = BUILTIN_SHELF) -> Terms:
    """Read one file of at most `MAX_TERMS_BYTES`.

    Args:
        data: The file.
        packs: Where its policies are looked up.

    Raises:
        FormatError: ``too-long``, ``pack-duplicate-name``, ``pack-not-json``, as `JsonFields`, then
            ``pack-unknown``, ``label-level-unknown``.
        UnsupportedVersionError: ``unknown-version``.
        LiaisonError: as `Shelf.named`.
    """
    fields = JsonFields(read_json(data, max_bytes=MAX_TERMS_BYTES))
    if fields.text("format") != FORMAT:
        raise FormatError("pack-field-value", place="format")
    version = fields.integer("format_version")
    if version != FORMAT_VERSION:
        raise UnsupportedVersionError("unknown-version", version=version)
    terms = Terms(
        ceilings=_ceilings(fields.objects("ceilings"), packs),
        accreditation=_ceilings(fields.objects("accreditation"), packs),
        subjects=fields.texts("subjects"),
        excluded_subjects=fields.texts("excluded_subjects"),
        onward=_onward(fields),
        articles=tuple(_article(each) for each in fields.objects("articles")),
        courier=None if fields.is_null("courier") else _courier(fields.fields("courier"), packs),
        witness_policy=""
        if fields.is_null("witness_policy")
        else fields.text("witness_policy", max_size=8192),
        log_keys=fields.texts("log_keys"),
        equivalences=tuple(_equivalence(each) for each in fields.objects("equivalences")),
        tables=tuple(_table(each) for each in fields.objects("tables")),
    )
    fields.done()
    return terms


def terms_up_to(
    level: str, *, pack: str = "cn.state-secrets", packs: Shelf = BUILTIN_SHELF
) -> Terms:
    """Return the shortest terms: one policy up to one level, named as people write it.

    Raises:
        FormatError: ``pack-unknown``, ``label-level-unknown``.
        LiaisonError: as `Shelf.named`.
    """
    policy = packs.named(pack)
    return Terms(ceilings=(Ceiling(policy=policy.id, level=policy.find_level(level).id),))


def agreement_of(
    terms: Terms,
    *,
    name: str,
    parties: tuple[str, str],
    packs: Iterable[AcceptedPack],
    signed_on: Instant,
    valid_to: Instant | None,
) -> Agreement:
    """Return the agreement that is to be signed; it begins when it is signed.

    Raises:
        FormatError: ``equivalence-unknown``, ``equivalence-reference``, or as `Agreement`.
    """
    taken = [
        entry
        for table, source, target in terms.tables
        for entry in equivalences_for(
            builtin_equivalences(table),
            source,
            target,
            valid_from=signed_on,
            valid_to=valid_to,
        )
    ]
    return Agreement(
        id=name,
        parties=parties,
        signed_on=signed_on,
        valid_from=signed_on,
        valid_to=valid_to,
        ceilings=terms.ceilings,
        packs=tuple(packs),
        onward=terms.onward,
        articles=terms.articles,
        subjects=terms.subjects,
        excluded_subjects=terms.excluded_subjects,
        witness_policy=terms.witness_policy,
        log_keys=terms.log_keys,
        courier=terms.courier,
        accreditation=terms.accreditation,
        equivalences=(*terms.equivalences, *taken),
    )


def _ceilings(items: list[JsonFields], packs: Shelf) -> tuple[Ceiling, ...]:
    found = []
    for item in items:
        pack = packs.named(item.text("policy"))
        found.append(Ceiling(policy=pack.id, level=pack.find_level(item.text("level")).id))
        item.done()
    return tuple(found)


def _onward(fields: JsonFields) -> Onward:
    written = fields.text("onward")
    if written not in _ONWARD:
        raise FormatError("pack-field-value", place=fields.at("onward"))
    return _ONWARD[written]


def _article(fields: JsonFields) -> Article:
    article = Article(topic=fields.text("topic"), article=fields.text("article"))
    fields.done()
    return article


def _courier(fields: JsonFields, packs: Shelf) -> CourierProfile:
    courier = CourierProfile(
        max_age_hours=fields.integer("max_age_hours", low=1, high=24 * 366),
        ceilings=_ceilings(fields.objects("ceilings"), packs),
    )
    fields.done()
    return courier


def _equivalence(fields: JsonFields) -> Equivalence:
    none = fields.is_null("to_level")
    entry = Equivalence(
        from_policy=fields.text("from_policy"),
        from_level=fields.text("from_level"),
        to_policy=fields.text("to_policy"),
        to_level="" if none else fields.text("to_level"),
        treatment=Treatment.REFUSE if none else Treatment.PROTECT_AS,
        article=fields.text("article"),
        valid_from=Instant(0) if fields.is_null("from") else _day(fields, "from"),
        valid_to=None if fields.is_null("to") else _day(fields, "to"),
    )
    fields.done()
    return entry


def _day(fields: JsonFields, name: str) -> Instant:
    place = fields.at(name)
    try:
        return from_iso(read_date(fields, name))
    except ValueError as exc:
        raise FormatError("pack-field-value", place=place) from exc


def _table(fields: JsonFields) -> tuple[str, str, str]:
    table = fields.text("table"), fields.text("from_policy"), fields.text("to_policy")
    fields.done()
    return table
