"""The file of a pack, put together from a planned SPIF, its supplement, and marked defaults.

Rules:

- What the SPIF says carries its citation as ``known``; what was filled in carries the same
  citation as ``default``.
- Every section that was filled in is reported, so that somebody decides it.
- Defaults are strict: every level needs an accreditation, nothing leaves without the originator.

Source: docs/spec/foreign-labels.md §1; docs/spec/labels.md §5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from secure_liaison.labels.spif_marking import Marks, gloss
from secure_liaison.labels.spif_names import slug
from secure_liaison.labels.spif_rules import plan_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.labels.import_report import ImportReport
    from secure_liaison.labels.spif_plan import Plan, PlannedLevel, PlannedTag
    from secure_liaison.labels.spif_policy import SpifPolicy
    from secure_liaison.labels.spif_supplement import Supplement

__all__ = ["pack_file"]

_STATE_SECRETS: Final = ("秘密", "机密", "绝密")
_CONSENTS: Final = {
    "copies": "approver",
    "printing": "approver",
    "forward": "originator",
    "export": "originator",
}
_URGENCIES: Final = (
    ("flash", 3, "立即", "Flash", 24),
    ("immediate", 2, "紧急", "Immediate", 72),
    ("priority", 1, "优先", "Priority", 120),
    ("routine", 0, "常规", "Routine", 240),
)


def pack_file(
    policy: SpifPolicy, plan: Plan, supplement: Supplement, report: ImportReport, *, digest: str
) -> dict[str, Any]:
    """Return the pack's JSON; whether it fits together is for `load_pack` to say.

    Args:
        policy: As read.
        plan: As decided.
        supplement: As given.
        report: Takes what was filled in and what was lost.
        digest: SHA-256 of the SPIF, 64 hexadecimal digits.
    """
    cite = f"XML SPIF {policy.name} ({policy.id}), {policy.version}, {policy.created}, "
    cite += f"SHA-256 {digest}"
    stated = [{"cite": cite, "status": "known"}]
    filled = [{"cite": cite, "status": "default"}]
    return _Assembly(policy, plan, supplement, report).file(stated, filled)


class _Assembly:
    def __init__(
        self, policy: SpifPolicy, plan: Plan, supplement: Supplement, report: ImportReport
    ) -> None:
        self._policy = policy
        self._plan = plan
        self._supplement = supplement
        self._report = report
        self._marks = Marks(plan, report)
        self._groups: dict[str, str] = {}
        self._filled: list[str] = []

    def file(self, stated: list[dict[str, str]], filled: list[dict[str, str]]) -> dict[str, Any]:
        policy, plan = self._policy, self._plan
        names = self._section("names", {"zh": policy.name, "en": policy.name})
        levels = [self._level(level, stated, names) for level in plan.levels]
        categories = [self._category(tag, stated) for tag in plan.tags]
        made = {
            "format": "secure-liaison/policy",
            "format_version": 0,
            "id": self._section("id", _id(policy.name)),
            "version": policy.created,
            "supersedes": self._supplement.sections.get("supersedes"),
            "valid": {"from": plan.valid_from, "to": plan.valid_to or None},
            "names": names,
            "oid": policy.id,
            "home": self._section("home", None),
            "basis": [*self._supplement.sections.get("basis", []), *stated],
            "levels": levels,
            "categories": categories,
            "groups": self._section("groups", self._empty_groups(filled)),
            "rules": plan_rules(plan, self._report, basis=stated),
            "compilation": [],
            "period": self._section("period", _PERIOD),
            "authority": self._section("authority", []),
            "workflow": self._section("workflow", _WORKFLOW),
            "reasons": self._section("reasons", []),
            "person_classes": self._section("person_classes", []),
            "handling": self._section("handling", [_handling(filled)]),
            "urgencies": self._section("urgencies", _urgencies(filled)),
            "freshness": self._section("freshness", {"send_hours": 24, "open_hours": 168}),
            "marking": self._marks.grammar(),
        }
        if self._filled:
            self._report.note("defaults", names=", ".join(self._filled))
        return made

    def _section(self, name: str, usual: Any) -> Any:
        if name in self._supplement.sections:
            return self._supplement.sections[name]
        self._filled.append(name)
        return usual

    def _level(self, level: PlannedLevel, stated: list[dict[str, str]], names: Any) -> Any:
        source = level.source
        added = dict(self._supplement.levels.get(source.name, {}))
        policy = str(names.get("zh", "")) if isinstance(names, dict) else ""
        mark = self._marks.of_level(level, policy)
        missing = sorted(
            {"handling", "max_period_years", "meaning", "names", "reserved"} - set(added)
        )
        if missing:
            self._report.note(
                "level-defaults", line=source.line, place=source.place, names=", ".join(missing)
            )
        made = {
            "id": level.id,
            "rank": level.rank,
            "names": {"zh": f"{source.name}({gloss(level, policy)})", "en": source.name},
            "meaning": {"zh": "来源文件没有说明。", "en": "The source does not say."},
            "mark": mark,
            "portion": None,
            "aliases": [],
            "says": [],
            "lacv": level.lacv,
            "obsolete": source.obsolete,
            "max_period_years": None,
            "handling": "imported",
            "reserved": True,
            "basis": stated,
        } | added
        written = f"{made['names']}{made['mark']}"
        if any(word in written for word in _STATE_SECRETS):
            self._report.error("state-secret-word", line=source.line, place=source.place)
        return made

    def _category(self, tag: PlannedTag, stated: list[dict[str, str]]) -> Any:
        source = tag.source
        added = self._supplement.categories.get(source.name, {})
        of_values: Mapping[str, Any] = added.get("values", {})
        values = []
        for value in tag.values:
            mark = self._marks.of_value(tag, value)
            shown = (mark or {"en": value.source.name})["en"]
            names = of_values.get(value.source.name, {}).get("names")
            values.append(
                {
                    "id": value.id,
                    "leaf": value.leaf or None,
                    "names": names or {"zh": shown, "en": shown},
                    "mark": mark,
                    "portion": None,
                    "lacv": value.lacv,
                    "obsolete": value.obsolete,
                }
            )
            if value.leaf.startswith("group:"):
                self._groups[value.leaf.removeprefix("group:")] = shown
        return {
            "id": tag.id,
            "kind": tag.kind.value,
            "tag": tag.name,
            "oid": source.set_id,
            "home": tag.home,
            "names": added.get("names") or {"zh": source.name, "en": source.name},
            "min": source.least,
            "max": source.most,
            "values": values,
            "basis": stated,
        }

    def _empty_groups(self, filled: list[dict[str, str]]) -> list[Any]:
        """Groups that values stand for; who belongs to them, the SPIF does not say."""
        return [
            {"id": name, "names": {"zh": shown, "en": shown}, "members": [], "basis": filled}
            for name, shown in sorted(self._groups.items())
        ]


_PERIOD: Final = {
    "required": False,
    "forms": ["duration", "moment", "condition", "open"],
    "older_forms": [],
    "defaults": [],
    "extend_before_expiry": True,
    "review_months": 0,
    "utc_offset_minutes": 0,
}
_WORKFLOW: Final = {
    "proposer_is_not_approver": True,
    "unclear_report_workdays": 0,
    "unclear_decide_workdays": 0,
    "unclear_to": [],
    "dispute": "highest-asserted",
}


def _id(name: str) -> str:
    return f"spif.{slug(name, taken=set(), fallback='policy')}"[:64]


def _handling(filled: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "id": "imported",
        "custody": False,
        "acknowledge_hours": 24,
        **_CONSENTS,
        "min_person_class": None,
        "forward_secrecy": False,
        "training_max_age_days": 0,
        "register_reads": True,
        "open_persons": 1,
        "min_suite": 1,
        "destruction": {"approval": True, "witnesses": 1},
        "basis": filled,
    }


def _urgencies(filled: list[dict[str, str]]) -> list[Any]:
    return [
        {
            "id": name,
            "rank": rank,
            "names": {"zh": zh, "en": en},
            "acknowledge_hours": hours,
            "basis": filled,
        }
        for name, rank, zh, en, hours in _URGENCIES
    ]
