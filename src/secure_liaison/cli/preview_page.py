"""What would be sent, as a page: marks, readers, who is left out by which group, what is refused.

Source: docs/guides/officer.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secure_liaison.cli.leaf_words import audience_words, known_to, leaf_words
from secure_liaison.i18n import Language
from secure_liaison.labels.marking import render
from secure_liaison.labels.releasability import LeafStanding
from secure_liaison.monitor.cases import mark_text
from secure_liaison.workflows import addressing, explaining

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.releasability import GroupFinding, Releasability
    from secure_liaison.monitor.decision import PartQuestion
    from secure_liaison.office import Office
    from secure_liaison.workflows.previewing import Preview

__all__ = ["as_data", "as_lines"]


def as_data(office: Office, seen: Preview) -> dict[str, Any]:
    """Return a preview for ``--json``."""
    label = seen.label
    return {
        "marks": _marks(office, seen),
        "policy": label.policy,
        "level": label.level,
        "audience": label.audience.to_lists(),
        "restrict": sorted(label.restrict),
        "control": sorted(label.control),
        "inform": sorted(label.inform),
        "people": [_person(each) for each in seen.people],
        "sender_outside": seen.sender_outside,
        "attachments": [_part(office, each) for each in seen.parts],
        **explaining.decision_json(seen.decision),
    }


def as_lines(surface: Surface, office: Office, seen: Preview) -> list[str]:
    """Return a preview for a person, the marks first."""
    pack = addressing.pack_of(office, seen.label)
    people = [addressing.find(office, each.reader) for each in seen.people]
    known = known_to(office, people)
    lines = [
        *_marks(office, seen).values(),
        surface.text("cli.preview.policy", pack=pack.policy_id),
    ]
    lines += audience_words(seen.label.audience, pack, surface, known)
    silent = sorted(seen.label.restrict | seen.label.control | seen.label.inform)
    lines += [
        surface.text("cli.preview.marking", name=pack.value(each).names.text(surface.language))
        for each in silent
    ]
    for part in seen.parts:
        mark = _mark(office, part) or surface.text(part.problem)
        lines.append(surface.text("cli.preview.part", name=part.name, mark=mark))
    for each in seen.people:
        if each.releasable:
            lines.append(surface.text("cli.preview.inside", who=each.reader))
        for group in each.groups:
            if not group.met:
                lines += _left_out(surface, each, group, known=known, pack=pack)
    if seen.sender_outside:
        lines.append(surface.text("cli.preview.sender-outside"))
    return [
        *lines,
        *explaining.render_decision(seen.decision, surface.language, unmet_only=True),
        surface.text("cli.preview.nothing-sent"),
    ]


def _left_out(
    surface: Surface,
    person: Releasability,
    group: GroupFinding,
    *,
    known: dict[str, str],
    pack: PolicyPack,
) -> list[str]:
    comma = surface.text("cli.label.levels-and")
    names = comma.join(leaf_words(each.leaf, pack, surface, known) for each in group.leaves)
    lines = [surface.text("cli.preview.left-out", who=person.reader, leaves=names)]
    return lines + [
        "  "
        + surface.text(
            f"cli.preview.{each.standing.value}",
            leaf=leaf_words(each.leaf, pack, surface, known),
            day=each.day,
        )
        for each in group.leaves
        if each.standing in {LeafStanding.JOINED_LATER, LeafStanding.LEFT_BEFORE}
    ]


def _marks(office: Office, seen: Preview) -> dict[str, str]:
    pack = addressing.pack_of(office, seen.label)
    return {
        each.value: render(seen.label, pack, each, exercise=office.exercise) for each in Language
    }


def _person(person: Releasability) -> dict[str, Any]:
    return {
        "who": person.reader,
        "inside": person.releasable,
        "left_out_by": [
            {"leaf": leaf.leaf, "standing": leaf.standing.value, "day": leaf.day}
            for group in person.groups
            if not group.met
            for leaf in group.leaves
        ],
    }


def _part(office: Office, part: PartQuestion) -> dict[str, Any]:
    return {"name": part.name, "mark": _mark(office, part), "problem": part.problem}


def _mark(office: Office, part: PartQuestion) -> str:
    if part.label is None or part.pack is None:
        return ""
    return mark_text(part.label, part.pack, exercise=office.exercise)
