"""Uploads: files become documents; who asks for it is told at which page the work is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.errors import Problem, out_of_time
from api.routes.parts import Parts
from api.schemas import RefusedOut, UploadedDocumentOut, UploadedOut, UploadOut
from api.security import Caller, require
from api.upload_stream import MEDIA_TYPE, Tell, UploadProgress, UploadStream
from api.wiring import App
from memory.ingest.pipeline import IngestOptions, Progress, ingest_bytes
from memory.records import Scope

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "collection": {"type": "string", "default": "default"},
                    },
                }
            }
        },
    }
}
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": f"Asked for with `Accept: {MEDIA_TYPE}`: lines of progress; the last tells the result.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}


@dataclass(frozen=True, slots=True)
class _Upload:
    """Files that have arrived, and for whom they are read."""

    caller: Scope
    files: Sequence[UploadFile]
    parts: App
    options: IngestOptions


@router.post("", status_code=201, openapi_extra=FORM, response_model=UploadOut, responses=STREAMED)
async def upload_documents(request: Request, caller: Caller, parts: Parts) -> UploadOut | Response:
    """Keep the documents of uploaded files; each file is told what became of it. Editors only.

    An upload of one file that cannot become a document is answered with 422 document_refused. With
    `Accept: application/x-ndjson` the answer is a line of JSON for each sign of progress (`type` progress) and one for
    the end (`type` done, or problem); who leaves before the end stops the work, and what was kept stays.
    """
    require(caller, "editor")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Problem("unsupported_media_type", "send the files as multipart/form-data, each in a field `files`")
    async with AsyncExitStack() as held:
        parser = await held.enter_async_context(parts.uploads.parser())
        form = await _form(request, parts, held)
        files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
        if not files:
            raise Problem("malformed_upload", "there is no file in a field named `files`")
        collection = str(form.get("collection", "default"))
        options = IngestOptions(collection=collection, base=parts.settings.home, parser=parser)
        upload = _Upload(caller, files, parts, options)
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return UploadStream(partial(_done_in_time, upload), held.pop_all(), parts.settings)
        return await _done(upload, lambda progress: None)


async def _form(request: Request, parts: App, held: AsyncExitStack) -> FormData:
    try:
        return await held.enter_async_context(request.form(max_files=parts.settings.max_upload_files, max_fields=10))
    except Problem:
        raise
    except HTTPException as error:
        raise Problem("malformed_upload", str(error.detail)) from error


async def _done_in_time(upload: _Upload, tell: Tell) -> UploadOut:
    """The same under a limit of its own: an answer that has begun has no deadline any more."""
    limit_s = upload.parts.settings.upload_timeout_s
    limit = asyncio.timeout(limit_s)
    try:
        async with limit:
            return await _done(upload, tell)
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise out_of_time(limit_s) from error


async def _done(upload: _Upload, tell: Tell) -> UploadOut:
    files: list[UploadedOut] = []
    for number, file in enumerate(upload.files, 1):
        at = UploadProgress(name=_name(file), file=number, files=len(upload.files))
        tell(at)
        files.append(await _ingested(upload, file, at, tell))
    if len(files) == 1 and files[0].status == "refused":
        refused = [one.model_dump() for one in files[0].refused]
        raise Problem("document_refused", files[0].reason, name=files[0].name, refused=refused)
    outcomes = [document.outcome for file in files for document in file.documents]
    unchanged = outcomes.count("unchanged")
    return UploadOut(files=tuple(files), kept=len(outcomes) - unchanged, unchanged=unchanged)


async def _ingested(upload: _Upload, file: UploadFile, at: UploadProgress, tell: Tell) -> UploadedOut:
    def told(progress: Progress) -> None:
        if progress.pages > 1:
            tell(at.model_copy(update={"page": progress.page, "pages": progress.pages}))

    name, stores = _name(file), upload.parts.stores
    options = replace(upload.options, on_progress=told)
    report = await ingest_bytes(upload.caller, name, await file.read(), stores, options)
    ids = tuple(document.document_id for document in report.documents)
    if ids:
        await stores.audit.append(upload.caller, "document.upload", ids[0], f"{len(ids)} documents")
    return UploadedOut(
        name=name,
        status="kept" if report.kept else "unchanged" if ids else "refused",
        document_ids=ids,
        reason="; ".join(reason for _, reason in report.refused[:3]),
        documents=tuple(UploadedDocumentOut.model_validate(document) for document in report.documents),
        refused=tuple(RefusedOut(path=path, reason=reason) for path, reason in report.refused),
        pruned=report.pruned,
    )


def _name(file: UploadFile) -> str:
    return file.filename or "upload"
