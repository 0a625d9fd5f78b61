"""Requirements and exclusions of a SPIF as rules of a pack, in its closed vocabulary.

Rules:

- What must not be is a rule whose effect can never be met where its condition holds: a value that
  is present, and no value of its category.
- Every reference is resolved to markings here; one that leads nowhere is an error with its line.
- ``requiredClass`` is read as this class and no other.

Source: docs/spec/foreign-labels.md §1; docs/spec/labels.md §6.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from secure_liaison.labels.import_report import ImportReport
    from secure_liaison.labels.spif_plan import Plan, PlannedTag, PlannedValue
    from secure_liaison.labels.spif_policy import SpifReference, SpifRequirement

__all__ = ["plan_rules"]

_LONGEST_LIST: Final = 200


def plan_rules(plan: Plan, report: ImportReport, *, basis: list[dict[str, str]]) -> list[Any]:
    """Return the rules of a pack, as its file writes them."""
    rules = _Rules(plan, report, basis)
    for level in plan.levels:
        for requirement in level.source.requirements:
            rules.require({"level_in": [level.id]}, requirement, of=level.source.name)
    for tag in plan.tags:
        rules.exclude_classes(tag)
        for value in tag.values:
            rules.of_value(tag, value)
    return rules.made


class _Rules:
    def __init__(self, plan: Plan, report: ImportReport, basis: list[dict[str, str]]) -> None:
        self.made: list[Any] = []
        self._plan = plan
        self._report = report
        self._basis = basis
        self._levels = {level.source.name: level.id for level in plan.levels}
        self._sets = {tag.source.set_name for tag in plan.tags}

    def exclude_classes(self, tag: PlannedTag) -> None:
        """Values with the same excluded classes share a rule."""
        alike: dict[tuple[str, ...], list[PlannedValue]] = defaultdict(list)
        for value in tag.values:
            excluded = self._named(value.source.excluded_classes, value)
            if excluded:
                alike[tuple(sorted(excluded))].append(value)
        for levels, values in alike.items():
            has = [_has(tag, value) for value in values]
            self._add(
                {"all": [{"level_in": list(levels)}, {"any": has}]},
                {"forbid": tag.id},
                zh=f"密级 {_list(levels)} 不得带有：{_names(values)}。",
                en=f"Never at the levels {_list(levels)}: {_names(values)}.",
            )

    def of_value(self, tag: PlannedTag, value: PlannedValue) -> None:
        """What one value requires and excludes."""
        has, name = _has(tag, value), value.source.name
        if value.source.required_class:
            levels = self._named((value.source.required_class,), value)
            self._report.note(
                "required-class",
                line=value.source.line,
                place=value.source.place,
                name=value.source.required_class,
            )
            self._add(
                {"all": [has, {"not": {"level_in": levels}}]},
                {"forbid": tag.id},
                zh=f"{name} 只能用于密级 {_list(levels)}。",
                en=f"{name} stands at the level {_list(levels)} only.",
            )
        for requirement in value.source.requirements:
            self.require(has, requirement, of=name)
        for reference in value.source.excluded:
            own = f"{tag.id}:{value.id}"
            others = [each for each in self._markings(reference) if each != own]
            if others:
                self._add(
                    {"all": [has, {"any": [{"has": each} for each in others]}]},
                    {"forbid": tag.id},
                    zh=f"{name} 不得与 {_list(others)} 同时使用。",
                    en=f"{name} never stands beside {_list(others)}.",
                )

    def require(self, when: dict[str, Any], requirement: SpifRequirement, *, of: str) -> None:
        """One ``requiredCategory``."""
        markings = list(
            dict.fromkeys(
                each for reference in requirement.references for each in self._markings(reference)
            )
        )
        if not markings:
            return  # told already: each reference led nowhere
        listed = _list(markings)
        match requirement.operation:
            case "onlyOne":
                self._add(
                    when,
                    {"one_of": markings},
                    zh=f"{of} 须且只须带有其中之一：{listed}。",
                    en=f"{of} needs exactly one of: {listed}.",
                )
            case "oneOrMore":
                none = {"not": {"any": [{"has": each} for each in markings]}}
                self._add(
                    {"all": [when, none]},
                    {"one_of": markings},
                    zh=f"{of} 至少须带有其中之一：{listed}。",
                    en=f"{of} needs at least one of: {listed}.",
                )
            case _:
                for each in markings:
                    self._add(
                        when,
                        {"one_of": [each]},
                        zh=f"{of} 须带有 {each}。",
                        en=f"{of} needs {each}.",
                    )

    def _named(self, names: tuple[str, ...], value: PlannedValue) -> list[str]:
        found = []
        for name in names:
            if name in self._levels:
                found.append(self._levels[name])
            else:
                self._report.error(
                    "class-unknown", line=value.source.line, place=value.source.place, name=name
                )
        return found

    def _markings(self, reference: SpifReference) -> list[str]:
        place = f'tagSetRef "{reference.tag_set}"'
        facts = {"name": reference.tag_set, "type": reference.type.value}
        if reference.tag_set not in self._sets:
            self._report.error("tag-set-unknown", line=reference.line, place=place, **facts)
            return []
        found = [
            f"{tag.id}:{value.id}"
            for tag in self._plan.tags
            if (tag.source.set_name, tag.source.type) == (reference.tag_set, reference.type)
            for value in tag.values
            if reference.lacv in {"", value.source.lacv}
        ]
        if not found:
            lacv = reference.lacv or "*"
            self._report.error(
                "category-unknown", line=reference.line, place=place, value=lacv, **facts
            )
        return found

    def _add(self, when: dict[str, Any], then: dict[str, Any], *, zh: str, en: str) -> None:
        self.made.append(
            {
                "id": f"spif-{len(self.made) + 1}",
                "if": when,
                "then": then,
                "say": {"zh": zh, "en": en},
                "basis": self._basis,
            }
        )


def _has(tag: PlannedTag, value: PlannedValue) -> dict[str, str]:
    return {"has": f"{tag.id}:{value.id}"}


def _names(values: list[PlannedValue]) -> str:
    return _list([value.source.name for value in values])


def _list(names: list[str] | tuple[str, ...]) -> str:
    text = ", ".join(names)
    return text if len(text) <= _LONGEST_LIST else f"{text[:_LONGEST_LIST]} …"
