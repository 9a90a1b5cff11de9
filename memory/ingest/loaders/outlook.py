"""MSG (Outlook): read as the mail it is, with its attachments."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import oxmsg

from memory.errors import Refused
from memory.ingest.decode import clean
from memory.ingest.loaders.mail import Mail, documents
from memory.ingest.loaders.parts import DAMAGED
from memory.ingest.parsed import Parsed, Raw, RefusedPart


def load(raw: Raw) -> Iterator[Parsed | RefusedPart]:
    """Yield the message and its attachments' documents."""
    try:
        mail = _mail(oxmsg.Message.load(BytesIO(raw.data)))
    except DAMAGED as error:
        raise Refused(f"it is not a readable Outlook message ({type(error).__name__})") from error
    yield from documents(raw, mail, "application/vnd.ms-outlook")


def _mail(message: Any) -> Mail:
    sent = message.sent_date
    people = ", ".join(f"{who.name} <{who.email_address}>" for who in message.recipients)
    headers = [("From", message.sender or ""), ("To", people), ("Date", sent.isoformat() if sent else "")]
    attachments = [
        (clean(item.file_name or "").strip() or f"attachment {number}", item.file_bytes)
        for number, item in enumerate(message.attachments, 1)
        if item.file_bytes and not (item.mime_type or "").startswith(("image/", "audio/", "video/"))
    ]
    return Mail(message.subject or "", headers, message.body or "", message.html_body or "", attachments)
