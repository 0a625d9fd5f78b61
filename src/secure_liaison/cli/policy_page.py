"""What ``liaison policy`` prints: a pack, its findings, the changes between two; lines and JSON.

Source: docs/reference/commands.md; docs/guides/policy-pack.md.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from secure_liaison import i18n
from secure_liaison.clock import to_iso
from secure_liaison.labels.pack_diff import Change, Direction
from secure_liaison.labels.rule_words import condition_words, effect_words
from secure_liaison.labels.rules import (
    AllOf,
    AnyOf,
    Count,
    Forbid,
    Has,
    LevelAtLeast,
    LevelIn,
    Need,
    Not,
    OneOf,
    RaiseTo,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from secure_liaison.cli.surface import Surface
    from secure_liaison.labels.finding import Finding
    from secure_liaison.labels.naming import Basis
    from secure_liaison.labels.policy import Compilation, PolicyPack, Rule
    from secure_liaison.vault.shelves import OwnPack

__all__ = [
    "change_lines",
    "changes_as_data",
    "finding_lines",
    "findings_as_data",
    "pack_as_data",
    "pack_as_lines",
    "packs_in_use_as_data",
    "packs_in_use_as_lines",
    "summary",
]

_SHORT: Final = 8
"""Hex digits by which people tell keys apart."""


def summary(pack: PolicyPack) -> dict[str, Any]:
    """Return what tells a pack from others."""
    return {
        "id": pack.id,
        "version": pack.version,
        "names": _plain(pack.names),
        "digest": pack.digest().hex(),
    }


def pack_as_data(pack: PolicyPack) -> dict[str, Any]:
    """Return the whole pack; each level with the main points of how it is handled."""
    data = {
        each.name: _plain(getattr(pack, each.name))
        for each in fields(pack)
        if each.name not in {"canonical_digest", "index"}
    }
    for level in data["levels"]:
        handling = pack.handling_of(level["id"])
        level["custody"] = handling.custody
        level["acknowledge_hours"] = handling.acknowledge_hours
        level["briefing_max_age_days"] = handling.training_max_age_days
    hours = pack.freshness
    return {
        **data,
        **summary(pack),
        "send_hours": hours.send_hours,
        "open_hours": hours.open_hours,
    }


def packs_in_use_as_data(
    built_in: Iterable[PolicyPack], own: Iterable[OwnPack]
) -> list[dict[str, Any]]:
    """Return the packs that a desk uses; ``state`` is ``in-force`` or why one may not be used."""
    return [{**summary(pack), "origin": "built-in", "state": "in-force"} for pack in built_in] + [
        {
            **summary(each.pack),
            "origin": "own",
            "signed_by": sorted(key.hex() for key in each.signed.signers),
            "until": to_iso(each.signed.signature.not_after),
            "added": to_iso(each.accepted_at),
            "state": "in-force" if each.refusal is None else each.refusal.reason,
        }
        for each in own
    ]


def packs_in_use_as_lines(
    surface: Surface, built_in: Iterable[PolicyPack], own: Iterable[OwnPack]
) -> list[str]:
    """Return the packs that a desk uses for a person."""
    lines = [_in_use(surface, "cli.policy.pack-built-in", pack) for pack in built_in]
    for each in own:
        lines.append(_in_use(surface, "cli.policy.pack-own", each.pack))
        said = {
            "signers": ", ".join(sorted(key.hex()[:_SHORT] for key in each.signed.signers)),
            "until": to_iso(each.signed.signature.not_after)[:10],
        }
        if each.refusal is None:
            lines.append(surface.text("cli.policy.pack-in-force", **said))
        else:
            cause = i18n.cause(each.refusal, surface.language)
            lines.append(surface.text("cli.policy.pack-refused", **said, cause=cause))
    return lines


def _in_use(surface: Surface, key: str, pack: PolicyPack) -> str:
    return surface.text(key, policy=pack.policy_id, names=pack.names.text(surface.language))


def findings_as_data(
    surface: Surface, pack: PolicyPack, found: Iterable[Finding]
) -> dict[str, Any]:
    """Return the findings of one pack, with their sentences."""
    return {
        **summary(pack),
        "findings": [
            {
                "code": each.code.value,
                "severity": each.severity.value,
                "place": each.place,
                "names": list(each.names),
                "cause": each.cause(surface.language),
                "hint": each.hint(surface.language),
            }
            for each in found
        ],
    }


def finding_lines(surface: Surface, pack: PolicyPack, found: Sequence[Finding]) -> Iterator[str]:
    """Yield what is wrong with one pack."""
    if not found:
        yield surface.text("cli.policy.clean", policy=pack.policy_id)
        return
    yield pack.policy_id
    for each in found:
        severity = surface.text(f"cli.policy.{each.severity.value}")
        yield f"  {severity} {each.code.value}: {each.cause(surface.language)}"
        yield f"    {each.hint(surface.language)}"


def changes_as_data(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return the changes between two packs."""
    return [_plain(each) for each in changes]


def change_lines(surface: Surface, changes: Sequence[Change]) -> Iterator[str]:
    """Yield the changes between two packs, under what they do to protection."""
    if not changes:
        yield surface.text("cli.policy.unchanged")
    for direction in Direction:
        these = [each for each in changes if each.direction is direction]
        if these:
            yield surface.text(f"cli.policy.{direction.value}")
        for each in these:
            what = surface.text(f"diff.{each.subject}", name=each.name)
            yield f"  {what}: {_moved(surface, each)}"


def pack_as_lines(surface: Surface, pack: PolicyPack) -> Iterator[str]:
    """Yield a pack as a security officer reads it."""
    language = surface.language
    yield f"{pack.policy_id}  {pack.names.text(language)}"
    yield surface.text("cli.policy.from", at=pack.valid_from)
    yield surface.text("cli.policy.levels")
    for level in pack.levels:
        years = level.max_period_years
        longest = surface.text("cli.policy.years", years=years) if years else "—"
        reserved = surface.text("cli.policy.reserved") if level.reserved else ""
        mark = level.mark.text(language)
        yield f"  {level.id}  {mark}  {longest}  {reserved}".rstrip()
        yield f"    {level.meaning.text(language)}"
    yield from _categories(surface, pack)
    yield from _rules(surface, pack)
    yield from _deciding(surface, pack)
    yield surface.text("cli.policy.urgencies")
    for urgency in pack.urgencies:
        yield surface.text(
            "cli.policy.urgency",
            id=urgency.id,
            name=urgency.names.text(language),
            hours=urgency.acknowledge_hours,
        )
    hours = pack.freshness
    yield surface.text("cli.policy.freshness", send=hours.send_hours, open=hours.open_hours)
    yield surface.text("cli.policy.basis")
    yield from (f"  {each}" for each in _cited(surface, pack.basis))


def _categories(surface: Surface, pack: PolicyPack) -> Iterator[str]:
    if pack.categories:
        yield surface.text("cli.policy.categories")
    for category in pack.categories:
        kind = surface.text(f"cli.policy.kind.{category.kind.value}")
        yield f"  {category.id}  {category.names.text(surface.language)}  {kind}"
        for value in category.values:
            yield f"    {value.id}  {value.names.text(surface.language)}  {value.leaf}".rstrip()
    if pack.groups:
        yield surface.text("cli.policy.groups")
    for group in pack.groups:
        yield f"  {group.id}  {group.names.text(surface.language)}"
        for member in group.members:
            yield f"    {member.leaf}  {member.joined}–{member.left}"


def _rules(surface: Surface, pack: PolicyPack) -> Iterator[str]:
    rules: tuple[Rule | Compilation, ...] = (*pack.rules, *pack.compilation)
    if rules:
        yield surface.text("cli.policy.rules")
    for rule in rules:
        yield f"  {rule.id}  {rule.say.text(surface.language)}"
        yield from (f"    {each}" for each in _cited(surface, rule.basis))


def _deciding(surface: Surface, pack: PolicyPack) -> Iterator[str]:
    if pack.authority:
        yield surface.text("cli.policy.authority")
    for each in pack.authority:
        yield f"  {each.names.text(surface.language)}: {', '.join(each.levels)}"
    forms = sorted(pack.period.forms, key=lambda form: form.value)
    yield surface.text("cli.policy.periods")
    yield "  " + ", ".join(surface.text(f"cli.policy.form.{each.name.lower()}") for each in forms)
    for level, duration in pack.period.defaults:
        yield surface.text("cli.policy.default", level=level, duration=duration)


def _cited(surface: Surface, basis: Iterable[Basis]) -> list[str]:
    return [
        f"{each.cite}  [{surface.text(f'cli.policy.status.{each.status.value}')}]" for each in basis
    ]


def _moved(surface: Surface, change: Change) -> str:
    if not change.before:
        return surface.text("cli.policy.added")
    if not change.after:
        return surface.text("cli.policy.removed")
    said = (
        surface.text(f"cli.policy.{each}") if each in {"yes", "no"} else each
        for each in (change.before, change.after)
    )
    return " → ".join(said)


def _plain(value: Any) -> Any:
    """Return a value of a pack as JSON can hold it, rules in the words of the file."""
    match value:
        case Enum():
            return value.name.lower() if isinstance(value.value, int) else value.value
        case LevelAtLeast() | LevelIn() | Has() | Count() | AllOf() | AnyOf() | Not():
            return condition_words(value)
        case Need() | Forbid() | OneOf() | RaiseTo():
            return effect_words(value)
        case tuple() | list():
            return [_plain(each) for each in value]
        case frozenset():
            return sorted(_plain(each) for each in value)
        case _ if is_dataclass(value):
            return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            return value
