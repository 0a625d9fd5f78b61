"""Between a label of ours and one of STANAG 4774: never wider, and what is lost is named.

Rules:

- Whoever the usual check of 4774 admits to what is written here, may read the label.
- A label, a join above all, may have several groups of readers where 4774 has one category; then
  the intersection is written and reported (`WrittenBack.narrowed`), or writing is refused.
- A control is written as restrictive: a reader that does not know the limit reads nothing.
- What 4774 has no place for (period, determination, alternatives) stands in an element of our own,
  with the whole label in its native encoding. It counts only if the label around it is what
  writing it gives.
- Nothing that protects is dropped when a label is read: an unknown category, other than an
  informative one, refuses.

Source: docs/spec/stanag4774.md §4–§6; labels report §0, §3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import to_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience4774 import Unsayable, hear_audience, say_audience
from secure_liaison.labels.categories4774 import categories_of, hear_categories
from secure_liaison.labels.label import (
    Alternative,
    Determination,
    DeterminationKind,
    Label,
    Successor,
    decode_label,
    encode_label,
)
from secure_liaison.labels.label4774 import Label4774, LabelRoot, Succession4774
from secure_liaison.labels.names4774 import (
    find_level,
    level_name,
    names_policy,
    policy_name,
    policy_uri,
)
from secure_liaison.labels.period import Period, PeriodForm

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.wording import Loss

__all__ = [
    "Beside",
    "HeardLabel",
    "WrittenBack",
    "alternative_of",
    "label_of",
    "names_owner",
    "write_back",
]

_ORIGINATOR: Final = "urn:x-secure-liaison:leaf:"
_URI: Final = "uniformResourceIdentifier"
_OPEN: Final = Period(form=PeriodForm.OPEN, value="")


class Beside(Enum):
    """What 4774 has no place for."""

    PERIOD = "period"
    """The label is written as one that never ends."""
    DETERMINATION = "determination"
    ALTERNATIVES = "alternatives"
    """Each is a label of its own: write it with `LabelRoot.ALTERNATIVE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBack:
    """One label of 4774 for a label of ours.

    Attributes:
        label: What is written.
        narrowed: What its categories could not say; nothing if they say exactly the audience.
        beside: What only the element of our own carries, if anything does.
    """

    label: Label4774
    narrowed: tuple[Loss, ...]
    beside: tuple[Beside, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardLabel:
    """A label of ours that says what one of 4774 says.

    Attributes:
        label: Not validated yet; `secure_liaison.labels.validate` does that.
        native: Whether it is the one that our own element carries.
        dropped: Places of informative categories that the pack does not know.
    """

    label: Label
    native: bool
    dropped: tuple[str, ...]


def write_back(
    label: Label,
    pack: PolicyPack,
    *,
    root: LabelRoot = LabelRoot.ORIGINATOR,
    unsayable: Unsayable = Unsayable.REFUSE,
    review_at: Instant | None = None,
    native: bool = True,
    all_days: bool = False,
) -> WrittenBack:
    """Write any label as one label of 4774 that nobody reads who may not read the label.

    Args:
        label: Of this pack.
        pack: The version that the label names.
        root: Whose label it is to be.
        unsayable: What becomes of groups that the pack has no words for.
        review_at: Review date where the label has none.
        native: Whether the native encoding is carried along; it names persons and sources.
        all_days: Whether groups carry the day of membership even where it is the label's; readers
            who judge membership on the day of reading are then kept out.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``, ``label-marking-unknown``,
            ``label4774-audience``, ``label4774-nobody``, ``label4774-ambiguous``,
            ``label4774-review``, ``label-too-large``.
    """
    if label.policy != pack.policy_id:
        raise FormatError("label-policy-mismatch")
    said = say_audience(label.audience, pack, label.owner, unsayable=unsayable)
    review_at = review_at if label.review_at is None else label.review_at
    if label.successor is None and review_at is None:
        raise FormatError("label4774-review")
    again = partial(write_back, pack=pack, unsayable=unsayable, native=False, all_days=all_days)
    narrowed, succession = said.narrowed, None
    if label.successor is not None:
        at = label.successor.at
        after = again(label.successor.label, review_at=at if review_at is None else review_at)
        narrowed, succession = narrowed + after.narrowed, Succession4774(at=at, label=after.label)
    written = Label4774(
        root=root,
        policy=policy_name(pack),
        policy_uri=policy_uri(pack),
        classification=level_name(pack, pack.level(label.level)),
        privacy_mark=label.privacy_mark or "",
        categories=categories_of(label, said, pack, all_days=all_days),
        originator=f"{_ORIGINATOR}{label.owner}",
        originator_type=_URI,
        created=label.created,
        review_at=review_at,
        succession=succession,
        native=encode_label(label) if native else b"",
    )
    return WrittenBack(label=written, narrowed=narrowed, beside=_beside(label))


def label_of(
    found: Label4774, pack: PolicyPack, *, owner: str = "", period: Period = _OPEN
) -> HeardLabel:
    """Return what a label of 4774 says under a pack; a carried native label if it is the same.

    Args:
        found: What was read.
        pack: The version to judge it by; a native label must name it.
        owner: Leaf of the only one who may relax the label; empty takes the originator's, if that
            is a leaf.
        period: How long it binds; 4774 does not say.

    Raises:
        FormatError: ``label4774-policy``, ``label4774-extension``, ``label4774-owner``,
            ``label-level-unknown``, ``label4774-category``, ``label4774-category-value``,
            ``label4774-releasable``, ``label-marking-count``, and as `Label`.
    """
    if not names_policy(pack, found.policy, found.policy_uri):
        raise FormatError("label4774-policy")
    if found.native:
        return HeardLabel(label=_native(found, pack), native=True, dropped=())
    owner = owner or found.originator.removeprefix(_ORIGINATOR)
    if not owner or owner == found.originator:
        raise FormatError("label4774-owner")
    heard = hear_categories(found.categories, pack, day=to_iso(found.created)[:10])
    successor = None
    if found.succession is not None:
        after = label_of(found.succession.label, pack, owner=owner, period=period)
        successor = Successor(at=found.succession.at, label=after.label)
    label = Label(
        policy=pack.policy_id,
        level=find_level(pack, found.classification).id,
        audience=hear_audience(heard.said, pack, home=pack.home or owner),
        owner=owner,
        created=found.created,
        period=period,
        restrict=heard.restrict,
        control=heard.control,
        inform=heard.inform,
        determination=Determination(kind=DeterminationKind.FOREIGN),
        review_at=found.review_at,
        successor=successor,
        privacy_mark=found.privacy_mark or None,
    )
    return HeardLabel(label=label, native=False, dropped=heard.dropped)


def names_owner(found: Label4774) -> bool:
    """Whether a label says whose it is, in a form that is known here."""
    return found.originator.startswith(_ORIGINATOR)


def alternative_of(
    found: Label4774, pack: PolicyPack, *, owner: str, agreement: str, article: str, by: str
) -> Alternative:
    """Return an ``alternativeConfidentialityLabel`` as a partner's reading, made when it says.

    Raises:
        FormatError: ``label4774-alternative``, then as `label_of` and `Alternative`.
    """
    if found.root is not LabelRoot.ALTERNATIVE or found.succession is not None:
        raise FormatError("label4774-alternative")
    label = label_of(found, pack, owner=owner).label
    return Alternative(label=label, agreement=agreement, article=article, by=by, at=found.created)


def _native(found: Label4774, pack: PolicyPack) -> Label:
    """Decode the carried label and prove that the label around it says the same."""
    label = decode_label(found.native)
    if label.policy == pack.policy_id:
        for unsayable, all_days in product(Unsayable, (False, True)):
            try:
                again = write_back(
                    label,
                    pack,
                    root=found.root,
                    unsayable=unsayable,
                    review_at=found.review_at,
                    all_days=all_days,
                )
            except FormatError:
                continue
            if again.label == found:
                return label
    raise FormatError("label4774-extension")


def _beside(label: Label) -> tuple[Beside, ...]:
    found = []
    if label.period.form is not PeriodForm.OPEN:
        found.append(Beside.PERIOD)
    if label.determination != Determination():
        found.append(Beside.DETERMINATION)
    if label.alternatives:
        found.append(Beside.ALTERNATIVES)
    return tuple(found)
