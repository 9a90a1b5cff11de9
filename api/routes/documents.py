"""Documents: upload, list, look at, delete; their versions are in `versions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.errors import Problem
from api.routes import reembedding, versions
from api.routes.parts import After, Limit, Parts, PathId
from api.schemas import (
    MAX_ID,
    DocumentOut,
    DocumentsOut,
    DocumentTextOut,
    RefusedOut,
    UploadedDocumentOut,
    UploadedOut,
    UploadOut,
)
from api.security import Caller, require
from api.wiring import App
from memory.ingest.parser import Parser
from memory.ingest.pipeline import IngestOptions, ingest_bytes
from memory.records import Scope

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])
router.include_router(reembedding.router)
router.include_router(versions.router)

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


@router.post("", status_code=201, openapi_extra=FORM)
async def upload_documents(request: Request, caller: Caller, parts: Parts) -> UploadOut:
    """Keep the documents of uploaded files; each file is told what became of it. Editors only.

    An upload of one file that cannot become a document is answered with 422 document_refused.
    """
    require(caller, "editor")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Problem("unsupported_media_type", "send the files as multipart/form-data, each in a field `files`")
    async with parts.uploads.parser() as parser:
        files = await _kept(request, caller, parts, parser)
    if len(files) == 1 and files[0].status == "refused":
        refused = [one.model_dump() for one in files[0].refused]
        raise Problem("document_refused", files[0].reason, name=files[0].name, refused=refused)
    outcomes = [document.outcome for file in files for document in file.documents]
    unchanged = outcomes.count("unchanged")
    return UploadOut(files=tuple(files), kept=len(outcomes) - unchanged, unchanged=unchanged)


@router.get("")
async def list_documents(
    caller: Caller,
    parts: Parts,
    prefix: Annotated[str, Query(max_length=1000, description="Beginning of the source.")] = "",
    after: After = None,
    limit: Limit = 50,
) -> DocumentsOut:
    """The documents that the caller may read, by source."""
    page = await parts.stores.documents.page(caller, prefix, after, limit)
    return DocumentsOut(documents=tuple(DocumentOut.model_validate(item) for item in page.items), next=page.next)


@router.get("/{document_id}")
async def get_document(document_id: PathId, caller: Caller, parts: Parts) -> DocumentTextOut:
    """A document with its text."""
    return DocumentTextOut.model_validate(await parts.stores.documents.get(caller, document_id))


@router.get("/{document_id}/text")
async def get_text(
    document_id: PathId,
    caller: Caller,
    parts: Parts,
    version_id: Annotated[
        str | None, Query(min_length=1, max_length=MAX_ID, description="A kept version; absent: the current one.")
    ] = None,
) -> DocumentTextOut:
    """The text that citations' offsets point into, with the version it is of."""
    documents = parts.stores.documents
    if version_id is None:
        return DocumentTextOut.model_validate(await documents.get(caller, document_id))
    return DocumentTextOut.model_validate(await documents.version(caller, document_id, version_id))


@router.delete("/{document_id}", status_code=204)
async def delete_document(document_id: PathId, caller: Caller, parts: Parts) -> None:
    """Forget a document. Editors only."""
    require(caller, "editor")
    await parts.stores.documents.delete(caller, document_id)
    await parts.stores.index.catch_up()
    await parts.stores.audit.append(caller, "document.delete", document_id)


async def _kept(request: Request, caller: Scope, parts: App, parser: Parser) -> Sequence[UploadedOut]:
    limit = parts.settings.max_upload_files
    try:
        async with request.form(max_files=limit, max_fields=10) as form:
            files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
            if not files:
                raise Problem("malformed_upload", "there is no file in a field named `files`")
            collection = str(form.get("collection", "default"))
            options = IngestOptions(collection=collection, base=parts.settings.home, parser=parser)
            return [await _ingested(caller, file, parts, options) for file in files]
    except Problem:
        raise
    except HTTPException as error:
        raise Problem("malformed_upload", str(error.detail)) from error


async def _ingested(caller: Scope, file: UploadFile, parts: App, options: IngestOptions) -> UploadedOut:
    name = file.filename or "upload"
    report = await ingest_bytes(caller, name, await file.read(), parts.stores, options)
    ids = tuple(document.document_id for document in report.documents)
    if ids:
        await parts.stores.audit.append(caller, "document.upload", ids[0], f"{len(ids)} documents")
    return UploadedOut(
        name=name,
        status="kept" if report.kept else "unchanged" if ids else "refused",
        document_ids=ids,
        reason="; ".join(reason for _, reason in report.refused[:3]),
        documents=tuple(UploadedDocumentOut.model_validate(document) for document in report.documents),
        refused=tuple(RefusedOut(path=path, reason=reason) for path, reason in report.refused),
        pruned=report.pruned,
    )
