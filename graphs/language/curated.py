"""When a curated question is this very question, so that its answer can be given as it stands."""

from __future__ import annotations

from memory.records import Citation, Claim, Hit
from memory.sentences import STOPWORDS, clip, split_sentences, stem, words
from tools.calls import Match

SAME_QUESTION = 0.82
"""Cosine similarity from which two questions are taken for the same, if their numbers and names agree."""
MAX_CLAIMS = 3


def answers_exactly(question: str, match: Match) -> bool:
    """Whether a curated entry answers this question and not just one like it.

    Embeddings hardly tell two model numbers or two names apart, so what identifies must be in the entry too.
    """
    if match.similarity < SAME_QUESTION:
        return False
    entry = set(_stems(f"{match.entry.question} {match.entry.answer}"))
    return all(stem(word) in entry for word in _identifying(question))


def curated_claims(hit: Hit) -> tuple[Claim, ...]:
    """The first sentences of a curated answer as claims, each citing itself; ids are left empty."""
    passage = hit.passage
    claims: list[Claim] = []
    for start, end in split_sentences(passage.text):
        if passage.text[start:end].endswith("?"):
            continue
        start, end = clip(passage.text, start, end)
        claims.append(Claim(id="", text=passage.text[start:end], citations=(cite(hit, start, end),)))
    return tuple(claims[:MAX_CLAIMS])


def cite(hit: Hit, start: int, end: int) -> Citation:
    """Cite passage.text[start:end] of a hit."""
    passage = hit.passage
    return Citation(
        passage_id=passage.passage_id,
        document_id=passage.document_id,
        version_id=passage.version_id,
        source=hit.source,
        title=hit.title,
        start=passage.start + start,
        end=passage.start + end,
        quote=passage.text[start:end],
        page=passage.page,
        row=passage.row,
        is_ocr=passage.is_ocr,
    )


def _identifying(question: str) -> list[str]:
    """Words that name one thing among many: with a digit, or capitalised inside the sentence."""
    found = [word for word in words(question) if any(character.isdigit() for character in word)]
    for token in question.split()[1:]:
        bare = token.strip("?!.,;:()\"'“”")
        if bare[:1].isupper():
            found.extend(word for word in words(bare) if word not in STOPWORDS)
    return found


def _stems(text: str) -> list[str]:
    return [stem(word) for word in words(text)]
