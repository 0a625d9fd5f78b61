"""A small SPIF of our own, with one of everything that is carried over, and changes to it."""

from __future__ import annotations

import json
from typing import Any

from secure_liaison.labels.policy import PolicyPack
from secure_liaison.labels.spif import SpifImport, import_spif
from secure_liaison.labels.spif_plan import Decisions
from secure_liaison.labels.spif_supplement import read_supplement

SPIF = """<?xml version="1.0" encoding="UTF-8"?>
<s:SPIF xmlns:s="http://www.xmlspif.org/spif" schemaVersion="2.1" version="7"
        creationDate="20260301120000Z" originatorDN="CN=Test" keyIdentifier="00"
        privilegeId="1.3.6.1.4.1.32473.9" rbacId="1.3.6.1.4.1.32473.9">
 <s:securityPolicyId name="TESTLAND" id="1.3.6.1.4.1.32473.2"/>
 <s:securityClassifications>
  <s:securityClassification name="OPEN" lacv="1" hierarchy="10"/>
  <s:securityClassification name="CLOSED" lacv="3" hierarchy="30">
   <s:equivalentClassification policyRef="PARTNER" lacv="4" applied="both"/>
   <s:markingData phrase="TL CLOSED"><s:code>pageTop</s:code></s:markingData>
   <s:markingData phrase="TL FERMÉ" xml:lang="fr"><s:code>pageTop</s:code></s:markingData>
   <s:requiredCategory operation="oneOrMore">
    <s:categoryGroup tagSetRef="Handling" tagType="restrictive" lacv="1"/>
    <s:categoryGroup tagSetRef="Handling" tagType="restrictive" lacv="2"/>
   </s:requiredCategory>
  </s:securityClassification>
  <s:securityClassification name="SHARED" lacv="2" hierarchy="20" obsolete="true"/>
 </s:securityClassifications>
 <s:securityCategoryTagSets>
  <s:securityCategoryTagSet name="Releasable To" id="1.3.6.1.4.1.32473.3.1">
   <s:securityCategoryTag name="Releasable To" tagType="enumerated" enumType="permissive">
    <s:tagCategory name="FRA" lacv="250"/>
    <s:tagCategory name="BLUE FORCE" lacv="900"/>
    <s:markingQualifier markingCode="pageTop">
     <s:qualifier markingQualifier="REL TO " qualifierCode="prefix"/>
     <s:qualifier markingQualifier=", " qualifierCode="separator"/>
    </s:markingQualifier>
   </s:securityCategoryTag>
  </s:securityCategoryTagSet>
  <s:securityCategoryTagSet name="Handling" id="1.3.6.1.4.1.32473.3.2">
   <s:securityCategoryTag name="Projects" tagType="restrictive">
    <s:tagCategory name="RED" lacv="1">
     <s:equivalentSecCategoryTag policyRef="PARTNER" tagSetId="1.2.3" tagType="restrictive"
        lacv="9" applied="encrypt" action="discard"/>
     <s:excludedClass>OPEN</s:excludedClass>
    </s:tagCategory>
    <s:tagCategory name="GREEN" lacv="2">
     <s:excludedClass>OPEN</s:excludedClass>
     <s:excludedCategory tagSetRef="Handling" tagType="restrictive" lacv="1"/>
    </s:tagCategory>
    <s:tagCategory name="GOLD" lacv="3" requiredClass="CLOSED">
     <s:requiredCategory operation="onlyOne">
      <s:categoryGroup tagSetRef="Releasable To" tagType="enumerated" enumType="permissive"
        all="true"/>
     </s:requiredCategory>
     <s:requiredCategory operation="all">
      <s:categoryGroup tagSetRef="Handling" tagType="tagType7" lacv="11"/>
     </s:requiredCategory>
    </s:tagCategory>
   </s:securityCategoryTag>
   <s:securityCategoryTag name="Notes" tagType="tagType7" tag7Encoding="securityAttributes">
    <s:tagCategory name="STAFF" lacv="11">
     <s:markingData phrase="STAFF ONLY"><s:code>noNameDisplay</s:code></s:markingData>
    </s:tagCategory>
    <s:tagCategory name="QUIET" lacv="12">
     <s:markingData><s:code>noMarkingDisplay</s:code></s:markingData>
    </s:tagCategory>
   </s:securityCategoryTag>
  </s:securityCategoryTagSet>
 </s:securityCategoryTagSets>
 <s:equivalentPolicies>
  <s:equivalentPolicy name="PARTNER" id="1.1"/>
 </s:equivalentPolicies>
</s:SPIF>
"""


def changed(*changes: tuple[str, str]) -> bytes:
    """Return the SPIF with texts replaced; each must be there."""
    text = SPIF
    for old, new in changes:
        if old not in text:
            raise AssertionError(old)
        text = text.replace(old, new, 1)
    return text.encode()


def line_of(fragment: str, data: bytes) -> int:
    """Return the line on which a fragment begins."""
    text = data.decode()
    return text.count("\n", 0, text.index(fragment)) + 1


def imported(*changes: tuple[str, str], **options: Any) -> SpifImport:
    """Import the SPIF with changes; ``widen=…`` and the like decide, ``supplement=…`` adds."""
    added = options.pop("supplement", None)
    if added is not None:
        head = {"format": "secure-liaison/spif-supplement", "format_version": 0}
        added = read_supplement(json.dumps(head | added).encode())
    decisions = Decisions(**{name: frozenset(names) for name, names in options.items()})
    return import_spif(changed(*changes), decisions=decisions, supplement=added)


def pack_of(*changes: tuple[str, str], **options: Any) -> PolicyPack:
    """Return the pack of an import that must succeed."""
    found = imported(*changes, **options)
    if found.pack is None:
        raise AssertionError(found.report.findings)
    return found.pack
