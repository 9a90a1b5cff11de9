"""Which questions a message asks, where it asks several: by the structure of English, each made to stand alone.

`Who leads the workshop and when does it open?` asks two things; `Who are Smith and Jones?` asks one.
"""

from __future__ import annotations

import re

from graphs.language.condense import depends
from graphs.language.subject import subject_of
from graphs.language.verbs import ANY_AUX, AUXILIARIES, BASE_VERBS, is_participle, word_set
from memory.sentences import STOPWORDS, words

MOST = 4
"""Questions that are answered one by one; a message that asks more is taken as one."""
_PREP = r"(?:(?:in|at|on|by|for|with|from|to|of|since|until|till|about|through|under) )?"
_HOW = r"how(?: (?:much|many|long|often|old|far|big|tall|large|high|fast|soon|heavy|wide|deep|late|early))?"
_WH = rf"{_PREP}(?:who|whom|whose|what|which|when|where|why|{_HOW})"
_PRONOUNS = "i|you|he|she|it|we|they|there|this|that|these|those|one"
_LEADS = re.compile(
    r"^(?:(?:please|and|so|hi|hello|ok(?:ay)?)[\s,]+)*(?:(?:(?:can|could|would|will) you (?:please )?)?"
    r"(?:tell|remind) (?:me|us)(?: please)?"
    r"|do you know|i(?:'d| would) like to know|i want to know)\s+(?=(?:" + _WH + r")\b)",
    re.I,
)
_CUT = re.compile(
    rf"(?:\s*[;?]\s+(?:(?:and|or|but|also)\b,?\s+)?|\s*,?\s+(?:and|or|but)(?:\s+also)?,?\s+|\s*,\s+)(?=(?:{_WH}|{ANY_AUX})\b)",
    re.I,
)
_SEVERAL_WH = re.compile(
    rf"^(?P<first>{_WH})(?P<more>(?:,? (?:and|or) |, )(?:{_WH}))+(?P<rest>\s+(?:{ANY_AUX})\b.+)$", re.I
)
_OPENING = re.compile(rf"^(?P<wh>{_WH})\b(?P<rest>.*)$", re.I | re.S)
_ASKING = re.compile(rf"^(?:{_WH}|{ANY_AUX})\b(?!['’])", re.I)
_BARE = re.compile(rf"^{_WH}(?: (?:exactly|else))?$", re.I)
_BARE_NOUN = re.compile(rf"^{_PREP}(?:what|which) \w+$", re.I)
_MODALS = "do|does|did|can|could|may|must|should|shall|will|would"
_CIRCUMSTANCE = re.compile(rf"^(?!{_WH})[^,]{{3,40}}, (?:{_WH}|{ANY_AUX})\b(?!['’])", re.I)
_ADVERB = re.compile(rf"^{_PREP}(?:when|where|why|{_HOW})\b", re.I)
_HAS_AUXILIARY = re.compile(rf"\b(?:{ANY_AUX})\b", re.I)
_INVERTED = re.compile(rf"^(?:{_WH}|{_PREP}(?:what|how many|how much)(?: [\w’'-]+){{1,2}}?) (?:{ANY_AUX})\b", re.I)
_SUPPORTED = re.compile(rf"^{_WH}(?: [\w’'-]+){{0,3}}? (?:do|does|did) ", re.I)
_AT_ONCE = re.compile(rf"^{_PREP}(?:(?:when|where|why) (?:{ANY_AUX})|how)\b", re.I)
_BEGUN = re.compile(rf"^{_WH} (?:{ANY_AUX})$", re.I)
_DETERMINERS = word_set("the a an my our your his her its their this that these those any some all each every no")
_NOUNS = re.compile(
    r"^(?P<head>what(?:'s| is| are| was| were) )the (?P<first>[a-z-]+(?: [a-z-]+)??)(?:, (?:the )?(?P<middle>[a-z-]+))?"
    r",? and (?P<the>the )?(?P<second>[a-z-]+(?: [a-z-]+)?) (?P<rest>(?:of|for|in|on|at) .+)$",
    re.I,
)
_WHICH_NOUNS = re.compile(
    rf"^(?P<wh>what|which) (?P<first>[a-z-]+) and (?:(?:what|which) )?(?P<second>[a-z-]+) (?P<rest>(?:{ANY_AUX}) .+)$",
    re.I,
)
_VERBS = re.compile(
    rf"^(?P<head>{_WH}(?: \w+){{0,2}}? (?P<aux>{ANY_AUX}) .+?) (?P<first>[a-z]+)(?:, (?P<middle>[a-z]+))?"
    r",? and (?P<second>[a-z]+)(?P<tail> (?:on|in|at|for|during|from|to) .+)?$",
    re.I,
)
_PERSON = re.compile(r"\b(?:he|she|him|his|her)\b", re.I)
_POINTER = re.compile(
    r"\b(?:it|its|he|she|him|his|her|they|them|their)\b|(?<=\bis )(?:this|that)\b|(?<=\bare )(?:these|those)\b", re.I
)
_NAMING = re.compile(r"\s(?!I\b)[A-Z0-9]|\b(?:the|my|our|your) \w")
_HINT = re.compile(r"\s*\(([^()]+)\)\s*[?.]*$")
_THERE_IS = re.compile(r"^(?:is|are|was|were) there (?:an?|any|some) ", re.I)
_THERE = re.compile(r"(?<!is )(?<!are )(?<!was )(?<!were )\bthere$", re.I)
_PAIRS = """
    research/development terms/conditions pros/cons supply/demand trial/error health/safety law/order food/drink
    black/white bed/breakfast arts/crafts profit/loss salt/pepper rise/fall ups/downs rules/regulations rights/duties
    life/death peace/quiet science/technology hopes/dreams cause/effect
    """
_DATE, _PLACE = "day date weekday week month year time hour", "city town village state province county region country"
_ONE_ANSWER = (word_set(_DATE), word_set(_PLACE))
"""Nouns that one date or one place answers together: `in what month and year`."""
_BINOMIALS = frozenset(tuple(pair.split("/")) for pair in _PAIRS.split())


def parts_of(question: str) -> tuple[str, ...]:
    """Return the questions that a message asks, in order, each to be understood alone; () if it asks one thing."""
    plain = _LEADS.sub("", " ".join(question.split()))
    hint = _HINT.search(plain)
    plain = plain[: hint.start()] if hint else plain
    parts = [part for clause in _clauses(plain) for part in _shared(clause)]
    if not 1 < len(parts) <= MOST:
        return ()
    alone = parts[:1]
    for part in parts[1:]:
        alone.append(_alone(part, alone[-1]))
    if hint:  # what the whole message is about, put behind it by who made it stand alone
        alone = [_about(part, hint[1]) if _is_open(part) else part for part in alone]
    return tuple(dict.fromkeys(f"{part[:1].upper()}{part[1:].rstrip(' ?.,;!')}?" for part in alone))


def _clauses(text: str) -> list[str]:
    """The clauses of a message that ask something each; the whole message if they cannot be told apart."""
    body = text.strip().rstrip(" ?.!")
    clauses: list[str] = []
    rest = body
    for cut in _CUT.finditer(body):
        begun = len(body) - len(rest)
        before, after = body[begun : cut.start()], body[cut.end() :]
        if cut.start() > begun and _asks(before) and _begins(before, after, body[cut.start() : cut.end()]):
            clauses.append(before)
            rest = after
    return [*clauses, rest]


def _asks(clause: str) -> bool:
    """Whether a clause is a question of its own: it begins as one, or after a phrase that says where or when."""
    if len(clause.split()) < 2 or _BEGUN.match(clause):
        return False
    if _CIRCUMSTANCE.match(clause):
        return True
    # "When it rains, what …" begins with a condition: a question has its verb before its subject.
    return bool(_ASKING.match(clause)) and (not _ADVERB.match(clause) or bool(_HAS_AUXILIARY.search(clause)))


def _begins(before: str, after: str, mark: str) -> bool:
    """Whether what follows a mark asks something new, instead of going on with a relative clause or a list of verbs."""
    if "?" in mark:
        return True
    opening = _OPENING.match(after)
    is_or = mark.strip(" ,").casefold().startswith("or")
    if opening is None:
        # "Does it hold or would it melt?" is one question with two answers to choose from.
        is_list = mark.strip(" ,").casefold() in ("", "but") and ";" not in mark
        return not is_list and not (is_or and not _OPENING.match(before)) and _inverts(before, after)
    asked = opening["wh"].casefold().split()
    said = "how" if "how" in asked else asked[-1]
    is_comma = mark.strip() == ","
    if is_comma and _ADVERB.match(before) and not _AT_ONCE.match(before):
        return False  # "When it rained, what did they do?"
    if is_comma and _BARE.match(after):
        return True
    if (is_or or is_comma) and (said in ("who", "whom", "whose", "which") or not _INVERTED.match(after)):
        return False
    inner = re.findall(r"\b(?:who|whom|whose|which|what|when|where|why|how|that)\b", before.casefold())[1:]
    # "the man who built it and who died" and "what happens when it rains and when it snows" ask one thing.
    return said not in inner and not ("that" in inner and said in ("who", "which", "whose"))


def _inverts(before: str, after: str) -> bool:
    """Whether an auxiliary opens a question: its subject follows, and it is no second verb of the first one's."""
    aux, _, rest = after.partition(" ")
    if re.match(rf"(?:{_PRONOUNS})\b", rest, re.I):
        return len(rest.split()) > 1
    if aux.casefold() in ("have", "has", "had", "am") or not _is_subject(rest):
        return False
    if _OPENING.match(before) is None or _ADVERB.match(before) or _SUPPORTED.match(before):
        return True
    return bool(re.fullmatch(_MODALS, aux, re.I)) and aux.casefold() not in before.casefold().split()


def _is_subject(rest: str) -> bool:
    """Whether words behind an auxiliary begin with a noun phrase, and something is said of it."""
    first = rest.split()[0].casefold() if rest else ""
    if len(rest.split()) < 2 or first in BASE_VERBS or is_participle(first) or first.endswith("ly"):
        return False
    return first in _DETERMINERS or (first not in STOPWORDS and (first.endswith("s") or rest[:1].isupper()))


def _shared(clause: str) -> list[str]:
    """A clause with several question words, verbs or nouns as one question for each; itself for any other."""
    if match := _SEVERAL_WH.match(clause):
        asked = re.split(r",? (?:and|or) |, ", clause[: match.start("rest")])
        return [f"{wh}{match['rest']}" for wh in asked]
    if (match := _NOUNS.match(clause)) and _are_apart(match["first"], match["second"], bool(match["the"])):
        head = re.sub(r"\bare\b", "is", match["head"]) if not match["first"].endswith("s") else match["head"]
        nouns = [match["first"], *([match["middle"]] if match["middle"] else []), match["second"]]
        return [f"{head}the {noun} {match['rest']}" for noun in nouns]
    if (match := _WHICH_NOUNS.match(clause)) and _are_apart(match["first"], match["second"], is_marked=False):
        return [f"{match['wh']} {noun} {match['rest']}" for noun in (match["first"], match["second"])]
    if (match := _VERBS.match(clause)) and _are_verbs(match):
        verbs = [match["first"], *([match["middle"]] if match["middle"] else []), match["second"]]
        return [f"{match['head']} {verb}{match['tail'] or ''}" for verb in verbs]
    return [clause]


def _are_apart(first: str, second: str, is_marked: bool) -> bool:
    """Whether two nouns are two things that can be asked for, not one name of two words or the ends of a span."""
    if first.casefold().split()[-1:] + second.casefold().split()[:1] in [list(pair) for pair in _BINOMIALS]:
        return False
    if any({first.casefold(), second.casefold()} <= group for group in _ONE_ANSWER):
        return False
    if re.match(r"(?:difference|relation|relationship|connection|link|distance|similarit|comparison)", first, re.I):
        return False
    return is_marked or (len(first.split()) == 1 and len(second.split()) == 1)


def _are_verbs(match: re.Match[str]) -> bool:
    """Whether two words that end a question are verbs of one subject."""
    first, second = match["first"].casefold(), match["second"].casefold()
    if match["aux"].casefold() in ("is", "are", "was", "were", "been", "be"):
        return is_participle(first) and is_participle(second)
    return first in BASE_VERBS and second in BASE_VERBS


def _alone(part: str, before: str) -> str:
    """A later question made to stand on the one before it."""
    if _BARE.match(part) or _BARE_NOUN.match(part):
        return _with_predicate(part, before)
    who = re.match(rf"^who\s+(?!(?:{ANY_AUX})\b)(?P<did>.+?)[ ?]*$", before, re.I)
    if (person := _PERSON.search(part)) and who and depends(part):
        return _replaced(part, person, f"the person who {who['did']}")
    thing = subject_of(before)
    pointer = _POINTER.search(part)
    if pointer and thing and (depends(part) or _says_little(part)):
        return _replaced(part, pointer, thing)
    return _about(part, thing) if _is_open(part) and not thing.startswith("my ") else part


def _is_open(part: str) -> bool:
    """Whether a question leaves open what it is about."""
    return bool(depends(part) or _THERE.search(part) or _says_little(part)) and not part.endswith(")")


def _about(part: str, thing: str) -> str:
    return f"{part} ({thing})" if thing else part


def _replaced(part: str, pronoun: re.Match[str], thing: str) -> str:
    word, after = pronoun[0].casefold(), part[pronoun.end() :]
    owns = word in ("his", "its", "their") or (word == "her" and re.match(r"\s+\w", after))
    return f"{part[: pronoun.start()]}{thing}{chr(39) + 's' if owns else ''}{after}"


def _with_predicate(wh: str, before: str) -> str:
    """A bare question word with the predicate of the question before: `and when?`."""
    opening = _OPENING.match(before)
    if opening is None:
        return f"{wh} {before[:1].lower()}{before[1:]}"
    rest = opening["rest"].strip()
    verb, _, thing = rest.partition(" ")
    if is_participle(verb.casefold()) and thing and verb.casefold() not in AUXILIARIES:
        return f"{wh} was {thing} {verb}"
    noun = re.match(rf"^(?:\w+ ){{1,2}}?(?=(?:{ANY_AUX}) )", rest, re.I)
    has_noun = noun and re.match(rf"^{_PREP}(?:what|which|whose|how many|how much)\b", before, re.I)
    return f"{wh} {rest[noun.end() :] if noun and has_noun else rest}"


def _says_little(part: str) -> bool:
    """Whether a question names hardly anything that it is about."""
    opening = _OPENING.match(part)
    rest = opening["rest"] if opening else part
    if _THERE_IS.match(part):
        return False
    content = [word for word in words(rest) if word not in STOPWORDS]
    return len(content) < 2 and not _NAMING.search(rest)
