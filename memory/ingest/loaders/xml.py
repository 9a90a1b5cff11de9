"""XML of any vocabulary: an element of plain values is a record, running text a paragraph, names lead the way."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from memory.errors import Refused
from memory.ingest.decode import clean
from memory.ingest.loaders.html import load as load_html
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.rows import row_text
from memory.records import Scalar

etree: Any = import_module("lxml.etree")  # it has no types

MAX_DEPTH = 100
_NAMES = ("title", "name", "heading", "label", "id")


def load(raw: Raw) -> Iterator[Parsed]:
    """Yield the file as one document; a file whose root is `html` is read as a page."""
    root = parse(raw.data)
    if name_of(root) == "html":
        yield from load_html(raw)
        return
    walk = _Walk(TextBuilder(raw.limits.text_characters))
    walk.write(root, 1)
    blocks = tuple(walk.builder.blocks)
    yield Parsed(walk.builder.text(), blocks, "application/xml", _label(root, ("title", "name")))


def parse(data: bytes) -> Any:
    """Return the root of XML; entities stay unresolved and nothing is fetched.

    Raises:
        Refused: it is not well-formed, or declares entities that refer to each other (a bomb).
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused(f"it is not well-formed XML ({error})") from error
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any("&" in (entity.content or "") for entity in dtd.iterentities()):
        raise Refused("it declares entities that refer to each other")
    return root


class _Walk:
    def __init__(self, builder: TextBuilder) -> None:
        self.builder = builder
        self._records = 0

    def write(self, node: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Refused(f"it is nested deeper than {MAX_DEPTH} levels")
        if _is_mixed(node):
            self.builder.add(words(node))
            return
        children = [child for child in node if isinstance(child.tag, str)]
        leaves = [child for child in children if not len(child)]
        self._record(node, leaves)
        for child in children:
            if len(child):
                label = _label(child, _NAMES)
                self.builder.add_heading(f"{name_of(child)}: {label}" if label else name_of(child), depth)
                self.write(child, depth + 1)

    def _record(self, node: Any, leaves: list[Any]) -> None:
        cells = [(_local(name), clean(value)) for name, value in node.attrib.items()]
        cells += [(name_of(leaf), words(leaf) or " ".join(leaf.attrib.values())) for leaf in leaves]
        if not leaves and node.text and node.text.strip():
            cells.append((name_of(node), words(node)))
        cells = [(name, text) for name, text in cells if text]
        if not cells:
            return
        self._records += 1
        fields: list[tuple[str, Scalar]] = [(name, text) for name, text in cells[:40] if len(text) <= 200]
        text = row_text([name for name, _ in cells], [text for _, text in cells])
        self.builder.add_record(text, self._records, _label(node, _NAMES), fields)


def _is_mixed(node: Any) -> bool:
    """Whether words stand between an element's children."""
    lead = bool(len(node) and node.text and node.text.strip())
    return lead or any(child.tail and child.tail.strip() for child in node)


def words(node: Any) -> str:
    """Return an element's words in order, white space squeezed."""
    return " ".join(clean("".join(str(part) for part in node.itertext())).split())


def name_of(node: Any) -> str:
    """Return an element's name without its namespace."""
    return _local(str(node.tag))


def _local(name: str) -> str:
    return clean(name.rsplit("}", 1)[-1])


def _label(node: Any, names: tuple[str, ...]) -> str:
    found = {_local(name).casefold(): value for name, value in node.attrib.items()}
    for child in node:
        if isinstance(child.tag, str) and not len(child):
            found.setdefault(name_of(child).casefold(), child.text or "")
    return next((" ".join(clean(found[name]).split())[:200] for name in names if found.get(name, "").strip()), "")
