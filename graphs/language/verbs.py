"""Verbs as English questions use them: auxiliaries, common base forms, their endings. Small lists."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(text.split())


AUXILIARIES = word_set("is are was were am do does did can could may must shall should will would has have had might")
ANY_AUX = "|".join(sorted(AUXILIARIES))
"""For patterns."""
_VERBS = """
    accept agree allow appear apply arrive ask attend be become begin belong block boil book break breed bring build
    burn buy call cancel carry catch celebrate change charge charge check choose claim clean close collect
    come complete conduct connect contain contribute control cook cost cover create cross cut deal decide
    declare defeat deliver depart depend describe design develop die differ direct discover dispose do draw
    drink drive drop earn eat edit employ end enter establish exchange exist expand expire export extend face
    fall feed feel fight fill find finish fit fix fly follow form found freeze function gain get give go grow
    happen hatch have heat help hide hire hold import improve include increase install invent invest invite issue
    join keep kill know land last launch lay lead learn leave lend lie like live load lock lose make manage marry
    mean measure meet melt move need obtain occur offer open operate order own pack paint park pass pay
    perform pick place plan plant play prepare prevent print process produce propose protect prove provide
    publish pull purchase put reach react read receive record refer refuse refund regulate reject release rely
    remain remove renew rent repair replace report represent require reside resign respond rest result retire
    return rise rule run sail save say see sell send serve set settle share ship show sign sing sink sit sleep
    smoke speak spend split stand start stay steal stop store study submit succeed suffer supply support
    survive swim switch take talk taste teach tell test think throw touch track trade train transport travel
    treat try turn unite update upload use vary visit vote wait wake walk want wash watch wear weigh win work
    write
"""
BASE_VERBS = frozenset(_VERBS.split())
_PARTICIPLES = """
    born built made written won led found held kept known lost sold sent set shot sung taken told taught
    thought thrown worn drawn driven eaten fed fought given grown heard hidden laid lent met paid put read run
    said seen shown spent spoken stolen struck sunk sworn torn bought brought caught chosen cut dealt done
    begun broken become bound
"""
_NO_PARTICIPLES = word_set("hundred sacred naked kindred infrared watershed moped biped hatred wicked rugged")
_IRREGULAR = frozenset(_PARTICIPLES.split())


def is_participle(word: str) -> bool:
    """Whether a word can be a past participle, as far as its form tells."""
    is_regular = word.endswith("ed") and not word.endswith("eed") and len(word) > 4
    return word in _IRREGULAR or (is_regular and word not in _NO_PARTICIPLES)


_PASTS = """
    become/became begin/began break/broke breed/bred bring/brought build/built buy/bought cancel/cancelled catch/caught
    choose/chose come/came control/controlled cost/cost cut/cut deal/dealt do/did draw/drew drink/drank
    drive/drove drop/dropped eat/ate fall/fell feed/fed feel/felt fight/fought find/found fit/fitted fly/flew
    freeze/froze get/got give/gave go/went grow/grew have/had hide/hid hold/held keep/kept know/knew lay/laid lead/led
    learn/learned leave/left lend/lent lie/lay lose/lost make/made mean/meant meet/met occur/occurred pay/paid
    plan/planned put/put read/read refer/referred rise/rose run/ran say/said see/saw sell/sold send/sent
    set/set ship/shipped sing/sang sink/sank sit/sat sleep/slept speak/spoke spend/spent split/split
    stand/stood steal/stole stop/stopped swim/swam take/took teach/taught tell/told think/thought throw/threw
    travel/travelled wake/woke wear/wore win/won write/wrote
"""
_PAST = {base: form for base, _, form in (pair.partition("/") for pair in _PASTS.split())}


def past(verb: str) -> str:
    """The past tense of a base form."""
    if verb in _PAST:
        return _PAST[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    return f"{verb[:-1]}ied" if _ends_in_y(verb) else f"{verb}ed"


def is_finite(word: str) -> bool:
    """Whether a word can be a verb that says something of a subject: `die`, `dies`, `died`."""
    return word in _FINITE or is_participle(word)


def third_person(verb: str) -> str:
    """The form of a base form that goes with `it`."""
    if verb == "have":
        return "has"
    if _ends_in_y(verb):
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "sh", "ch", "x", "o")) else f"{verb}s"


def _ends_in_y(verb: str) -> bool:
    return verb.endswith("y") and verb[-2:-1] not in set("aeiou")


_FINITE = BASE_VERBS | {past(verb) for verb in BASE_VERBS} | {third_person(verb) for verb in BASE_VERBS}
