"""From a pack's JSON to values: each field taken once, nothing left over, nothing guessed.

Rules:

- Shape only: whether the parts fit together is checked by `secure_liaison.labels.pack`.

Source: docs/spec/labels.md §5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.period import PeriodForm
from secure_liaison.labels.policy import (
    Authority,
    Basis,
    BasisStatus,
    Category,
    CategoryKind,
    CategoryValue,
    Consent,
    Destruction,
    Freshness,
    HandlingProfile,
    Level,
    MarkingGrammar,
    Names,
    PeriodPolicy,
    PersonClass,
    PolicyPack,
    Rule,
    Urgency,
    Workflow,
)
from secure_liaison.labels.rules import read_condition, read_effect

if TYPE_CHECKING:
    from enum import Enum

    from secure_liaison.labels.strict_json import JsonFields

__all__ = ["read_pack"]

FORMAT: Final = "secure-liaison/policy"
FORMAT_VERSION: Final = 0

_SLUG: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EnumT = TypeVar("_EnumT", bound="Enum")


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
    if fields.text("format") != FORMAT:
        raise FormatError("pack-field-value", place="format")
    version = fields.integer("format_version")
    if version != FORMAT_VERSION:
        raise UnsupportedVersionError("unknown-version", version=version)
    valid = fields.fields("valid")
    pack = PolicyPack(
        id=_slug(fields, "id"),
        version=_date(fields, "version"),
        supersedes=_optional(fields, "supersedes"),
        valid_from=_date(valid, "from"),
        valid_to="" if valid.is_null("to") else _date(valid, "to"),
        names=_names(fields),
        home=_optional(fields, "home"),
        basis=_basis(fields),
        levels=tuple(_level(level) for level in fields.objects("levels")),
        categories=tuple(_category(each) for each in fields.objects("categories")),
        rules=tuple(_rule(rule) for rule in fields.objects("rules")),
        period=_period(fields.fields("period")),
        authority=tuple(_authority(each) for each in fields.objects("authority")),
        workflow=_workflow(fields.fields("workflow")),
        person_classes=tuple(_person_class(each) for each in fields.objects("person_classes")),
        handling=tuple(_handling(each) for each in fields.objects("handling")),
        urgencies=tuple(_urgency(each) for each in fields.objects("urgencies")),
        freshness=_freshness(fields.fields("freshness")),
        marking=_enum(fields, "marking", MarkingGrammar),
        canonical_digest=digest,
    )
    valid.done()
    fields.done()
    return pack


def _level(fields: JsonFields) -> Level:
    unlimited = fields.is_null("max_period_years")
    level = Level(
        id=_slug(fields, "id"),
        rank=fields.integer("rank", high=255),
        names=_names(fields),
        mark=_names(fields, "mark"),
        aliases=fields.texts("aliases"),
        max_period_years=None if unlimited else fields.integer("max_period_years", low=1, high=999),
        handling=_slug(fields, "handling"),
        reserved=fields.boolean("reserved"),
        basis=_basis(fields),
    )
    fields.done()
    return level


def _category(fields: JsonFields) -> Category:
    least = fields.integer("min", high=255)
    category = Category(
        id=_slug(fields, "id"),
        kind=_enum(fields, "kind", CategoryKind),
        names=_names(fields),
        least=least,
        most=None if fields.is_null("max") else fields.integer("max", low=least),
        values=tuple(_category_value(value) for value in fields.objects("values")),
        basis=_basis(fields),
    )
    fields.done()
    return category


def _category_value(fields: JsonFields) -> CategoryValue:
    value = CategoryValue(
        id=_slug(fields, "id"), leaf=_optional(fields, "leaf"), names=_names(fields)
    )
    fields.done()
    return value


def _rule(fields: JsonFields) -> Rule:
    rule = Rule(
        id=_slug(fields, "id"),
        condition=read_condition(fields.fields("if")),
        effect=read_effect(fields.fields("then")),
        say=_names(fields, "say"),
        basis=_basis(fields),
    )
    fields.done()
    return rule


def _period(fields: JsonFields) -> PeriodPolicy:
    policy = PeriodPolicy(
        required=fields.boolean("required"),
        forms=_forms(fields, "forms"),
        older_forms=_forms(fields, "older_forms"),
        defaults=tuple(_default(each) for each in fields.objects("defaults")),
        extend_before_expiry=fields.boolean("extend_before_expiry"),
        review_months=fields.integer("review_months", high=120),
    )
    fields.done()
    return policy


def _default(fields: JsonFields) -> tuple[str, str]:
    default = _slug(fields, "level"), fields.text("duration")
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
        body=_slug(fields, "body"),
        names=_names(fields),
        levels=fields.texts("levels"),
        basis=_basis(fields),
    )
    fields.done()
    return authority


def _workflow(fields: JsonFields) -> Workflow:
    workflow = Workflow(
        proposer_is_not_approver=fields.boolean("proposer_is_not_approver"),
        unclear_report_workdays=fields.integer("unclear_report_workdays", high=365),
        unclear_decide_workdays=fields.integer("unclear_decide_workdays", high=365),
        dispute=_slug(fields, "dispute"),
    )
    fields.done()
    return workflow


def _person_class(fields: JsonFields) -> PersonClass:
    person = PersonClass(
        id=_slug(fields, "id"), rank=fields.integer("rank", high=255), names=_names(fields)
    )
    fields.done()
    return person


def _handling(fields: JsonFields) -> HandlingProfile:
    destruction = fields.fields("destruction")
    profile = HandlingProfile(
        id=_slug(fields, "id"),
        custody=fields.boolean("custody"),
        acknowledge_hours=fields.integer("acknowledge_hours", low=1),
        copies=_enum(fields, "copies", Consent),
        printing=_enum(fields, "printing", Consent),
        forward=_enum(fields, "forward", Consent),
        export=_enum(fields, "export", Consent),
        min_person_class=_optional(fields, "min_person_class"),
        forward_secrecy=fields.boolean("forward_secrecy"),
        training_max_age_days=fields.integer("training_max_age_days"),
        register_reads=fields.boolean("register_reads"),
        open_persons=fields.integer("open_persons", low=1, high=16),
        min_suite=fields.integer("min_suite", low=1, high=255),
        destruction=Destruction(
            approval=destruction.boolean("approval"),
            witnesses=destruction.integer("witnesses", high=16),
        ),
        basis=_basis(fields),
    )
    destruction.done()
    fields.done()
    return profile


def _urgency(fields: JsonFields) -> Urgency:
    urgency = Urgency(
        id=_slug(fields, "id"),
        rank=fields.integer("rank", high=255),
        names=_names(fields),
        acknowledge_hours=fields.integer("acknowledge_hours", low=1),
        basis=_basis(fields),
    )
    fields.done()
    return urgency


def _freshness(fields: JsonFields) -> Freshness:
    send = fields.integer("send_hours", low=1)
    freshness = Freshness(send_hours=send, open_hours=fields.integer("open_hours", low=send))
    fields.done()
    return freshness


def _names(fields: JsonFields, name: str = "names") -> Names:
    both = fields.fields(name)
    names = Names(zh=both.text("zh"), en=both.text("en"))
    both.done()
    return names


def _basis(fields: JsonFields) -> tuple[Basis, ...]:
    found = []
    for each in fields.objects("basis"):
        found.append(Basis(cite=each.text("cite"), status=_enum(each, "status", BasisStatus)))
        each.done()
    if not found:
        raise FormatError("pack-field-value", place=fields.at("basis"))
    return tuple(found)


def _enum(fields: JsonFields, name: str, kind: type[_EnumT]) -> _EnumT:
    try:
        return kind(fields.text(name))
    except ValueError as exc:
        raise FormatError("pack-field-value", place=fields.at(name)) from exc


def _slug(fields: JsonFields, name: str) -> str:
    slug = fields.text(name, max_size=64)
    if _SLUG.fullmatch(slug) is None:
        raise FormatError("pack-field-value", place=fields.at(name))
    return slug


def _date(fields: JsonFields, name: str) -> str:
    date = fields.text(name, max_size=10)
    if _DATE.fullmatch(date) is None:
        raise FormatError("pack-field-value", place=fields.at(name))
    return date


def _optional(fields: JsonFields, name: str) -> str:
    return "" if fields.is_null(name) else fields.text(name)
