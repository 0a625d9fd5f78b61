"""Everything that is wrong with a policy pack, at once.

Rules:

- `lint` gives all findings; `lint_errors` only those for which a pack is refused, and no more work
  than these need. One place decides both.
- What rests on something else is looked at only when that holds: rules and marks are not looked at
  while references lead nowhere, or every fault would be reported twice.
- The work is bounded whatever the pack says; what was not looked at is a finding of its own.

Source: docs/spec/labels.md §11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.labels.finding import Finding, FindingCode, Severity
from secure_liaison.labels.lint_dates import lint_dates
from secure_liaison.labels.lint_marks import lint_level_marks, lint_value_marks, lint_writings
from secure_liaison.labels.lint_names import lint_codes, lint_names
from secure_liaison.labels.lint_references import (
    lint_groups,
    lint_leaves,
    lint_levels,
    lint_references,
)
from secure_liaison.labels.lint_rules import lint_rules
from secure_liaison.labels.lint_texts import lint_basis, lint_glosses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from secure_liaison.labels.agreement import Agreement
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["lint", "lint_equivalences", "lint_errors"]

_BLOCKING: Final = frozenset(
    {
        FindingCode.DUPLICATE_ID,
        FindingCode.DUPLICATE_RANK,
        FindingCode.LEVELS_MISSING,
        FindingCode.PERIOD_FORMS,
        FindingCode.REFERENCE_UNKNOWN,
    }
)
"""Without these the parts of a pack mean something together."""

_APART: Final = (
    lint_names,
    lint_dates,
    lint_levels,
    lint_references,
    lint_leaves,
    lint_codes,
    lint_groups,
)


def lint(pack: PolicyPack) -> tuple[Finding, ...]:
    """Return every finding, errors first, otherwise in the order of the checks."""
    found = dict.fromkeys(_findings(pack))
    return tuple(sorted(found, key=lambda each: each.severity is Severity.WARNING))


def lint_errors(pack: PolicyPack) -> Iterator[Finding]:
    """Yield the errors, each as soon as it is found."""
    return (each for each in _findings(pack) if each.severity is Severity.ERROR)


def lint_equivalences(agreement: Agreement, packs: Iterable[PolicyPack]) -> tuple[Finding, ...]:
    """Return the entries of an agreement whose policy or level stands in none of the packs.

    Args:
        agreement: The agreement.
        packs: All versions that count; a level may stand in any of one policy's.
    """
    known = {(pack.id, level.id) for pack in packs for level in pack.levels}
    return tuple(
        Finding(
            code=FindingCode.EQUIVALENCE_DANGLING,
            place=f"equivalences[{k}]",
            names=(f"{policy}:{level}", entry.article),
        )
        for k, entry in enumerate(agreement.equivalences)
        for policy, level in (
            (entry.from_policy, entry.from_level),
            (entry.to_policy, entry.to_level),
        )
        # Where the treatment is to refuse, no level is named.
        if (policy, level) not in known and (level or policy not in {name for name, _ in known})
    )


def _findings(pack: PolicyPack) -> Iterator[Finding]:
    blocked = False
    for check in _APART:
        for found in check(pack):
            blocked |= found.code in _BLOCKING
            yield found
    if not blocked:
        yield from _marks(pack)
        yield from lint_rules(pack)
    yield from lint_glosses(pack)
    yield from lint_basis(pack)


def _marks(pack: PolicyPack) -> Iterator[Finding]:
    yield from lint_writings(pack)
    yield from lint_level_marks(pack)
    yield from lint_value_marks(pack)
