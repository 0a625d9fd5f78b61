"""What is wrong with a policy pack: findings with a stable code, a place and the names involved.

Rules:

- An error makes a pack ambiguous, contradictory or unusable: `load_pack` refuses it.
- A warning is a slip of the pen, or a fact that somebody should look at; the pack may be used.
- The sentences stand in the catalogues: ``lint.<code>`` says what is wrong, ``lint-hint.<code>``
  what to do, each with ``{place}`` and ``{names}``.

Source: docs/spec/labels.md §11.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from secure_liaison import i18n

__all__ = ["Finding", "FindingCode", "Severity"]


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


class FindingCode(Enum):
    """Every finding that there is."""

    DUPLICATE_ID = "duplicate-id"
    DUPLICATE_RANK = "duplicate-rank"
    DUPLICATE_NAME = "duplicate-name"
    DUPLICATE_MARK = "duplicate-mark"
    DUPLICATE_CODE = "duplicate-code"
    DUPLICATE_LEAF = "duplicate-leaf"
    DATE_UNKNOWN = "date-unknown"
    DATES_REVERSED = "dates-reversed"
    SUPERSEDES = "supersedes"
    LEVELS_MISSING = "levels-missing"
    LEVELS_ORDER = "levels-order"
    LEVELS_PERIOD = "levels-period"
    PERIOD_FORMS = "period-forms"
    PERIOD_DEFAULT = "period-default"
    PERIOD_DEFAULT_LONG = "period-default-long"
    REFERENCE_UNKNOWN = "reference-unknown"
    HANDLING_UNUSED = "handling-unused"
    LEAF_FORM = "leaf-form"
    LEAF_MISPLACED = "leaf-misplaced"
    LEAF_AT_HOME = "leaf-at-home"
    CATEGORY_NAME = "category-name"
    GROUP_NESTED = "group-nested"
    BASIS_MISSING = "basis-missing"
    MARK_READS_OTHERWISE = "mark-reads-otherwise"
    VALUE_READS_OTHERWISE = "value-reads-otherwise"
    SAME_MARK = "same-mark"
    MARK_SPLITS = "mark-splits"
    GLOSS_STATE_SECRET = "gloss-state-secret"  # noqa: S105  # a finding, no passphrase
    GLOSS_WESTERN = "gloss-western"
    CATEGORY_NUMBERS = "category-numbers"
    RULE_IMPOSSIBLE = "rule-impossible"
    RULES_CONTRADICT = "rules-contradict"
    LEVEL_UNUSABLE = "level-unusable"
    EQUIVALENCE_DANGLING = "equivalence-dangling"

    RULES_EXCLUDE = "rules-exclude"
    RULE_NEVER_APPLIES = "rule-never-applies"
    VALUE_UNUSABLE = "value-unusable"
    MARK_BEGINS_ANOTHER = "mark-begins-another"
    GROUP_UNKNOWN = "group-unknown"
    GROUP_EMPTY = "group-empty"
    MEMBERSHIP_OVERLAP = "membership-overlap"
    BASIS_VAGUE = "basis-vague"
    LINT_TOO_COMPLEX = "lint-too-complex"

    @property
    def severity(self) -> Severity:
        """Whether it refuses the pack."""
        return Severity.WARNING if self in _WARNINGS else Severity.ERROR


_WARNINGS: Final = frozenset(
    {
        FindingCode.RULES_EXCLUDE,
        FindingCode.RULE_NEVER_APPLIES,
        FindingCode.VALUE_UNUSABLE,
        FindingCode.MARK_BEGINS_ANOTHER,
        FindingCode.GROUP_UNKNOWN,
        FindingCode.GROUP_EMPTY,
        FindingCode.MEMBERSHIP_OVERLAP,
        FindingCode.BASIS_VAGUE,
        FindingCode.LINT_TOO_COMPLEX,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: What it is.
        place: Where, as the file is written: ``levels[1].mark``, ``rules.R2``.
        names: What is involved: ids, marks, leaves, other rules, a witness level.
    """

    code: FindingCode
    place: str
    names: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """Whether it refuses the pack."""
        return self.code.severity

    def cause(self, language: i18n.Language) -> str:
        """Say what is wrong."""
        return i18n.text(f"lint.{self.code.value}", language, **self._values())

    def hint(self, language: i18n.Language) -> str:
        """Say what to do."""
        return i18n.text(f"lint-hint.{self.code.value}", language, **self._values())

    def _values(self) -> dict[str, str]:
        return {"place": self.place, "names": ", ".join(self.names)}
