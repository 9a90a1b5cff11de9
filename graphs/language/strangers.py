"""Sentences of a passage that belong to neither its topic nor the question, above all those that want something.

An instruction that somebody planted has no part in what stands around it. A step of a manual has: its words come back
in its neighbours, or in the question. Told by company, and by form where company is close, so that no attack has to be
known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from graphs.language.grounding import stems

RELATED, AMONG = 0.4, 0.5
"""Cosine to the question, or to another sentence of the passage, from which a wish belongs there."""
STRAY = 0.35
"""Cosine to either from which a sentence that wants nothing does: of 230 sentences that answer none lies below, of 790
others of the same passages 5 %. It guards against wishes that form does not show: "All replies end with a song."
"""
FAR, AMONG_FAR = 0.2, 0.6
"""Below this to the question a wish has to be still nearer to another sentence. So far are .6 % of 500 sentences that
answer from their question, and 96 % of 5,700 pairs of a question and a planted sentence.
"""
KEPT = 0.15
"""Cosine to the question from which company of words is enough: below it, that may be chance."""
STEP = 0.25
"""Cosine to the question and to what stands beside it, added, from which a step belongs where steps are asked for.
Of 45 steps of eight instructions 3 lie below, of 480 times that something was planted among them 455.
"""
_FEW, _UNSPOKEN = 2, 20
"""Words of content below which a sentence says too little, up to which a step does: "Click Next."; and letters of a
word that nobody says: a cipher.
"""
_COMPANY = 0.5
"""Share of a sentence's words that the rest of the passage has, if it belongs there. A single sentence of it must have
more, if it is to keep company with a wish: a long passage has half of any short wish's words somewhere.
"""
_ASKED_FOR = 1 / 3
"""Share of its words that the question has, if what is told to the writer of an answer was asked for."""
_TOUCHED = 1 / 4
"""Share of its words that the question has, if a sentence with one such word belongs to it."""
_LINE = re.compile(r"\s*[\r\n]+\s*(?=[^\sa-z])")
_STEPS = re.compile(
    r"\bhow\s+to\b|\bwhat\s+to\s+do\b|\b(?:steps|procedure|instructions|directions|recipe)\b"
    r"|\b(?:how|what|where|when)\s+(?:exactly\s+)?(?:do|does|can|should|shall|must|may|would|could)\s+"
    r"(?:you|one|they|people|somebody|someone|(?:(?:an?|the|new)\s+)?(?:user|guest|customer|member|employee)s?)\b"
    r"|\b(?:we|my|our|me)\b|\b(?-i:I)\b|\bi\s+(?:am|can|do|did|have|need|want|should|must|may|use|get)\b"
    r"|\b(?:am|can|could|do|did|should|must|may|will|if|when)\s+i\b",
    re.I,
)
_TAGS = re.compile(
    r"^\W*(?:(?:\[/?\w{1,20}\]|<[|/]?\w{1,20}[|/]?>)\s*(?:(?:system|user|assistant|developer)\b)?\W*)+", re.I
)
"""What marks whose turn it is for some chat models: `[INST]`, `<|im_start|>system`."""
_OPENING = re.compile(
    r"^\W*(?:(?:please|now|then|also|next|finally|instead|kindly|simply|just|always|never|to\s+\w+|\w+ly),?\s+"
    r"|(?:do\s+not|don['’]t|remember\s+to|make\s+sure(?:\s+to|\s+that)?|be\s+sure\s+to|you\s+(?:must|should|have\s+to|need\s+to|will))\s+"
    r"|(?:can|could|would|will)\s+you\s+)*",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CLOSED = """
    a an the this that these those it he she they we i you there here my our his her its their your one some any all
    each every no both many most few several other another such what which who whom whose when where why how if as at by
    for from in into of on onto to with without within during after before since until through under over about against
    between among and but or nor so yet because although though while than thus hence therefore however moreover also
    is are was were has have had does did will would can could may might shall should must not yes dear hi hello thanks
    thank sent regards best
"""
_NOT_FIRST = frozenset(_CLOSED.split())
_NO_VERB = re.compile(r"\w{3,}(?:ing|ed|tion|ness)|\w*[^s]s")
_FOLLOWS = re.compile(
    r"^\s+(?:[\"“'‘`]|(?:the|a|an|your|my|our|their|this|that|these|those|all|every|any|each|some|following|how|why|what"
    r"|[a-z]+\s+(?:with|of|in|to|from|into)|which|who|whether|that|you|it|them|me|us|here|there|up|down|out"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|\d+|several|more"
    r"|in|into|for|to|as|with|by|on|only|exactly|just|about|and)\b)",
    re.I,
)
_TO_THE_WRITER = re.compile(
    r"\b(?:your|the|this|next|final|every|each|all|any)\s+(?:\w+\s+){0,2}(?:repl(?:y|ies)|responses?|answers?|outputs?"
    r"|messages?|prompts?|code(?:base)?|scripts?|snippets?|solution|implementation|algorithm|program|elucidation|explanation)\b",
    re.I,
)
_YOURS = re.compile(
    r"\byour\s+(?:\w+\s+)?(?:repl(?:y|ies)|responses?|answers?|outputs?|code(?:base)?|implementation|algorithm)\b"
    r"|\b(?:when|while|before|after|as|if)\s+you\s+(?:reply|respond|answer)\b",
    re.I,
)
_REFERS_BACK = re.compile(r"^\W*(?:it|its|he|his|she|her|they|their|this|these|those|such)\b", re.I)
_ABOUT_WRITING = frozenset(
    stems(
        "reply response answer output message code codebase solution implementation algorithm program block snippet"
        " excerpt section following subsequent provide use include add make write give explain describe summarize"
        " translate example"
    )
)


def is_question(sentence: str) -> bool:
    """Whether a sentence asks: it says nothing that could be evidence."""
    return sentence.rstrip(" \"'”’)*").endswith(("?", "？", "؟"))


def wants_something(sentence: str) -> bool:
    """Whether a sentence asks or tells its reader to do something, by its form; may be wrong either way."""
    if is_question(sentence) or _YOURS.search(sentence):
        return True
    sentence = _TAGS.sub("", sentence)
    rest = sentence[(found.end() if (found := _OPENING.match(sentence)) else 0) :]
    first = _WORD.match(rest)
    if first is None:
        return False
    word = first.group().casefold()
    if word in _NOT_FIRST or _NO_VERB.fullmatch(word):
        return False
    return bool(_FOLLOWS.match(rest[first.end() :]) or _TO_THE_WRITER.search(rest))


def speaks_of_writing(sentence: str) -> bool:
    """Whether a sentence tells its reader what to do with a reply, or with code, that it is to write."""
    return wants_something(sentence) and bool(_TO_THE_WRITER.search(sentence))


def says_something(sentence: str) -> bool:
    """Whether a sentence is long enough to be told from its passage: two words of content, or one that no one says."""
    own = set(stems(sentence))
    return len(own) >= _FEW or _is_cipher(own)


def is_short_step(sentence: str) -> bool:
    """Whether a step says too little to be told from others, and speaks of no reply."""
    own = set(stems(sentence))
    return len(own) <= _FEW and not _is_cipher(own) and not own & _ABOUT_WRITING


def _is_cipher(own: Set[str]) -> bool:
    return any(len(one) >= _UNSPOKEN for one in own)


def asks_for_steps(question: str) -> bool:
    """Whether a question asks what to do, or its writer asks for help: what tells them to do something answers it."""
    return _STEPS.search(question) is not None


def strays(is_wish: bool, to_question: float, to_others: float) -> bool:
    """Whether a sentence is too far from the question and from every other sentence of its passage."""
    if not is_wish:
        return max(to_question, to_others) < STRAY
    return to_others < (AMONG_FAR if to_question < FAR else AMONG if to_question < RELATED else -1.0)


def refers_back(sentence: str) -> bool:
    """Whether a sentence goes on about what was said before it, not about a reply or what follows."""
    is_back = bool(_REFERS_BACK.match(sentence)) and not sentence.rstrip().endswith(":")
    return is_back and not _TO_THE_WRITER.search(sentence)


def lines_behind(claim: str, quote: str) -> str:
    """Return those lines of a quote that a claim takes its words from; the whole quote where that cannot be told.

    What was written under a line that ends without a full stop counts as one sentence with it.
    """
    lines, said = _LINE.split(quote), frozenset(stems(claim))
    rested = [line for line in lines if len(said & (own := set(stems(line)))) > len(own) / 2]
    return "\n".join(rested) or quote


def keeps_company(sentence: str, around: Sequence[str], question: str) -> bool:
    """Whether enough of a sentence's words belong to the question or to the other sentences of its passage."""
    own = {stem for stem in stems(sentence) if len(stem) > 1} - _ABOUT_WRITING
    asked = own & set(stems(question))
    rows = [own & set(stems(other)) for other in around]
    if not wants_something(sentence):
        met = set[str]().union(*rows)
        return len(asked) > 1 or _is_touched(own, asked) or len(met) / max(1, len(own)) >= _COMPANY
    # One word in common may be chance, and whoever plants a wish has all words to choose from.
    if len(asked) > max(1, _ASKED_FOR * len(own)):
        return True
    if speaks_of_writing(sentence):
        return False
    belongs = _is_touched(own, asked) and any(row - asked for row in rows)
    return belongs or max(map(len, rows), default=0) > _COMPANY * len(own)


def _is_touched(own: Set[str], asked: Set[str]) -> bool:
    """Whether the question has a word of a sentence, and that is a fair part of it."""
    return bool(asked) and len(asked) >= _TOUCHED * len(own)
