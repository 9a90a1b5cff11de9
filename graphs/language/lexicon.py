"""Words that turn a sentence round, or that say the same: small hand-written lists, by stem where words inflect."""

from __future__ import annotations

import re

from memory.sentences import stem


def _set(line: str) -> frozenset[str]:
    return frozenset(line.split())


NEGATIONS = _set("not no none never nobody nothing neither nor without cannot hardly rarely seldom nowhere")
STRONG = _set("all every each always only everyone everybody everything exactly entire whole must")
"""Words that a claim may use only if its source does."""
WEAK = _set("some several few many most sometimes often usually mostly partly almost nearly")
HEDGES = _set("may might could perhaps possibly allegedly reportedly unless if except expected planned intended")
"""Words of a source that a claim must not drop."""
PREPOSITIONS = _set("by from to in at on of for with into onto against between during since until through as")
GLUE = _set(
    """
    a an the is are was were be been being am do does did has have had will would shall should can it its this that
    these those there their his her our your they he she we you i them him us and or also which who whom whose so then
    than when where while but such just very own other both
    """
)
"""Words that carry no claim by themselves."""

_OPPOSITES = """
    increase/decrease increase/reduce increase/decline increase/fall rise/fall rise/decline rise/drop grow/shrink
    more/less more/fewer most/least many/few before/after above/below over/under first/last early/late earlier/later
    high/low higher/lower highest/lowest large/small larger/smaller largest/smallest big/small bigger/smaller
    long/short longer/shorter longest/shortest tall/short old/new old/young older/younger oldest/youngest
    oldest/newest fast/slow faster/slower hot/cold warm/cold warmer/colder hotter/colder wet/dry heavy/light
    heavier/lighter strong/weak stronger/weaker good/bad better/worse best/worst win/lose won/lost accept/reject
    accept/refuse allow/forbid allow/prohibit allow/ban permit/forbid permit/prohibit include/exclude inside/outside
    indoor/outdoor internal/external open/close open/shut start/end begin/end start/stop start/finish begin/finish
    buy/sell bought/sold import/export enter/leave arrive/depart arrive/leave north/south east/west
    northern/southern eastern/western left/right front/back top/bottom upper/lower up/down male/female man/woman
    men/women boy/girl father/mother son/daughter brother/sister husband/wife king/queen public/private free/paid
    cheap/expensive cheaper/dearer success/failure succeed/fail pass/fail true/false right/wrong correct/incorrect
    safe/dangerous full/empty rich/poor wide/narrow deep/shallow hard/soft hard/easy difficult/easy simple/complex
    love/hate like/dislike support/oppose agree/disagree approve/reject approve/deny confirm/deny admit/deny
    gain/lose add/remove create/destroy build/destroy attack/defend maximum/minimum major/minor majority/minority
    positive/negative profit/loss alive/dead live/die born/died birth/death day/night morning/evening summer/winter
    black/white wife/husband ancient/modern domestic/foreign rural/urban required/optional mandatory/voluntary
    weekday/weekend mandatory/optional manual/automatic active/passive enable/disable enabled/disabled on/off
    attach/detach encrypt/decrypt lock/unlock connect/disconnect present/absent permanent/temporary same/different
    similar/different common/rare often/rarely always/never always/sometimes all/none all/some everyone/nobody
    frequently/rarely natural/artificial guilty/innocent ally/enemy ascend/descend advance/retreat expand/contract
    borrow/lend send/receive teach/learn push/pull lead/follow quick/slow sender/receiver buyer/seller
    employer/employee teacher/student parent/child predecessor/successor married/divorced refundable/final
    least/most fulltime/parttime daily/weekly weekly/monthly daily/monthly monthly/yearly annual/monthly
"""
_INFLECTED = """
    win won; go went gone; take took taken; give gave given; see saw seen; know knew known; grow grew grown; fall
    fell fallen; rise rose risen; lead led; leave left; lose lost; hold held; keep kept; tell told; think thought;
    bring brought; teach taught; catch caught; fight fought; find found; speak spoke spoken; break broke broken;
    choose chose chosen; drive drove driven; eat ate eaten; fly flew flown; meet met; run ran; sing sang sung; swim
    swam; come came; become became; say said; send sent; spend spent; lend lent; stand stood; understand understood;
    draw drew drawn; wear wore worn; throw threw thrown; steal stole stolen; shoot shot; sit sat; man men; woman
    women; child children; mouse mice
"""
_SAME = """
    begin start commence began begun; big large; buy purchase; film movie; car automobile; child kid; end finish
    conclude; found establish create; make made produce manufacture; help assist aid; near close; show display;
    rapid fast quick; build construct; die decease; doctor physician; obtain get receive; need require; entire
    whole; whole all every each; about approximately around roughly; usually normally typically; ship deliver
    dispatch; return send-back; cost price; customer client; staff employee worker; send mail; locate situate; call
    name; author writer; wrote written write; contain include comprise; allow permit; reply answer respond; pay
    paid; buy bought; sell sold; city town; refund reimburse; leave left depart; link connect join; high tall height;
    long length; wide width; deep depth; rise rose risen increase; fall fell fallen decrease decline drop;
    after follow; occur happen; obtain get got receive; found form establish create; aid help assist; big large huge
"""
_PHRASES = (
    (r"\bno longer\b|\b(?:fail|refuse|decline|cease|neglect)(?:s|d|ed)? to\b|\b(?:nearly|almost)(?= \w+ed\b)", "not"),
    (r"\black(?:s|ed)(?= )", "not have"),
    (r"\b(full|part)[- ]time\b", r"\1time"),
    (r"\b(?:try|tries|tried|(?:attempt|want|hope|intend|ask|threaten)(?:s|d|ed)?) to\b", "intended to"),
    (r"\b(all|every\w+|anything|every \w+) but\b", r"\1 except"),
    (r"\b(?:takes?|took|taken) place\b", "occur"),
    (r"\b(?:came|comes?) into (?:force|effect)\b|\b(?:takes?|took|taken) effect\b", "effective"),
    (r"\b(it|he|she|that|there|what|who|here)['’]s\b", r"\1 is"),
    (
        r"^(?:yes|no|(?:first|second|third|final|additional|overal)ly|also|however|moreover|furthermore|thus|therefore"
        r"|in (?:addition|summary|short|fact)|for example),\s",
        "",
    ),
    (r"^according to the (?:sources?|passages?|documents?|texts?|context|article|information)\b[^,]{0,30},", ""),
)
"""Turns of several words -> what stands for them. What was only tried, or was almost so, was not so."""


def _by_stem(lines: str) -> frozenset[frozenset[str]]:
    pairs = (pair.split("/") for pair in lines.split())
    return frozenset(frozenset(stem(word) for word in pair) for pair in pairs)


_PAIRS = _by_stem(_OPPOSITES)
_GROUPS = [group.split() for group in f"{_INFLECTED};{_SAME}".split(";")]
_CLASS_OF = {stem(word): stem(group[0]) for group in _GROUPS for word in group}
_BASE_OF = {stem(form): stem(forms[0]) for forms in (line.split() for line in _INFLECTED.split(";")) for form in forms}
_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non", "mis")
_FALSE_PREFIXES = frozenset(("inform", "interest", "import", "instruct", "invent", "invest", "display", "discover"))
_TURNS = tuple((re.compile(pattern, re.IGNORECASE), plain) for pattern, plain in _PHRASES)
_OPPOSITE_ROLES = frozenset(
    frozenset(pair.split("/")) for pair in ("from/to", "from/for", "from/into", "for/against", "since/until")
)


def are_opposite_roles(first: str, second: str) -> bool:
    """Whether two prepositions turn a sentence round."""
    return frozenset((first, second)) in _OPPOSITE_ROLES


def are_opposite(first: str, second: str) -> bool:
    """Whether two stems are opposites: listed, or one is the other with a negating prefix."""
    if frozenset((first, second)) in _PAIRS:
        return True
    return _negates(first, second) or _negates(second, first)


def _negates(longer: str, shorter: str) -> bool:
    """Whether one stem is the other behind a negating prefix; stems may have lost different endings."""
    if longer in _FALSE_PREFIXES:
        return False
    rests = (longer[len(prefix) :] for prefix in _PREFIXES if longer.startswith(prefix))
    return any(len(rest) >= 4 and (shorter.startswith(rest) or rest == shorter + "e") for rest in rests)


def plain_turns(text: str) -> str:
    """Return a text with turns of several words put plainly: `no longer sells` is `not sells`."""
    for turn, plain in _TURNS:
        text = turn.sub(plain, text)
    return text


def base(word: str) -> str:
    """Return the stem of a word's base form: `fell` and `fallen` are `fall`."""
    found = stem(word)
    return _BASE_OF.get(found, found)


def meaning(word: str) -> str:
    """Return the stem that stands for a word and those that say the same."""
    found = stem(word)
    return _CLASS_OF.get(found, found)
