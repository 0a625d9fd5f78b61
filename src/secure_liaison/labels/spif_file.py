"""From the bytes of an XML SPIF to a policy, with everything that is wrong with it.

Rules:

- SPIF 1.0, 2.0 and 2.1 have one namespace and are read; SPIF 3 and made-up dialects are refused by
  name.
- Nothing is decided here: what a permissive tag means, what fits into a pack, is said later.

Source: docs/spec/foreign-labels.md §1; the XML SPIF 2.1 schema; labels report §3.3.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.labels.spif_element import LANGUAGE, SPIF_NAMESPACE, SpifElement
from secure_liaison.labels.spif_policy import (
    Applied,
    Phrase,
    Qualifier,
    SpifClass,
    SpifEquivalent,
    SpifPartner,
    SpifPolicy,
    SpifReference,
    SpifRequirement,
    SpifTag,
    SpifValue,
    TagType,
)
from secure_liaison.labels.strict_xml import read_xml

if TYPE_CHECKING:
    from secure_liaison.labels.import_report import ImportReport

__all__ = ["MAX_SPIF_BYTES", "read_spif"]

MAX_SPIF_BYTES: Final = 4 * 2**20

_MISSPELT: Final = "http://www.xmslpif.org/spif"
_INVENTED: Final = "urn:xmlspif:spif:3.0"
_VERSIONS: Final = frozenset({"1.0", "2.0", "2.1"})
_CODES: Final = frozenset(
    (
        *("pageTop", "pageBottom", "pageTopBottom", "documentStart", "documentEnd"),
        *("noNameDisplay", "noMarkingDisplay", "suppressClassName", "firstLineOfText"),
        *("lastLineOfText", "subject", "xHeader", "portionMarking", "inputTitle", "waterMark"),
        "replacePolicy",
    )
)
_OPERATIONS: Final = frozenset({"onlyOne", "oneOrMore", "all"})
_QUALIFIERS: Final = frozenset({"prefix", "suffix", "separator"})
_UNBOUNDED: Final = "unbounded"
_COUNT: Final = re.compile(r"[0-9]{1,3}")
_NOTHING: Final = SpifPolicy(
    name="",
    id="",
    created="",
    version="",
    not_before="",
    not_after="",
    classes=(),
    tags=(),
    partners=(),
)


class _Written(Enum):
    """Tag types as the attribute writes them."""

    RESTRICTIVE = "restrictive"
    ENUMERATED = "enumerated"
    PERMISSIVE = "permissive"
    INFORMATIVE = "tagType7"
    NOT_APPLICABLE = "notApplicable"


class _Enumerated(Enum):
    RESTRICTIVE = "restrictive"
    PERMISSIVE = "permissive"


class _Encoding(Enum):
    BITS = "bitSetAttributes"
    NUMBERS = "securityAttributes"


def read_spif(data: bytes, report: ImportReport) -> SpifPolicy:
    """Read a file of at most `MAX_SPIF_BYTES`; what is wrong goes into the report.

    Raises:
        FormatError: those of `read_xml`: what is not XML at all has no parts to report on.
    """
    found = read_xml(data, max_bytes=MAX_SPIF_BYTES)
    root = SpifElement(found, report)
    if found.namespace != SPIF_NAMESPACE:
        _refuse_namespace(root, found.namespace)
        return _NOTHING
    if found.name != "SPIF":
        root.error("root", name=found.name)
        return _NOTHING
    written = root.attribute("schemaVersion")
    if written.partition(".")[0] == "3":
        root.error("version-3", part="@schemaVersion", name=f"schemaVersion {written}")
    elif written and written not in _VERSIONS:
        root.error("schema-version", part="@schemaVersion", value=written)
    for unused in ("originatorDN", "keyIdentifier", "privilegeId", "rbacId"):
        if not root.attribute(unused, need=False):
            root.warn("attribute-absent", part=f"@{unused}", name=unused)
    for unused in ("userRefURI", "docRefURI"):
        root.attribute(unused, need=False)
    policy = _policy(root)
    root.done()
    return policy


def _refuse_namespace(root: SpifElement, namespace: str) -> None:
    match namespace:
        case "http://www.xmslpif.org/spif":
            root.error("namespace-misspelt", namespace=_MISSPELT, wanted=SPIF_NAMESPACE)
        case "urn:xmlspif:spif:3.0":
            root.error("namespace-invented", namespace=_INVENTED, wanted=SPIF_NAMESPACE)
        case _:
            root.error("namespace", namespace=namespace or "-", wanted=SPIF_NAMESPACE)


def _policy(root: SpifElement) -> SpifPolicy:
    root.skip("defaultSecurityPolicyId", "updateInfo", "privacyMarks", "markingData")
    root.skip("markingQualifier", "extensions")
    named = root.child("securityPolicyId")
    name = identifier = ""
    if named is None:
        root.error("element-missing", name="securityPolicyId")
    else:
        name, identifier = named.attribute("name"), named.oid("id")
        named.skip("markingData", "markingQualifier")
        named.done()
    return SpifPolicy(
        name=name,
        id=identifier,
        created=root.made("creationDate"),
        version=root.attribute("version", need=False) or "1",
        not_before=root.first_day("notBefore"),
        not_after=root.last_day("notAfter"),
        classes=_classes(root),
        tags=_tags(root),
        partners=_partners(root),
    )


def _classes(root: SpifElement) -> tuple[SpifClass, ...]:
    holder = root.child("securityClassifications")
    if holder is None:
        root.error("element-missing", name="securityClassifications")
        return ()
    holder.attribute("name", need=False)
    holder.skip("markingData", "markingQualifier")
    found = []
    for each in holder.children("securityClassification"):
        each.attribute("color", need=False)
        each.skip("markingQualifier")
        found.append(
            SpifClass(
                name=each.attribute("name"),
                lacv=each.number("lacv"),
                hierarchy=each.number("hierarchy"),
                obsolete=each.flag("obsolete"),
                phrases=_phrases(each),
                requirements=_requirements(each),
                equivalents=_equivalents(each, "equivalentClassification"),
                line=each.line,
            )
        )
        each.done()
    if not found:
        holder.error("element-missing", name="securityClassification")
    holder.done()
    return tuple(found)


def _tags(root: SpifElement) -> tuple[SpifTag, ...]:
    holder = root.child("securityCategoryTagSets")
    if holder is None:
        return ()
    tags = []
    for tag_set in holder.children("securityCategoryTagSet"):
        name, identifier = tag_set.attribute("name"), tag_set.oid("id")
        tag_set.skip("equivalentSecurityCategoryTagSet")
        for each in tag_set.children("securityCategoryTag"):
            tags.append(_tag(each, name, identifier))
            each.done()
        tag_set.done()
    holder.done()
    return tuple(tags)


def _tag(each: SpifElement, set_name: str, set_id: str) -> SpifTag:
    single = each.flag("singleSelection")
    most = _selection(each, "maxSelection")
    least = _selection(each, "minSelection") or 0
    if single:
        if most is not None and most > 1:
            each.error("selection", part="@maxSelection", least=least, most=most)
        most = 1
    if most is not None and (most < 1 or most < least):
        each.error("selection", part="@maxSelection", least=least, most=most)
    encoding = each.attribute("tag7Encoding", need=False)
    if encoding and encoding not in {known.value for known in _Encoding}:
        each.error("value-unknown", part="@tag7Encoding", name="tag7Encoding", value=encoding)
    return SpifTag(
        set_name=set_name,
        set_id=set_id,
        name=each.attribute("name", need=False) or set_name,
        type=_type(each),
        bits=encoding != _Encoding.NUMBERS.value,
        least=least,
        most=most,
        values=tuple(_value(value) for value in each.children("tagCategory")),
        qualifiers=_qualifiers(each),
        line=each.line,
    )


def _value(each: SpifElement) -> SpifValue:
    each.skip("markingQualifier")
    typed = each.attribute("userInput", need=False)
    each.attribute("dateFormat", need=False)
    if typed:
        each.warn("user-input", part="@userInput", value=typed)
    excluded = []
    for inner in each.children("excludedClass"):
        excluded.append(inner.content())
        inner.done()
    value = SpifValue(
        name=each.attribute("name"),
        lacv=each.attribute("lacv"),
        typed=bool(typed),
        obsolete=each.flag("obsolete"),
        required_class=each.attribute("requiredClass", need=False),
        excluded_classes=tuple(excluded),
        requirements=_requirements(each),
        excluded=tuple(_reference(inner) for inner in each.children("excludedCategory")),
        phrases=_phrases(each),
        equivalents=_equivalents(each, "equivalentSecCategoryTag"),
        not_before=each.first_day("notBefore"),
        not_after=each.last_day("notAfter"),
        line=each.line,
    )
    each.done()
    return value


def _selection(each: SpifElement, name: str) -> int | None:
    text = each.attribute(name, need=False)
    if text in {"", _UNBOUNDED}:
        return None
    if _COUNT.fullmatch(text) is None:
        each.error("number", part=f"@{name}", name=name, value=text)
        return None
    return int(text)


def _type(each: SpifElement) -> TagType:
    written = each.choice("tagType", _Written, _Written.NOT_APPLICABLE)
    kind = each.attribute("enumType", need=False)
    if written is _Written.ENUMERATED:
        if kind not in {known.value for known in _Enumerated}:
            each.error("enum-type", part="@enumType", value=kind or "-")
            return TagType.ENUMERATED_RESTRICTIVE
        return TagType(f"enumerated {kind}")
    if kind:
        each.warn("enum-type-unused", part="@enumType", value=kind)
    return TagType(written.value)


def _reference(each: SpifElement) -> SpifReference:
    whole = each.flag("all")
    lacv = each.attribute("lacv", need=False)
    if whole and lacv:
        each.error("all-and-one", part="@lacv", value=lacv)
    reference = SpifReference(
        tag_set=each.attribute("tagSetRef"), type=_type(each), lacv=lacv, line=each.line
    )
    each.done()
    return reference


def _requirements(each: SpifElement) -> tuple[SpifRequirement, ...]:
    found = []
    for inner in each.children("requiredCategory"):
        operation = inner.attribute("operation", need=False)
        references = tuple(_reference(group) for group in inner.children("categoryGroup"))
        if not references:
            inner.error("element-missing", name="categoryGroup")
        if operation not in _OPERATIONS and (operation or len(references) > 1):
            inner.error("operation", part="@operation", value=operation or "-")
        found.append(
            SpifRequirement(operation=operation or "all", references=references, line=inner.line)
        )
        inner.done()
    return tuple(found)


def _phrases(each: SpifElement) -> tuple[Phrase, ...]:
    found = []
    for inner in each.children("markingData"):
        codes = {_code(code) for code in inner.children("code")}
        found.append(
            Phrase(
                text=inner.attribute("phrase", need=False),
                language=inner.attribute("lang", space=LANGUAGE, need=False),
                codes=frozenset(codes - {""}),
                line=inner.line,
            )
        )
        inner.done()
    return tuple(found)


def _code(each: SpifElement) -> str:
    code = each.content()
    each.done()
    if code not in _CODES:
        each.warn("code-unknown", value=code or "-")
        return ""
    return code


def _qualifiers(each: SpifElement) -> tuple[Qualifier, ...]:
    found = []
    for outer in each.children("markingQualifier"):
        code = outer.attribute("markingCode", need=False)
        if code and code not in _CODES:
            outer.warn("code-unknown", part="@markingCode", value=code)
        for inner in outer.children("qualifier"):
            kind = inner.attribute("qualifierCode")
            if kind and kind not in _QUALIFIERS:
                inner.error(
                    "value-unknown", part="@qualifierCode", name="qualifierCode", value=kind
                )
            found.append(
                Qualifier(
                    text=inner.literal("markingQualifier"),
                    kind=kind,
                    language=inner.attribute("lang", space=LANGUAGE, need=False),
                    code=code,
                    line=inner.line,
                )
            )
            inner.done()
        outer.done()
    return tuple(found)


def _equivalents(each: SpifElement, name: str) -> tuple[SpifEquivalent, ...]:
    found = []
    for inner in each.children(name):
        of_class = name == "equivalentClassification"
        action = inner.attribute("action", need=False)
        if action not in {"", "discard"}:
            inner.error("value-unknown", part="@action", name="action", value=action)
        if not of_class:
            _type(inner)
        demands = inner.children("requiredCategory")
        found.append(
            SpifEquivalent(
                policy=inner.attribute("policyRef"),
                tag_set="" if of_class else inner.oid("tagSetId"),
                lacv=inner.attribute("lacv"),
                applied=inner.choice("applied", Applied, Applied.BOTH),
                discard=action == "discard",
                demands=bool(demands),
                line=inner.line,
            )
        )
        inner.done()
    return tuple(found)


def _partners(root: SpifElement) -> tuple[SpifPartner, ...]:
    holder = root.child("equivalentPolicies")
    if holder is None:
        return ()
    partners = []
    for each in holder.children("equivalentPolicy"):
        for unused in ("userRefURI", "docRefURI"):
            each.attribute(unused, need=False)
        each.skip("requiredCategory")
        partners.append(SpifPartner(name=each.attribute("name"), id=each.oid("id")))
        each.done()
    holder.done()
    return tuple(partners)
