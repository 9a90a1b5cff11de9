"""`$search`: the operators text, compound, equals, in and range over declared fields, and a BM25 score.

An operator gives None for a document that it does not match, else its score.
"""

from __future__ import annotations

import operator
from fnmatch import fnmatchcase
from math import log1p
from typing import Any

from tests.support.atlas.analysis import terms
from tests.support.atlas.matching import Refused, values_at

OPTIONS = {
    "index",
    "count",
    "sort",
    "scoreDetails",
    "concurrent",
    "highlight",
    "returnStoredSource",
    "tracking",
    "facet",
}
CLAUSES = {"must", "mustNot", "should", "filter"}
MOST_CLAUSES = 1024
SORTABLE = {"token", "number", "date", "boolean", "objectId", "uuid"}


class Corpus:
    """The documents of an index, and how its fields are mapped: dotted path -> definition."""

    def __init__(self, documents: list[dict[str, Any]], definition: dict[str, Any]) -> None:
        self.documents = documents
        self.fields = dict(_fields(definition["mappings"].get("fields", {}), ""))
        self._terms: dict[tuple[int, str], list[str]] = {}

    def typed(self, path: Any, kinds: set[str]) -> str:
        """Return a path of one of these types, or refuse it."""
        if not isinstance(path, str) or self.fields.get(path, {}).get("type") not in kinds:
            raise Refused(f"Path {path!r} needs to be indexed as {' or '.join(sorted(kinds))}")
        return path

    def texts(self, path: Any) -> list[str]:
        """Return the string fields that a path, a wildcard or a list of them names."""
        if isinstance(path, list):
            return [one for part in path for one in self.texts(part)]
        if isinstance(path, dict) and set(path) == {"wildcard"}:
            strings = [name for name, field in self.fields.items() if field["type"] == "string"]
            return [name for name in strings if fnmatchcase(name, path["wildcard"])]
        return [self.typed(path, {"string"})]

    def terms_of(self, document: dict[str, Any], path: str) -> list[str]:
        key = (id(document), path)
        if key not in self._terms:
            analyzer = self.fields[path].get("analyzer", "lucene.standard")
            self._terms[key] = [term for text in values_at(document, path) for term in terms(text, analyzer)]
        return self._terms[key]


def _fields(fields: dict[str, Any], prefix: str) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for name, field in fields.items():
        if field["type"] == "document":
            found += _fields(field.get("fields", {}), f"{prefix}{name}.")
        else:
            found.append((prefix + name, field))
    return found


def operator_of(stage: dict[str, Any]) -> dict[str, Any]:
    """Return the one operator of a stage."""
    operators = {name: value for name, value in stage.items() if name not in OPTIONS}
    if len(operators) != 1:
        raise Refused(f"a search needs exactly one operator, not {sorted(operators)}")
    return operators


def check_sort(sort: dict[str, Any], corpus: Corpus) -> None:
    for path, order in sort.items():
        if isinstance(order, dict):
            if order.get("$meta") != "searchScore" or set(order) - {"$meta", "order"}:
                raise Refused(f"sort by {order!r} is not known")
        elif order not in (1, -1):
            raise Refused("a sort order is 1 or -1")
        else:
            corpus.typed(path, SORTABLE)


def score(document: dict[str, Any], clause: dict[str, Any], corpus: Corpus) -> float | None:
    """Return what an operator gives a document."""
    if len(clause) != 1:
        raise Refused(f"a clause has exactly one operator, not {sorted(clause)}")
    ((name, asked),) = clause.items()
    if name not in OPERATORS:
        raise Refused(f"operator {name} is not known here")
    evaluate, known = OPERATORS[name]
    if unknown := set(asked) - known - {"score"}:
        raise Refused(f"{name} has no {sorted(unknown)}")
    return _modified(evaluate(document, asked, corpus), asked.get("score"))


def _modified(base: float | None, how: dict[str, Any] | None) -> float | None:
    if how is None:
        return base
    ((kind, options),) = how.items()
    value = options.get("value") if kind in ("constant", "boost") else None
    if not isinstance(value, int | float) or value <= 0:
        raise Refused(f"score needs constant or boost with a positive value, not {how!r}")
    if base is None:
        return None
    return float(value) if kind == "constant" else base * value


def _compound(document: dict[str, Any], asked: dict[str, Any], corpus: Corpus) -> float | None:
    clauses = {name: asked.get(name, []) for name in CLAUSES}
    if not any(clauses.values()) or sum(map(len, clauses.values())) > MOST_CLAUSES:
        raise Refused(f"compound needs 1 to {MOST_CLAUSES} clauses")
    found = {name: [score(document, part, corpus) for part in parts] for name, parts in clauses.items()}
    matched = [one for one in found["should"] if one is not None]
    least = asked.get("minimumShouldMatch", 0 if clauses["must"] or clauses["filter"] else 1)
    if None in found["must"] + found["filter"] or any(one is not None for one in found["mustNot"]):
        return None
    if len(matched) < min(least, len(found["should"]) or least):
        return None
    return float(sum(found["must"]) + sum(matched))


def _text(document: dict[str, Any], asked: dict[str, Any], corpus: Corpus) -> float | None:
    queries = asked["query"] if isinstance(asked["query"], list) else [asked["query"]]
    if not queries or not all(isinstance(query, str) for query in queries):
        raise Refused("text needs a query: a string, or an array of them")
    found = [_bm25(document, path, queries, corpus) for path in corpus.texts(asked["path"])]
    matched = [one for one in found if one is not None]
    return sum(matched) if matched else None


def _bm25(document: dict[str, Any], path: str, queries: list[str], corpus: Corpus) -> float | None:
    own = corpus.terms_of(document, path)
    if not own:
        return None
    wanted = {
        term for query in queries for term in terms(query, corpus.fields[path].get("analyzer", "lucene.standard"))
    }
    if not wanted & set(own):
        return None
    all_terms = [held for other in corpus.documents if (held := corpus.terms_of(other, path))]
    mean = sum(map(len, all_terms)) / len(all_terms)
    total = 0.0
    for term in wanted & set(own):
        known = sum(term in held for held in all_terms)
        count = own.count(term)
        idf = log1p((len(all_terms) - known + 0.5) / (known + 0.5))
        total += idf * count / (count + 1.2 * (0.25 + 0.75 * len(own) / mean))
    return total


def _equals(document: dict[str, Any], asked: dict[str, Any], corpus: Corpus) -> float | None:
    path = corpus.typed(asked["path"], {"token", "number", "boolean", "date", "objectId", "uuid"})
    return 1.0 if asked["value"] in values_at(document, path) else None


def _in(document: dict[str, Any], asked: dict[str, Any], corpus: Corpus) -> float | None:
    path = corpus.typed(asked["path"], {"token", "number", "boolean", "date", "objectId", "uuid"})
    values = asked["value"] if isinstance(asked["value"], list) else [asked["value"]]
    if not values:
        raise Refused("in needs at least one value")
    return 1.0 if any(value in values_at(document, path) for value in values) else None


def _range(document: dict[str, Any], asked: dict[str, Any], corpus: Corpus) -> float | None:
    path = corpus.typed(asked["path"], {"number", "date", "token"})
    bounds = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
    if not bounds.keys() & asked.keys():
        raise Refused("range needs a bound")
    held = values_at(document, path)
    passed = (all(bounds[name](one, asked[name]) for name in bounds if name in asked) for one in held)
    return 1.0 if any(passed) else None


OPERATORS = {
    "compound": (_compound, CLAUSES | {"minimumShouldMatch"}),
    "text": (_text, {"query", "path", "fuzzy", "matchCriteria", "synonyms"}),
    "equals": (_equals, {"path", "value"}),
    "in": (_in, {"path", "value"}),
    "range": (_range, {"path", "gt", "gte", "lt", "lte"}),
}
