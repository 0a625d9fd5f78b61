"""An agreement as a page: everything that a registrar signs, in words.

Source: docs/guides/agency.md; docs/spec/labels.md §8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secure_liaison.clock import to_iso

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.labels.agreement import Agreement, Ceiling, Equivalence

__all__ = ["as_data", "as_lines"]


def as_data(agreement: Agreement) -> dict[str, Any]:
    """Return the agreement for ``--json``."""
    courier = agreement.courier
    return {
        "id": agreement.id,
        "parties": list(agreement.parties),
        "signed_on": to_iso(agreement.signed_on),
        "valid_from": to_iso(agreement.valid_from),
        "valid_to": _until(agreement.valid_to),
        "ceilings": _ceilings(agreement.ceilings),
        "accreditation": _ceilings(agreement.accreditation),
        "subjects": list(agreement.subjects),
        "excluded_subjects": list(agreement.excluded_subjects),
        "onward": agreement.onward.name.lower(),
        "articles": {each.topic: each.article for each in agreement.articles},
        "packs": {each.policy: each.digest.hex() for each in agreement.packs},
        "courier": None
        if courier is None
        else {"max_age_hours": courier.max_age_hours, "ceilings": _ceilings(courier.ceilings)},
        "witness_policy": agreement.witness_policy,
        "log_keys": list(agreement.log_keys),
        "equivalences": [_equivalence(each) for each in agreement.equivalences],
    }


def as_lines(surface: Surface, agreement: Agreement) -> list[str]:
    """Return the agreement for a person."""
    say = surface.text
    first, second = agreement.parties
    lines = [
        say("cli.agreement.head", name=agreement.id, a=first[:16], b=second[:16]),
        say(
            "cli.agreement.dates",
            start=to_iso(agreement.valid_from),
            end=_until(agreement.valid_to) or "—",
        ),
        say(f"cli.agreement.onward.{agreement.onward.name.lower()}"),
    ]
    for key, ceilings in (("ceiling", agreement.ceilings), ("accredited", agreement.accreditation)):
        lines += [
            say(f"cli.agreement.{key}", policy=each.policy, level=each.level) for each in ceilings
        ]
    for key, subjects in (
        ("subjects", agreement.subjects),
        ("excluded", agreement.excluded_subjects),
    ):
        lines += [say(f"cli.agreement.{key}", list=", ".join(subjects))] if subjects else []
    lines += [
        say("cli.agreement.article", topic=each.topic, article=each.article)
        for each in agreement.articles
    ]
    if agreement.courier is not None:
        lines.append(say("cli.agreement.courier", hours=agreement.courier.max_age_hours))
    lines += [_equivalence_line(surface, each) for each in agreement.equivalences]
    if not agreement.equivalences:
        lines.append(say("cli.agreement.no-equivalence"))
    packs = ", ".join(each.policy for each in agreement.packs)
    return [*lines, say("cli.agreement.packs", list=packs)]


def _equivalence_line(surface: Surface, entry: Equivalence) -> str:
    key = "cli.agreement.equivalent" if entry.to_level else "cli.agreement.none"
    return surface.text(
        key,
        source=f"{entry.from_policy}:{entry.from_level}",
        target=f"{entry.to_policy}:{entry.to_level}" if entry.to_level else entry.to_policy,
        article=entry.article,
    )


def _equivalence(entry: Equivalence) -> dict[str, Any]:
    return {
        "from": f"{entry.from_policy}:{entry.from_level}",
        "to_policy": entry.to_policy,
        "to_level": entry.to_level or None,
        "treatment": entry.treatment.name.lower(),
        "article": entry.article,
        "valid_from": to_iso(entry.valid_from),
        "valid_to": _until(entry.valid_to),
    }


def _ceilings(ceilings: tuple[Ceiling, ...]) -> dict[str, str]:
    return {each.policy: each.level for each in ceilings}


def _until(end: int | None) -> str | None:
    return None if end is None else to_iso(end)
