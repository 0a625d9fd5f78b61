"""The label that a mark stands for, once somebody says whose it is, since when, and for whom.

Rules:

- A mark says level, markings and, under some policies, the period; a period given beside it is
  taken only where the mark states none.
- What a mark says of its readers is one side of an AND: whoever makes a label of it adds groups,
  and nobody gets in by a mark who is not in them as well.
- Under a policy without words for home and release, a mark that is silent keeps nobody out; a list
  of the only readers still does.
- What is written as was usual before (no period after the star) is read, and makes no new label.

Source: docs/spec/labels.md §7.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import to_iso
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.label import Determination, Label
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.release import audience_of, narrowed_to
from secure_liaison.labels.term import read_term

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.clock import Instant
    from secure_liaison.labels.audience import Audience
    from secure_liaison.labels.marking import ParsedMark
    from secure_liaison.labels.policy import Level, PolicyPack

__all__ = [
    "audience_said",
    "beside_of",
    "label_of_mark",
    "longest_period",
    "period_of",
    "period_said",
    "readers_in",
]

_OPEN: Final = Period(form=PeriodForm.OPEN, value="")
_DATED: Final = frozenset({PeriodForm.DURATION, PeriodForm.MOMENT})
_OF_LABELS: Final = frozenset({CategoryKind.RESTRICT, CategoryKind.CONTROL, CategoryKind.INFORM})


def label_of_mark(
    found: ParsedMark,
    pack: PolicyPack,
    *,
    owner: str,
    created: Instant,
    audience: Audience,
    period: Period,
    beside: frozenset[str] = frozenset(),
    proposer: str = "",
) -> Label:
    """Return the label that a mark stands for.

    Args:
        found: The mark, read under this pack.
        pack: The version that the label is to name.
        owner: Leaf of the only one who may relax it.
        created: Seconds UTC.
        audience: Who may know: `audience_said`, and whatever narrows it.
        period: As `period_said` gives it.
        beside: Further markings, as `beside_of` gives them.
        proposer: Of the determination; may be empty.

    Raises:
        FormatError: as `Label`.
    """
    markings = found.markings | beside
    return Label(
        policy=pack.policy_id,
        level=found.level,
        audience=audience,
        owner=owner,
        created=created,
        period=period,
        restrict=_of_kind(markings, pack, CategoryKind.RESTRICT),
        control=_of_kind(markings, pack, CategoryKind.CONTROL),
        inform=_of_kind(markings, pack, CategoryKind.INFORM),
        determination=Determination(proposer=proposer),
    )


def audience_said(
    markings: frozenset[str], pack: PolicyPack, *, owner: str, created: Instant
) -> Audience:
    """Return what markings say of the readers; everybody, where the policy lets them be silent.

    Raises:
        FormatError: ``label-marking-count``: no home is named where a category must name it.
    """
    day = to_iso(created)[:10]
    if _says_home(pack):
        return audience_of(markings, pack, owner=owner, day=day)
    return narrowed_to(markings, pack, day=day)


def _says_home(pack: PolicyPack) -> bool:
    """Whether a mark of this policy that names no reader means home and nobody else."""
    return bool(pack.home) or any(
        each.home or each.kind is CategoryKind.WIDEN for each in pack.categories
    )


def period_said(found: ParsedMark, pack: PolicyPack, *, text: str, start: Instant) -> Period:
    """Return how long the label of a mark binds.

    Args:
        found: The mark.
        pack: Of the mark.
        text: The period as written in a mark, where the mark states none; may be empty.
        start: Since when, seconds UTC.

    Raises:
        FormatError: ``mark-older-practice``, ``mark-period-twice``, ``mark-period-apart`` (neither
            says it and the policy wants it), or as `read_term`.
    """
    if found.older_practice:
        raise FormatError("mark-older-practice")
    if found.period.form is not PeriodForm.OPEN:
        if text.strip():
            raise FormatError("mark-period-twice")
        return _begun(found.period, pack, start)
    if not text.strip() and PeriodForm.OPEN not in pack.period.forms:
        raise FormatError("mark-period-apart")
    return period_of(text, pack, start=start)


def period_of(text: str, pack: PolicyPack, *, start: Instant) -> Period:
    """Return a period written as in a mark; an open one for nothing.

    Raises:
        FormatError: as `read_term`.
    """
    if not text.strip():
        return _OPEN
    return _begun(read_term(text, Language.EN if text.isascii() else Language.ZH), pack, start)


def longest_period(pack: PolicyPack, level: Level, *, start: Instant) -> Period:
    """Return how long a label may bind at most, for one that does not say it.

    Open where the policy knows open periods, or where the level has no maximum.
    """
    if PeriodForm.OPEN in pack.period.forms or level.max_period_years is None:
        return _OPEN
    return _begun(Period.of_years(level.max_period_years), pack, start)


def beside_of(markings: Iterable[str], pack: PolicyPack) -> frozenset[str]:
    """Return markings given beside a mark: limits and notes that the policy's marks do not print.

    Raises:
        FormatError: ``label-marking-unknown``; ``marking-of-readers`` for one that says who may
            read: the mark itself says that.
    """
    given = frozenset(markings)
    if readers_in(given, pack):
        raise FormatError("marking-of-readers")
    return given


def readers_in(markings: frozenset[str], pack: PolicyPack) -> frozenset[str]:
    """Return those markings that say who may read.

    Raises:
        FormatError: ``label-marking-unknown``.
    """
    for marking in sorted(markings):
        pack.value(marking)
    kinds = {each.id: each.kind for each in pack.categories}
    return frozenset(each for each in markings if kinds[each.partition(":")[0]] not in _OF_LABELS)


def _begun(period: Period, pack: PolicyPack, start: Instant) -> Period:
    if period.form not in _DATED:
        return period
    # In the agency's own zone: its period ends at its midnight, not at that of UTC.
    return replace(period, start=start, offset_minutes=pack.period.utc_offset_minutes)


def _of_kind(markings: frozenset[str], pack: PolicyPack, kind: CategoryKind) -> frozenset[str]:
    ids = {category.id for category in pack.categories if category.kind is kind}
    return frozenset(each for each in markings if each.partition(":")[0] in ids)
