"""One XML element whose attributes and children are each taken once.

Rules:

- `XmlFields.done` proves that nothing is left over: no attribute, no child, no text.
- Every error names the line and the path (``SPIF/securityPolicyId/@name``).
- A name without a namespace of its own is looked for in the namespace of the element around it;
  attributes have none unless one is named.
- ``xsi:schemaLocation`` and ``xsi:noNamespaceSchemaLocation`` may be left over: they are hints
  where a schema lies, and nothing here follows them.

Source: docs/spec/binding.md §1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from secure_liaison.labels.strict_xml import Element

__all__ = ["XmlFields"]

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_HINTS: Final = {(_XSI, "schemaLocation"), (_XSI, "noNamespaceSchemaLocation")}
_LONGEST_PATH: Final = 200


class XmlFields:
    """The parts of one element, taken by name.

    Errors of every getter: `FormatError` ``xml-part-missing``, ``xml-part-twice``,
    ``xml-part-value``.
    """

    def __init__(self, element: Element, *, namespace: str, name: str, path: str = "") -> None:
        """Take an element that must have this name.

        Raises:
            FormatError: ``xml-part-unknown``.
        """
        self.element = element
        self.path = (f"{path}/{element.name}" if path else element.name)[:_LONGEST_PATH]
        if (element.namespace, element.name) != (namespace, name):
            raise FormatError("xml-part-unknown", line=element.line, place=self.path)
        self._attributes = dict(element.attributes)
        self._children = list(element.children)
        self._text: str | None = element.text

    @property
    def line(self) -> int:
        """Where the element begins, from 1."""
        return self.element.line

    def attribute(self, name: str, *, namespace: str = "", max_size: int = 500) -> str:
        """Take an attribute of 1 to ``max_size`` characters."""
        value = self.optional_attribute(name, namespace=namespace, max_size=max_size)
        if value is None:
            raise FormatError("xml-part-missing", line=self.line, place=self._at(f"@{name}"))
        return value

    def optional_attribute(
        self, name: str, *, namespace: str = "", max_size: int = 500
    ) -> str | None:
        """Take an attribute of 1 to ``max_size`` characters if it is there."""
        value = self._attributes.pop((namespace, name), None)
        if value is not None and not 0 < len(value) <= max_size:
            self.refuse_value(f"@{name}")
        return value

    def child(self, name: str, *, namespace: str | None = None) -> XmlFields:
        """Take the one child of that name."""
        found = self.optional_child(name, namespace=namespace)
        if found is None:
            raise FormatError("xml-part-missing", line=self.line, place=self._at(name))
        return found

    def optional_child(self, name: str, *, namespace: str | None = None) -> XmlFields | None:
        """Take the one child of that name if it is there."""
        found = self.children(name, namespace=namespace)
        if len(found) > 1:
            raise FormatError("xml-part-twice", line=found[1].line, place=found[1].path)
        return found[0] if found else None

    def children(self, name: str, *, namespace: str | None = None) -> list[XmlFields]:
        """Take every child of that name, in order; there may be none."""
        wanted = self.element.namespace if namespace is None else namespace
        taken = [k for k in self._children if (k.namespace, k.name) == (wanted, name)]
        self._children = [k for k in self._children if (k.namespace, k.name) != (wanted, name)]
        return [XmlFields(k, namespace=wanted, name=name, path=self.path) for k in taken]

    def elements(self) -> list[Element]:
        """Take all children that are left, in order, whatever their names."""
        taken, self._children = self._children, []
        return taken

    def text(self, *, max_size: int = 500) -> str:
        """Take the text, 1 to ``max_size`` characters without the white space at its ends."""
        taken, self._text = (self._text or "").strip(), None
        if not 0 < len(taken) <= max_size:
            self.refuse_value()
        return taken

    def refuse_value(self, part: str = "") -> NoReturn:
        """Refuse the element's value, or that of a part of it (``@name`` or a child's name).

        Raises:
            FormatError: ``xml-part-value``.
        """
        raise FormatError("xml-part-value", line=self.line, place=self._at(part))

    def done(self) -> None:
        """Prove that everything was taken.

        Raises:
            FormatError: ``xml-part-unknown``.
        """
        left = sorted(name for space, name in self._attributes if (space, name) not in _HINTS)
        if left:
            raise FormatError("xml-part-unknown", line=self.line, place=self._at(f"@{left[0]}"))
        if self._children:
            child = self._children[0]
            raise FormatError("xml-part-unknown", line=child.line, place=self._at(child.name))
        if (self._text or "").strip():
            raise FormatError("xml-part-unknown", line=self.line, place=self._at("text()"))

    def _at(self, part: str) -> str:
        return (f"{self.path}/{part}" if part else self.path)[:_LONGEST_PATH]
