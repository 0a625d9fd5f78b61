"""From a pack's JSON to values: each field taken once, nothing left over, nothing guessed.

Rules:

- Shape only: whether the parts fit together is checked by `secure_liaison.labels.pack`.

Source: docs/spec/labels.md §5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.bound import Bound
from secure_liaison.labels.deciding import (
    Authority,
    PersonClass,
    ReasonCode,
    ReasonUse,
    Referral,
    Workflow,
)
from secure_liaison.labels.grammar_file import read_grammar
from secure_liaison.labels.handling import (
    CipherClass,
    Consent,
    Destruction,
    Freshness,
    HandlingProfile,
    Urgency,
)
from secure_liaison.labels.pack_fields import (
    read_basis,
    read_date,
    read_enum,
    read_mark,
    read_names,
    read_number,
    read_optional,
    read_slug,
)
from secure_liaison.labels.period import PeriodForm
from secure_liaison.labels.policy import (
    Category,
    CategoryKind,
    CategoryValue,
    Compilation,
    Group,
    Level,
    Membership,
    PeriodPolicy,
    PolicyPack,
    Rule,
)
from secure_liaison.labels.rules import read_condition, read_effect

if TYPE_CHECKING:
    from secure_liaison.labels.strict_json import JsonFields

__all__ = ["read_pack"]

FORMAT: Final = "secure-liaison/policy"
FORMAT_VERSION: Final = 0

_LACV: Final = 2**31 - 1
_FARTHEST: Final = 14 * 60


def read_pack(fields: JsonFields, *, digest: bytes) -> PolicyPack:
    """Read the whole pack.

    Args:
        fields: The decoded file.
        digest: SHA-256 of the file in RFC 8785 form, 32 bytes.

    Raises:
        FormatError: ``pack-field-missing``, ``pack-field-type``, ``pack-field-value``,
            ``pack-field-unknown``, ``pack-rule``.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields.require_format(
        FORMAT, FORMAT_VERSION, other=FormatError("pack-field-value", place="format")
    )
    valid = fields.fields("valid")
    pack = PolicyPack(
        id=read_slug(fields, "id"),
        version=read_date(fields, "version"),
        supersedes=read_optional(fields, "supersedes"),
        valid_from=read_date(valid, "from"),
        valid_to="" if valid.is_null("to") else read_date(valid, "to"),
        names=read_names(fields),
        oid=read_optional(fields, "oid"),
        home=read_optional(fields, "home"),
        basis=read_basis(fields),
        levels=tuple(_level(level) for level in fields.objects("levels")),
        categories=tuple(_category(each) for each in fields.objects("categories")),
        groups=tuple(_group(each) for each in fields.objects("groups")),
        rules=tuple(_rule(rule) for rule in fields.objects("rules")),
        compilation=tuple(_compilation(each) for each in fields.objects("compilation")),
        period=_period(fields.fields("period")),
        authority=tuple(_authority(each) for each in fields.objects("authority")),
        workflow=_workflow(fields.fields("workflow")),
        reasons=tuple(_reason(each) for each in fields.objects("reasons")),
        person_classes=tuple(_person_class(each) for each in fields.objects("person_classes")),
        handling=tuple(_handling(each) for each in fields.objects("handling")),
        urgencies=tuple(_urgency(each) for each in fields.objects("urgencies")),
        freshness=_freshness(fields.fields("freshness")),
        marking=read_grammar(fields.fields("marking")),
        canonical_digest=digest,
    )
    valid.done()
    fields.done()
    return pack


def _level(fields: JsonFields) -> Level:
    unlimited = fields.is_null("max_period_years")
    level = Level(
        id=read_slug(fields, "id"),
        rank=fields.integer("rank", high=255),
        names=read_names(fields),
        meaning=read_names(fields, "meaning"),
        mark=read_mark(fields, "mark"),
        portion=read_optional(fields, "portion"),
        aliases=fields.texts("aliases"),
        says=frozenset(fields.texts("says")),
        lacv=read_number(fields, "lacv", high=256),
        obsolete=fields.boolean("obsolete"),
        max_period_years=None if unlimited else fields.integer("max_period_years", low=1, high=999),
        handling=read_slug(fields, "handling"),
        reserved=fields.boolean("reserved"),
        basis=read_basis(fields),
    )
    fields.done()
    return level


def _category(fields: JsonFields) -> Category:
    least = fields.integer("min", high=255)
    category = Category(
        id=read_slug(fields, "id"),
        kind=read_enum(fields, "kind", CategoryKind),
        tag=read_optional(fields, "tag"),
        oid=read_optional(fields, "oid"),
        home=fields.boolean("home"),
        names=read_names(fields),
        least=least,
        most=None if fields.is_null("max") else fields.integer("max", low=least),
        values=tuple(_category_value(value) for value in fields.objects("values")),
        basis=read_basis(fields),
    )
    binding = any(value.binds for value in category.values)
    if binding and category.kind is not CategoryKind.CONTROL:
        raise FormatError("pack-field-value", place=fields.at("values"))
    fields.done()
    return category


def _category_value(fields: JsonFields) -> CategoryValue:
    value = CategoryValue(
        id=read_slug(fields, "id"),
        leaf=read_optional(fields, "leaf"),
        names=read_names(fields),
        mark=None if fields.is_null("mark") else read_mark(fields, "mark"),
        portion=read_optional(fields, "portion"),
        lacv=read_number(fields, "lacv", high=_LACV),
        obsolete=fields.boolean("obsolete"),
        binds=_binds(fields) if fields.has("binds") else frozenset(),
    )
    fields.done()
    return value


def _binds(fields: JsonFields) -> frozenset[Bound]:
    known = {bound.value: bound for bound in Bound}
    written = fields.texts("binds")
    if not known.keys() >= set(written):
        raise FormatError("pack-field-value", place=fields.at("binds"))
    return frozenset(known[word] for word in written)


def _rule(fields: JsonFields) -> Rule:
    rule = Rule(
        id=read_slug(fields, "id"),
        condition=read_condition(fields.fields("if")),
        effect=read_effect(fields.fields("then")),
        say=read_names(fields, "say"),
        basis=read_basis(fields),
    )
    fields.done()
    return rule


def _group(fields: JsonFields) -> Group:
    group = Group(
        id=fields.text("id", max_size=64),
        names=read_names(fields),
        members=tuple(_membership(each) for each in fields.objects("members")),
        basis=read_basis(fields),
    )
    fields.done()
    return group


def _membership(fields: JsonFields) -> Membership:
    member = Membership(
        leaf=fields.text("leaf"),
        joined=read_date(fields, "from"),
        left="" if fields.is_null("to") else read_date(fields, "to"),
    )
    fields.done()
    return member


def _compilation(fields: JsonFields) -> Compilation:
    found = Compilation(
        id=read_slug(fields, "id"),
        count=fields.integer("count", low=2),
        level=read_optional(fields, "level"),
        marking=read_optional(fields, "marking"),
        raise_to=read_slug(fields, "raise_to"),
        say=read_names(fields, "say"),
        basis=read_basis(fields),
    )
    if bool(found.level) == bool(found.marking):
        raise FormatError("pack-rule", place=fields.at("level"))
    fields.done()
    return found


def _period(fields: JsonFields) -> PeriodPolicy:
    policy = PeriodPolicy(
        required=fields.boolean("required"),
        forms=_forms(fields, "forms"),
        older_forms=_forms(fields, "older_forms"),
        defaults=tuple(_default(each) for each in fields.objects("defaults")),
        extend_before_expiry=fields.boolean("extend_before_expiry"),
        review_months=fields.integer("review_months", high=120),
        utc_offset_minutes=fields.integer("utc_offset_minutes", low=-_FARTHEST, high=_FARTHEST),
    )
    fields.done()
    return policy


def _default(fields: JsonFields) -> tuple[str, str]:
    default = read_slug(fields, "level"), fields.text("duration")
    fields.done()
    return default


def _forms(fields: JsonFields, name: str) -> frozenset[PeriodForm]:
    known = {form.name.lower(): form for form in PeriodForm}
    written = fields.texts(name)
    if not known.keys() >= set(written):
        raise FormatError("pack-field-value", place=fields.at(name))
    return frozenset(known[form] for form in written)


def _authority(fields: JsonFields) -> Authority:
    authority = Authority(
        body=read_slug(fields, "body"),
        names=read_names(fields),
        levels=fields.texts("levels"),
        basis=read_basis(fields),
    )
    fields.done()
    return authority


def _workflow(fields: JsonFields) -> Workflow:
    workflow = Workflow(
        proposer_is_not_approver=fields.boolean("proposer_is_not_approver"),
        unclear_report_workdays=fields.integer("unclear_report_workdays", high=365),
        unclear_decide_workdays=fields.integer("unclear_decide_workdays", high=365),
        unclear_to=tuple(_referral(each) for each in fields.objects("unclear_to")),
        dispute=read_slug(fields, "dispute"),
    )
    fields.done()
    return workflow


def _referral(fields: JsonFields) -> Referral:
    referral = Referral(
        levels=fields.texts("levels"),
        bodies=fields.texts("bodies"),
        to=read_names(fields, "to"),
        basis=read_basis(fields),
    )
    fields.done()
    return referral


def _reason(fields: JsonFields) -> ReasonCode:
    reason = ReasonCode(
        id=read_slug(fields, "id"),
        use=read_enum(fields, "use", ReasonUse),
        names=read_names(fields),
        basis=read_basis(fields),
    )
    fields.done()
    return reason


def _person_class(fields: JsonFields) -> PersonClass:
    person = PersonClass(
        id=read_slug(fields, "id"), rank=fields.integer("rank", high=255), names=read_names(fields)
    )
    fields.done()
    return person


def _handling(fields: JsonFields) -> HandlingProfile:
    destruction = fields.fields("destruction")
    profile = HandlingProfile(
        id=read_slug(fields, "id"),
        custody=fields.boolean("custody"),
        acknowledge_hours=fields.integer("acknowledge_hours", low=1),
        copies=read_enum(fields, "copies", Consent),
        printing=read_enum(fields, "printing", Consent),
        forward=read_enum(fields, "forward", Consent),
        export=read_enum(fields, "export", Consent),
        min_person_class=read_optional(fields, "min_person_class"),
        forward_secrecy=fields.boolean("forward_secrecy"),
        training_max_age_days=fields.integer("training_max_age_days"),
        register_reads=fields.boolean("register_reads"),
        open_persons=fields.integer("open_persons", low=1, high=16),
        min_suite=fields.integer("min_suite", low=1, high=255),
        provider_class=read_enum(fields, "provider_class", CipherClass)
        if fields.has("provider_class")
        else CipherClass.ANY,
        destruction=Destruction(
            approval=destruction.boolean("approval"),
            witnesses=destruction.integer("witnesses", high=16),
        ),
        basis=read_basis(fields),
    )
    destruction.done()
    fields.done()
    return profile


def _urgency(fields: JsonFields) -> Urgency:
    urgency = Urgency(
        id=read_slug(fields, "id"),
        rank=fields.integer("rank", high=255),
        names=read_names(fields),
        acknowledge_hours=fields.integer("acknowledge_hours", low=1),
        basis=read_basis(fields),
    )
    fields.done()
    return urgency


def _freshness(fields: JsonFields) -> Freshness:
    send = fields.integer("send_hours", low=1)
    freshness = Freshness(send_hours=send, open_hours=fields.integer("open_hours", low=send))
    fields.done()
    return freshness
