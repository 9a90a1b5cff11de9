"""EML: who wrote what to whom, and the attachments as documents of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from memory.errors import Refused
from memory.ingest.decode import clean
from memory.ingest.loaders.markup import write_html
from memory.ingest.loaders.parts import load_part
from memory.ingest.loaders.text import paragraphs
from memory.ingest.parsed import Parsed, Raw, RefusedPart, TextBuilder
from memory.records import Scalar

MAX_ATTACHMENTS = 200
MAX_PARTS = 5_000
_HEADERS = ("From", "To", "Cc", "Date")


@dataclass(frozen=True, slots=True)
class Mail:
    """A message: `headers` as (name, value), its body as plain text or else HTML, attachments as (name, bytes)."""

    subject: str
    headers: list[tuple[str, str]]
    plain: str
    html: str | bytes
    attachments: list[tuple[str, bytes]]


def load(raw: Raw) -> Iterator[Parsed | RefusedPart]:
    """Yield the message and its attachments' documents."""
    if raw.data.count(b"\n--") > MAX_PARTS:
        raise Refused(f"it has more than {MAX_PARTS:,} parts")
    message = message_from_bytes(raw.data, policy=policy.default)
    if not message.keys():
        raise Refused("it is not a mail: it has no headers")
    plain, html = _body(message, "plain"), _body(message, "html")
    headers = [(name, _header(message, name)) for name in _HEADERS]
    attachments = [_attachment(part, at) for at, part in enumerate(_attached(message), 1)]
    yield from documents(raw, Mail(_header(message, "Subject"), headers, plain, html, attachments), "message/rfc822")


def documents(raw: Raw, mail: Mail, media_type: str) -> Iterator[Parsed | RefusedPart]:
    """Yield a message (with the key `message` if attachments follow) and what is attached, pictures left out."""
    builder = TextBuilder(raw.limits.text_characters)
    builder.add_heading(clean(mail.subject), 1)
    headers = [(name, " ".join(clean(value).split())) for name, value in mail.headers]
    builder.add("\n".join(f"{name}: {value}" for name, value in headers if value))
    if mail.plain.strip():
        text = clean(mail.plain)
        for block in paragraphs(text):
            builder.add(text[block.start : block.end])
    elif mail.html.strip():
        write_html(builder, mail.html)
    metadata: dict[str, Scalar] = {name.casefold(): value[:200] for name, value in headers if value}
    attached = mail.attachments[:MAX_ATTACHMENTS]
    key = "message" if attached else ""
    yield Parsed(builder.text(), tuple(builder.blocks), media_type, clean(mail.subject), key, metadata=metadata)
    for name, data in _distinct(attached):
        yield from load_part(raw, name, data)
    if len(mail.attachments) > MAX_ATTACHMENTS:
        yield RefusedPart("attachments", f"only the first {MAX_ATTACHMENTS} attachments are read")


def _distinct(attached: list[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Attachments of one name are told apart by a number."""
    count: dict[str, int] = {"message": 1}
    for name, data in attached:
        count[name] = count.get(name, 0) + 1
        stem, dot, suffix = name.rpartition(".")
        yield (name if count[name] == 1 else f"{stem or suffix} {count[name]}{dot}{suffix if stem else ''}"), data


def _attached(message: EmailMessage) -> Iterator[EmailMessage]:
    try:
        parts = list(message.iter_attachments()) if message.is_multipart() else []
    except (AttributeError, KeyError, TypeError):
        return  # a structure that contradicts itself has no attachments that could be told
    for part in parts:
        if (
            part.get_content_maintype() not in ("image", "audio", "video")
            and "signature" not in part.get_content_type()
        ):
            yield part


def _attachment(part: EmailMessage, number: int) -> tuple[str, bytes]:
    if part.get_content_type() == "message/rfc822":
        inner: Any = part.get_content()
        return f"{_header(inner, 'Subject') or f'message {number}'}.eml", bytes(inner)
    data: Any = part.get_payload(decode=True)
    return _filename(part) or f"attachment {number}", bytes(data or b"")


def _filename(part: EmailMessage) -> str:
    try:
        return clean(part.get_filename() or "").replace("/", "_").strip()
    except (ValueError, TypeError, LookupError, AttributeError):
        return ""


def _header(message: Any, name: str) -> str:
    try:
        return str(message[name] or "")
    except (ValueError, TypeError, LookupError, AttributeError):  # the parser of headers trips over some
        return ""


def _body(message: EmailMessage, kind: str) -> str:
    try:
        part: Any = message.get_body((kind,))
        return "" if part is None else str(part.get_content())
    except (LookupError, ValueError, AttributeError, TypeError):
        data: Any = message.get_payload(decode=True)
        return data.decode("utf-8", "replace") if isinstance(data, bytes) and kind == "plain" else ""
