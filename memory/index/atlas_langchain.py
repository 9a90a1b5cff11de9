"""The rows of the index inside MongoDB as LangChain's own store, for programs that want one. Nothing here uses it.

Reading only: rows are written by `memory.index.atlas`, and LangChain's `add_texts` or `delete` would spoil them. What
is found is what MongoDB's index has at that moment, not asked of the document store again.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from memory.errors import StoreUnavailable
from memory.index.atlas_definitions import VECTOR, names_of
from memory.index.atlas_pipelines import readable
from memory.index.atlas_position import INDEX, STATE
from memory.mongodb import DATABASE
from memory.records import Scope

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from langchain_mongodb import MongoDBAtlasVectorSearch


@contextmanager
def open_vector_search(url: str, embedding: Embeddings, index: str = INDEX) -> Generator[MongoDBAtlasVectorSearch]:
    """Open the live rows as `MongoDBAtlasVectorSearch`; needs the `mongodb` extra. Blocks, as that class does.

    Every search must name whom it is for: `store.similarity_search(query, pre_filter=scope_filter(scope))`.

    Args:
        url: what MULTIDB_INDEX_URL says.
        embedding: must give the vectors of the embedder that made the index.
        index: which index of the database.

    Raises:
        StoreUnavailable: there is no index.
    """
    from langchain_mongodb import MongoDBAtlasVectorSearch
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](url) as client:
        database = client.get_default_database(DATABASE)
        pointer = database[STATE].find_one({"_id": f"live:{index}"})
        live = pointer and database[STATE].find_one({"_id": pointer["collection"]})
        if not live:
            raise StoreUnavailable("MongoDB has no search index of the documents yet: run `multidb migrate`")
        yield MongoDBAtlasVectorSearch(
            database[live["collection"]],
            embedding,
            index_name=names_of(live["embedder"], live["version"]).vectors,
            text_key="text",
            embedding_key=VECTOR,
            auto_create_index=False,
        )


def scope_filter(scope: Scope) -> dict[str, Any]:
    """Return the `pre_filter` that lets LangChain find what a scope may read, and nothing else."""
    return {"$and": [{path: {"$in": list(values)}} for path, values in readable(scope).clauses()]}
