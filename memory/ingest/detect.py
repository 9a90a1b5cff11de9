"""What a file is, judged by its content; only between kinds of text does the name decide."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import puremagic

from memory.errors import Refused
from memory.ingest.archive import member, open_archive
from memory.ingest.parsed import Raw

SUFFIXES = {
    **dict.fromkeys((".md", ".markdown", ".mdx"), "markdown"),
    **dict.fromkeys((".txt", ".text", ".log", ".org", ".adoc", ".tex", ".srt", ".vtt"), "text"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".csv", ".tsv", ".tab"), "delimited"),
    **dict.fromkeys((".xml", ".rss", ".atom", ".svg", ".xsd", ".xsl"), "xml"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".rst", ".rest"), "rst"),
    **dict.fromkeys((".zip", ".jar", ".whl"), "zip"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".avif"), "image"),
    ".json": "json",
    ".ipynb": "notebook",
    ".eml": "mail",
    ".pdf": "pdf",
    ".docx": "docx",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".epub": "epub",
    ".odt": "odt",
    ".rtf": "rtf",
    ".msg": "outlook",
}
_CODE = (
    ".py .pyi .js .mjs .cjs .ts .tsx .jsx .vue .svelte .css .scss .less .java .kt .kts .scala .groovy .c .h .cc "
    ".cpp .cxx .hpp .hh .cs .go .rs .rb .php .swift .m .mm .r .jl .lua .pl .pm .sh .bash .zsh .fish .ps1 .bat .sql "
    ".graphql .proto .yaml .yml .toml .ini .cfg .conf .properties .env .gradle .cmake .mk .tf .dockerfile .hs .ml "
    ".ex .exs .erl .clj .el .lisp .dart .zig .nim .asm .s .f90 .pas .vb .diff .patch"
)
CODE = frozenset(_CODE.split())
CODE_NAMES = frozenset({"makefile", "dockerfile", "jenkinsfile", "rakefile", "gemfile", "justfile", "cmakelists.txt"})
BINARY = {
    "pdf": "a PDF",
    "docx": "a DOCX",
    "pptx": "a PPTX",
    "xlsx": "an XLSX",
    "epub": "an EPUB",
    "odt": "an ODT",
    "rtf": "an RTF",
    "outlook": "an Outlook message",
    "zip": "a ZIP archive",
    "image": "a picture",
}
_PARTS = {"word/": "docx", "ppt/": "pptx", "xl/": "xlsx"}
_MIMETYPES = {b"application/epub+zip": "epub", b"application/vnd.oasis.opendocument.text": "odt"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD = {
    "WordDocument": "DOC; save it as DOCX",
    "PowerPoint Document": "PPT; save it as PPTX",
    "Workbook": "XLS; save it as XLSX",
    "Book": "XLS; save it as XLSX",
}
_MAIL = re.compile(rb"\A(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*){3,}")
_MARKUP = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(!doctype\s+html|html|\w|!|\?)", re.I | re.S
)


def detect(raw: Raw) -> str:
    """Return the type of a file, a key of `LOADERS`.

    Raises:
        Refused: empty, too large, of no type we read, or not what its name says.
    """
    if not raw.data.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise Refused("it is empty")
    if len(raw.data) > raw.limits.file_bytes:
        raise Refused(f"it is larger than {raw.limits.file_bytes:,} bytes")
    named, real = _named(raw.name), _binary(raw)
    if real is not None and (real != "zip" or named not in BINARY):
        return real
    if named in BINARY and real != named:
        raise Refused(f"it is not {BINARY[named]} although it is named so")
    return real or named or _text(raw.data)


def _named(name: str) -> str | None:
    path = PurePosixPath(name)
    suffix = path.suffix.casefold()
    if suffix in CODE or path.name.casefold() in CODE_NAMES:
        return "code"
    return SUFFIXES.get(suffix)


def _binary(raw: Raw) -> str | None:
    """The type that the first bytes tell for sure, None for text.

    Raises:
        Refused: it is of a type we do not read.
    """
    head = raw.data[:1024]
    if head.startswith(b"PK\x03\x04"):
        return _zipped(raw)
    if head.startswith(_OLE):
        return _compound(raw.data)
    if b"%PDF-" in head:
        return "pdf"
    if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{\\rtf"):
        return "rtf"
    if _is_picture(head):
        return "image"
    if b"\0" in head or head.startswith(b"\x1f\x8b"):
        _refuse_other(head)
    return None


def _is_picture(head: bytes) -> bool:
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return True
    is_riff = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    is_bitmap = head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124)
    return is_riff or is_bitmap or head[4:12] in (b"ftypavif", b"ftypavis")


def _zipped(raw: Raw) -> str:
    with open_archive(raw.data, raw.limits) as archive:
        names = archive.namelist()
        for part, kind in _PARTS.items():
            if any(name.startswith(part) for name in names) and "[Content_Types].xml" in names:
                return kind
        declared = member(archive, "mimetype")[:100].strip() if "mimetype" in names else b""
        return _MIMETYPES.get(declared, "zip")


def _compound(data: bytes) -> str:
    """An OLE file: an Outlook message, or one of the many that we do not read."""

    def has(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if has("EncryptedPackage"):
        raise Refused("it is protected by a password")
    if has("__properties_version1.0"):
        return "outlook"
    old = next((what for name, what in _OLD.items() if has(name)), "Office file; save it in a current format")
    raise Refused(f"it is an old {old}")


def _refuse_other(head: bytes) -> None:
    """Refuse binary content that is known for sure; UTF-16 has NULs too."""
    try:
        found: Any = puremagic.magic_string(head)  # pyright: ignore[reportUnknownMemberType] untyped library
    except (puremagic.PureError, ValueError):
        return
    best = next((match for match in found if match.confidence >= 0.8 and match.name), None)
    if best is None or best.mime_type.startswith("text/") or "utf" in best.name.casefold():
        return
    if best.mime_type.startswith("image/"):
        raise Refused(f"it is a picture of a kind that is not read ({best.name}); save it as PNG or JPEG")
    raise Refused(f"it is a binary file ({best.name})")


def _text(data: bytes) -> str:
    """The type of a text whose name says nothing."""
    head = data[:4096]
    if markup := _MARKUP.match(head):
        return "html" if b"html" in markup[1].lower() else "xml"
    if _MAIL.match(head) and re.search(rb"^(?:from|received|message-id|mime-version):", head, re.I | re.M):
        return "mail"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2]
    if start[:1] == b"{" and data.count(b"\n{", 0, 65536):
        return "jsonl"
    return "json" if re.match(rb'[\[{]\s*["\[{\]}\d]', head.lstrip(b"\xef\xbb\xbf \t\r\n")) else "text"
