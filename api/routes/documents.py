"""Documents: list, look at, delete. Their versions are in `versions`, how they come in `uploads`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.routes import reembedding, versions
from api.routes.parts import After, Limit, Parts, PathId
from api.schemas import MAX_ID, DocumentOut, DocumentsOut, DocumentTextOut
from api.security import Caller, require

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])
router.include_router(reembedding.router)
router.include_router(versions.router)


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
