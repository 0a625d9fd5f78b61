"""Labels and the policy packs they are judged by: unsigned values, pure functions.

- `secure_liaison.labels.pack`: policy packs as dated data, read strictly;
  built in are ``cn.state-secrets`` and ``generic``.
- `secure_liaison.labels.label`, `~secure_liaison.labels.audience`, `~secure_liaison.labels.period`:
  a label and its parts, with one encoding.
- `secure_liaison.labels.lattice`: dominates, join, may read.
- `secure_liaison.labels.membership`, `~secure_liaison.labels.releasability`: who belongs to a group
  on the label's day, and who may not get a label and why.
- `secure_liaison.labels.protection`: what a label protects, with join and meet.
- `secure_liaison.labels.portions`, `~secure_liaison.labels.rendition`,
  `~secure_liaison.labels.compilation`: pieces with labels of their own.
- `secure_liaison.labels.control_chain`: what originators bound, through every copy.
- `secure_liaison.labels.validity`, `~secure_liaison.labels.rules`: valid under a pack or refused.
- `secure_liaison.labels.marking`: marks in Chinese and English that parse back.
- `secure_liaison.labels.agreement`: what two agencies agreed.

Source: docs/spec/labels.md.
"""

from secure_liaison.labels.agreement import Agreement
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.handling import HandlingProfile
from secure_liaison.labels.label import (
    Determination,
    DeterminationKind,
    Label,
    decode_label,
    encode_label,
    label_digest,
)
from secure_liaison.labels.lattice import dominates, join, may_read
from secure_liaison.labels.marking import ParsedMark, banner, parse_mark, render, urgency_text
from secure_liaison.labels.pack import builtin_pack, builtin_packs, load_pack, pack_in_force
from secure_liaison.labels.period import Period, PeriodForm, period_end
from secure_liaison.labels.policy import Level, PolicyPack
from secure_liaison.labels.validity import validate

__all__ = [
    "Agreement",
    "Audience",
    "Determination",
    "DeterminationKind",
    "HandlingProfile",
    "Label",
    "Level",
    "ParsedMark",
    "Period",
    "PeriodForm",
    "PolicyPack",
    "banner",
    "builtin_pack",
    "builtin_packs",
    "decode_label",
    "dominates",
    "encode_label",
    "join",
    "label_digest",
    "load_pack",
    "may_read",
    "pack_in_force",
    "parse_mark",
    "period_end",
    "render",
    "urgency_text",
    "validate",
]
