"""What commands show of a label: marks in both languages, readers, what else holds.

Source: docs/spec/stanag4774.md §8; docs/concepts/combining.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secure_liaison import i18n
from secure_liaison.clock import to_iso
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.label4774 import Label4774, remarks_on
from secure_liaison.labels.label_file import EssInFile, LabelForm
from secure_liaison.labels.marking import render, render_portion
from secure_liaison.labels.validity import validate

if TYPE_CHECKING:
    from secure_liaison.cli.label_reading import Reading
    from secure_liaison.cli.surface import Surface
    from secure_liaison.labels.audience import Audience
    from secure_liaison.labels.label_file import LabelFile

__all__ = ["as_data", "as_lines", "marks_of", "remarks_in"]


def as_data(reading: Reading) -> dict[str, Any]:
    """Return everything that is shown of a label, as JSON."""
    label, read = reading.heard.label, reading.file
    problem = _problem(reading)
    data: dict[str, Any] = {
        "form": read.form.value,
        "policy": label.policy,
        "level": label.level,
        "marks": marks_of(reading),
        "portion": _portion(reading),
        "audience": label.audience.to_lists(),
        "restrict": sorted(label.restrict),
        "control": sorted(label.control),
        "inform": sorted(label.inform),
        "owner": label.owner,
        "created": to_iso(label.created),
        "review_at": None if label.review_at is None else to_iso(label.review_at),
        "successor_at": None if label.successor is None else to_iso(label.successor.at),
        "native": reading.heard.native,
        "dropped": list(reading.heard.dropped),
        "remarks": remarks_in(read),
        "invalid": None if problem is None else problem.reason,
    }
    if isinstance(read.label, EssInFile):
        data |= {"shown": read.label.shown, "not_read": read.label.others}
    return data


def as_lines(surface: Surface, reading: Reading) -> list[str]:
    """Return everything that is shown of a label, the marks first."""
    label, read = reading.heard.label, reading.file
    portion = _portion(reading)
    lines = list(marks_of(reading).values())
    lines += [] if portion is None else [surface.text("cli.label.portion", mark=portion)]
    lines += [
        surface.text("cli.label.policy", policy=label.policy, form=read.form.value),
        *_audience_lines(surface, label.audience),
        surface.text("cli.label.owner", owner=label.owner),
        surface.text("cli.label.created", at=to_iso(label.created)),
    ]
    for name in ("restrict", "control", "inform"):
        values = sorted(getattr(label, name))
        lines += [surface.text(f"cli.label.{name}", values=", ".join(values))] if values else []
    if label.review_at is not None:
        lines.append(surface.text("cli.label.review", at=to_iso(label.review_at)))
    if label.successor is not None:
        mark = render(label.successor.label, reading.pack, surface.language, exercise=False)
        at = to_iso(label.successor.at)
        lines.append(surface.text("cli.label.successor", at=at, mark=mark))
    return [*lines, *_beside_lines(surface, reading)]


def marks_of(reading: Reading) -> dict[str, str]:
    """Return the mark in both languages."""
    return {
        language.value: render(reading.heard.label, reading.pack, language, exercise=False)
        for language in Language
    }


def remarks_in(read: LabelFile) -> list[str]:
    """Return what is worth telling of a label that somebody else wrote."""
    found = remarks_on(read.label) if isinstance(read.label, Label4774) else ()
    return [each.value for each in found]


def _portion(reading: Reading) -> str | None:
    if reading.pack.marking.portion is None:
        return None
    return render_portion(reading.heard.label, reading.pack)


def _audience_lines(surface: Surface, audience: Audience) -> list[str]:
    if audience.is_public:
        return [surface.text("cli.label.public")]
    return [
        surface.text("cli.label.group", leaves=", ".join(group)) for group in audience.to_lists()
    ]


def _beside_lines(surface: Surface, reading: Reading) -> list[str]:
    """Return what the file holds beside the label, what it lacks, and what is wrong with it."""
    read, heard = reading.file, reading.heard
    lines = []
    if heard.native and read.form is not LabelForm.NATIVE:
        lines.append(surface.text("cli.label.native"))
    if isinstance(read.label, EssInFile) and read.label.shown:
        lines.append(surface.text("cli.label.shown", mark=read.label.shown))
    if isinstance(read.label, EssInFile) and read.label.others:
        lines.append(surface.text("cli.label.not-read", count=read.label.others))
    lines += [surface.text("cli.label.dropped", place=place) for place in heard.dropped]
    lines += [surface.text(f"cli.label.remark.{each}") for each in remarks_in(read)]
    problem = _problem(reading)
    if problem is not None:
        lines.append(surface.text("cli.label.invalid", why=i18n.cause(problem, surface.language)))
    return lines


def _problem(reading: Reading) -> FormatError | None:
    try:
        validate(reading.heard.label, reading.pack, follows=None)
    except FormatError as error:
        return error
    return None
