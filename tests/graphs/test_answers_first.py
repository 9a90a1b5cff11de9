"""Yes or no, comparisons and lists: said first where sources settle them, never where they look alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.comparing import compared, comparison_of, find_pair, winner
from graphs.answers.framed import is_framed
from graphs.answers.listing import listed_claims, whole_steps
from graphs.answers.polarity import polarity
from graphs.answers.said import sentences_of
from graphs.language.curated import cite
from memory.records import Citation, Claim, Hit
from tests.support.fake_tools import passage_hit


@pytest.mark.parametrize(
    ("question", "sentence", "told"),
    [
        ("Can gas cartridges be returned?", "Gas cartridges, liquid fuel and food cannot be returned.", "No"),
        ("Can I return liquid fuel?", "Gas cartridges, liquid fuel and food cannot be returned.", "No"),
        ("Can I return unused goods?", "You may return unused goods within 60 days of delivery.", "Yes"),
        ("Is the shop open on Sunday?", "The shop is closed on Sunday.", "No"),
        ("Is the warranty five years?", "The warranty is three years.", "No"),
        ("Was the bridge built by Anna Berg?", "The bridge was built by Anna Berg in 1932.", "Yes"),
        ("Was the bridge destroyed?", "The bridge was destroyed in 1943.", "Yes"),
        ("Does the Aurora have a timer?", "The Aurora has no timer.", "No"),
        ("Did Marie Curie win the Nobel Prize?", "Marie Curie won the Nobel Prize in 1903.", "Yes"),
        ("Is smoking allowed on the balcony?", "Smoking is not allowed on the balcony.", "No"),
        ("Do you ship to Norway?", "We do not ship to Norway.", "No"),
        ("Do you ship to Norway?", "We ship to Sweden, Norway and Denmark.", "Yes"),
        ("Can socks be returned?", "Underwear and socks can be returned.", "Yes"),
        ("Was Einstein born in 1880?", "Einstein was born in Ulm in 1879.", "No"),
        ("Can I pay by card?", "You can pay by card or cash.", "Yes"),
        ("Will the library be open?", "The library will be open.", "Yes"),
        ("Are orders shipped to Norway?", "Orders are shipped to Norway.", "Yes"),
        ("Does the tent weigh 3 kg?", "The tent weighs 2 kg.", "No"),
        ("Is  the   shop open on Sunday ? ", "The shop is closed on Sunday.", "No"),
        ("Does it cover normal wear?", "It does not cover normal wear, accidents, or floods.", "No"),
        ("Do you store my card number?", "We do not store the number of your card; Nordpay keeps it.", "No"),
        ("Is the return free from Austria?", "The return is free from Austria; from Italy you pay for it.", "Yes"),
        ("Can I cancel the Club at any time?", "You can cancel the Club in your account at any time.", "Yes"),
        ("Will I get a link?", "You receive a link by email as soon as the parcel has left the warehouse.", "Yes"),
        ("Is there a lift?", "There is a lift at the main entrance.", "Yes"),
        ("Is there a lift?", "There is no lift.", "No"),
        ("Can I park in front of the entrance?", "Parking is not allowed in front of the entrance.", "No"),
        ("Can I pay by invoice?", "Paying by invoice is possible.", "Yes"),
        ("Does Relay run on Windows?", "Relay runs on Linux; Windows is not supported.", "No"),
        ("Does Relay work with Windows 11?", "With Relay, Windows 11 is supported.", "Yes"),
        ("Is breakfast included?", "Breakfast and Wi-Fi are included in the price.", "Yes"),
        ("Is it a public school?", "It is a private school.", "No"),
        ("Is detergent included?", "Detergent is included in the price of a wash.", "Yes"),
        ("Can I pay in cash?", "Cash is not accepted since January 2025.", "No"),
        ("Can I pay by card?", "We accept cash and cards.", "Yes"),
        ("Are you open on Sunday?", "We are open every day from 6:00 to 23:00.", "Yes"),
        ("Is the shop open on Sunday?", "The shop is open on weekdays only.", "No"),
        ("Is the museum open in May?", "The museum is open from April to October.", "Yes"),
        ("Is the museum open on Wednesday?", "The museum is closed from Monday to Thursday.", "No"),
        ("Are bonfires allowed in January?", "Bonfires are allowed from November to February only.", "Yes"),
        ("Is the pool open in January?", "The pool is open from May to September only, every day from 9 to 20.", "No"),
        ("Is the pool open in July?", "The pool is open from May to September only, every day from 9 to 20.", "Yes"),
        ("Are bonfires allowed in June?", "Bonfires are allowed only from November to February.", "No"),
    ],
)
def test_a_sentence_that_settles_a_question_is_yes_or_no(question: str, sentence: str, told: str):
    assert polarity(question, sentences_of([passage_hit(sentence)])[0]) == told


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Can cartridges be returned?", "Gas cartridges cannot be returned."),
        ("Can goods be returned?", "Gas cartridges and used goods can be returned."),
        ("Can goods be returned?", "Goods from Norway can be returned."),
        ("Can underwear be returned?", "Underwear and socks can be returned only in unopened packaging."),
        ("Is the return free?", "The return is free within Germany and Austria; others pay the postage."),
        ("Is smoking allowed?", "Smoking is not allowed on the balcony."),
        ("Is membership free?", "Membership is free for students."),
        ("Is the battery included?", "The battery is included with the Pro model."),
        ("Is paying by invoice possible?", "Paying by invoice is possible for orders up to 500 EUR."),
        ("Are dogs allowed?", "Guide dogs are allowed."),
        ("Are cats allowed?", "Dogs are allowed and cats are not."),
        ("Are all stoves made of steel?", "Some stoves are made of steel."),
        ("Was the bridge built by Anna Berg?", "The bridge was built by Jonas Falk in 1932."),
        ("Was the bridge destroyed?", "The bridge was nearly destroyed in 1943."),
        ("Is the kettle waterproof?", "The lid of the kettle is waterproof."),
        ("Isn't the kettle waterproof?", "The kettle is waterproof."),
        ("Is the tent or the stove cheaper?", "The tent is cheaper."),
        ("Do you ship to Norway?", "We ship to all countries except Norway."),
        ("Is the shop open on Monday?", "The shop is closed on Sunday."),
        ("Is there a discount?", "There is a discount for students."),
        ("Is lunch free?", "Breakfast is free, lunch and dinner cost 5 EUR."),
        ("Is the return free from Italy?", "The return is free from Austria; from Italy you pay for it."),
        ("Does the policy cover theft?", "The policy covers fire, theft or loss, but not theft from cars."),
        ("Is the shop open on Sunday?", "The shop is open daily; on Sunday the cafe is closed."),
        ("Can I pay by cheque?", "We accept cash and cards."),
        ("Do part-time employees have paid leave?", "Full-time employees have paid leave."),
        ("Is the upper deck heated?", "The lower deck is heated."),
        ("Is the shop open on Sunday?", "The shop is open on weekdays."),
        ("Is the museum open in January?", "The museum is open from April to October."),
        ("Is the museum open on Saturday?", "The museum is closed from Monday to Thursday."),
        ("Is the pool heated in May?", "The pool is open from April to October."),
        ("Can I cancel by phone?", "You can cancel in your account."),
        ("Will the shop open on Monday?", "The shop is expected to open on Monday."),
        ("Does the tent weigh 3 kg?", "The tent weighs 2.1 kg and packs to 3 litres."),
        ("What is waterproof?", "The kettle is waterproof."),
        ("Has the invoice been paid?", "The invoice will be paid on Friday."),
        ("Has the bridge been repaired?", "The bridge must be repaired."),
        ("Did the company close the plant?", "The company will close the plant in May."),
        ("Is the new library open?", "The new library will be open."),
        ("Is the museum free?", "The museum was free."),
        ("Does Anna work for Acme?", "Anna worked for Acme."),
        ("Is there a bus at 9:00?", "There is a bus at 10:00."),
        ("Do you sell 5 kg bags?", "We sell 10 kg bags."),
        ("Do you have tickets for 10 EUR?", "We have tickets for 15 EUR."),
        ("Did Anna win the race in 2020?", "Anna won the race in 2019."),
        ("Does Relay run on Windows?", "Windows is not supported."),
        ("Does Relay run on Windows?", "Relay runs on Linux; Windows 7 is not supported."),
        ("Do the rooms have a balcony?", "Not all rooms have a balcony."),
    ],
)
def test_a_condition_another_subject_or_a_hedge_is_neither(question: str, sentence: str):
    assert polarity(question, sentences_of([passage_hit(sentence)])[0]) == ""


@pytest.mark.parametrize(
    ("question", "first", "second", "text", "short"),
    [
        (
            "Which is cheaper, the Kestrel 2 or the Kestrel 3?",
            "The Kestrel 2 costs 349 EUR.",
            "The Kestrel 3 costs 419 EUR.",
            "Kestrel 2 is cheaper: 349 EUR for Kestrel 2, 419 EUR for Kestrel 3.",
            "Kestrel 2",
        ),
        (
            "Which is cheaper, the Halo lamp or the Halo Pro lamp?",
            "The Halo lamp costs 49 EUR.",
            "The Halo Pro lamp costs 89 EUR.",
            "Halo lamp is cheaper: 49 EUR for Halo lamp, 89 EUR for Halo Pro lamp.",
            "Halo lamp",
        ),
        (
            "Is the Kestrel 2 heavier than the Kestrel 3?",
            "The Kestrel 2 weighs 2.1 kg.",
            "The Kestrel 3 weighs 2700 g.",
            "No: 2.1 kg for Kestrel 2, 2700 g for Kestrel 3.",
            "No",
        ),
        (
            "Which is older, Oxford or Bologna?",
            "Oxford was founded in 1096.",
            "Bologna was founded in 1088.",
            "Bologna is older: 1096 for Oxford, 1088 for Bologna.",
            "Bologna",
        ),
        (
            "Which takes longer, standard or express delivery?",
            "Standard delivery takes 3 to 5 days.",
            "Express delivery takes 1 day.",
            "Standard delivery takes longer: 3 to 5 days for standard delivery, 1 day for express delivery.",
            "Standard delivery",
        ),
    ],
)
def test_two_values_are_compared(question: str, first: str, second: str, text: str, short: str):
    asked = comparison_of(question)
    assert asked is not None
    pair = find_pair(asked, sentences_of([passage_hit(first, "a"), passage_hit(second, "b")]))
    assert pair is not None
    assert compared(asked, *pair) == text
    assert winner(asked, text) == short


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Repairing the Kestrel 2 costs 25 EUR.", "The Kestrel 3 costs 419 EUR."),
        ("The Kestrel 2 costs about 350 EUR.", "The Kestrel 3 costs 419 EUR."),
        ("The Kestrel 2 costs 349 EUR.", "The Kestrel 3 weighs 2.7 kg."),
        ("The Kestrel 2 costs 12 EUR per month.", "The Kestrel 3 costs 419 EUR."),
        ("The Kestrel 2 costs 300 to 400 EUR.", "The Kestrel 3 costs 350 to 380 EUR."),
        ("The Kestrel 2 costs 349 EUR.", "The Kestrel 3 costs 480 USD."),
        ("The Kestrel 2 costs 349 EUR, the Kestrel 3 more.", "The Kestrel 3 costs 419 EUR."),
    ],
)
def test_what_is_not_the_same_measure_of_both_is_not_compared(first: str, second: str):
    asked = comparison_of("Which is cheaper, the Kestrel 2 or the Kestrel 3?")
    assert asked is not None
    pair = find_pair(asked, sentences_of([passage_hit(first, "a"), passage_hit(second, "b")]))
    assert pair is None or compared(asked, *pair) == ""


LIST = "## What cannot be returned\n\n- Gas cartridges and fuel.\n- Underwear\n  once worn.\n\nMore text.\n"
STEPS = "How to return something:\n\n1. Open your order. Choose it.\n2. Print the label.\n"


def test_a_list_is_given_whole_each_item_with_its_own_words():
    hit = passage_hit(LIST, title="Returns policy")
    claims = listed_claims("What cannot be returned?", [hit])
    assert [claim.text for claim in claims] == ["- Gas cartridges and fuel.", "- Underwear once worn."]
    for claim in claims:
        (citation,) = claim.citations
        assert LIST[citation.start : citation.end] == citation.quote


@pytest.mark.parametrize(
    ("question", "lead"),
    [
        ("Which countries do you ship to?", "We ship to all countries except:"),
        ("Which pets are allowed?", "All pets are allowed except:"),
        ("Which cards are accepted?", "All cards are accepted, other than:"),
    ],
)
def test_exceptions_are_not_told_as_what_they_are_excepted_from(question: str, lead: str):
    assert listed_claims(question, [passage_hit(f"{lead}\n\n- Norway\n- Malta\n- Iceland")]) == ()


def test_a_line_that_leads_another_list_ends_the_one_above():
    hit = passage_hit(
        "Included in the price:\n- Breakfast\n- Parking\nNot included in the price:\n- Spa\n- Minibar", title="Hotel"
    )
    asked = ("What is included in the price?", "What is not included in the price?")
    found = [[claim.text for claim in listed_claims(question, [hit])] for question in asked]
    assert found == [["- Breakfast", "- Parking"], ["- Spa", "- Minibar"]]


def test_what_comes_in_a_box_is_the_list_under_that_heading():
    box = passage_hit("In the box\n\n- the kettle\n- one lid", title="Aurora kettle")
    claims = listed_claims(
        "What comes in the box of the Aurora kettle?",
        [replace(box, passage=replace(box.passage, heading=("In the box",)))],
    )
    assert [claim.text for claim in claims] == ["- the kettle", "- one lid"]


@pytest.mark.parametrize(
    ("question", "is_told"),
    [
        ("What is new in version 4.2.0?", True),
        ("What changed in Tidepool 4.2.0?", True),
        ("What is new in Firefox 4.2.0?", False),
        ("What is new in version 4.2?", False),
    ],
)
def test_what_is_new_in_a_version_is_the_list_under_it(question: str, is_told: bool):
    notes = passage_hit("- Added: export to Parquet.\n- Removed: the old API.", title="Release notes – Tidepool")
    notes = replace(notes, passage=replace(notes.passage, heading=("Release notes – Tidepool", "4.2.0 (2026-09-30)")))
    told = [claim.text for claim in listed_claims(question, [notes])]
    assert told == (["- Added: export to Parquet.", "- Removed: the old API."] if is_told else [])


def test_steps_keep_their_numbers():
    claims = listed_claims("How do I return something?", [passage_hit(STEPS, title="Returns policy")])
    assert [claim.text for claim in claims] == ["1. Open your order. Choose it.", "2. Print the label."]


KETTLE = "Care\n\n1. Fill it to the mark.\n2. Add a spoon of citric acid.\n3. Boil twice.\n4. Rinse it."


def test_no_step_is_left_out_between_those_that_were_found():
    hit = passage_hit(KETTLE, title="Aurora kettle")
    found = [Claim("", text, (cited(hit, text),)) for text in ("Fill it to the mark.", "Boil twice.")]
    told = [claim.text for claim in whole_steps("How do I descale the kettle?", found, [hit])]
    assert told == ["1. Fill it to the mark.", "2. Add a spoon of citric acid.", "3. Boil twice.", "4. Rinse it."]
    assert whole_steps("What is boiled twice?", found, [hit]) == ()
    assert whole_steps("How do I descale the kettle?", found[:1], [hit]) == ()


def test_steps_that_go_on_from_another_passage_keep_their_numbers():
    hit = passage_hit("3. Boil twice.\n4. Rinse it.", title="Aurora kettle")
    found = [Claim("", text, (cited(hit, text),)) for text in ("Boil twice.", "Rinse it.")]
    told = [claim.text for claim in whole_steps("How do I descale the kettle?", found, [hit])]
    assert told == ["3. Boil twice.", "4. Rinse it."]


FEED = [
    "## Mounting\n\n1. Unpack it.\n2. Drill two holes.\n3. Hang it.",
    "Check that it is level.\n4. Plug it in.\n5. Wait.",
    "6. Press start.\n\nIt hums.",
]
FEED_STEPS = [
    "1. Unpack it.",
    "2. Drill two holes.",
    "3. Hang it.",
    "Check that it is level.",
    "4. Plug it in.",
    "5. Wait.",
    "6. Press start.",
]


def run_of(*texts: str) -> list[Hit]:
    """Hits on passages that follow each other in one document, a character apart."""
    hits: list[Hit] = []
    start = 0
    for place, text in enumerate(texts):
        hit = passage_hit(text, str(place), title="Mounting the feeder", start=start)
        passage = replace(hit.passage, document_id="d", version_id="v", ordinal=place, heading=("Mounting",))
        hits.append(replace(hit, passage=passage))
        start += len(text) + 1
    return hits


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_steps_that_were_cut_into_several_passages_are_told_in_order_each_with_its_own_words(order: tuple[int, ...]):
    hits = [run_of(*FEED)[place] for place in order]
    document = "\n".join(FEED)
    claims = listed_claims("How do I mount it?", hits[:1], hits)
    assert [claim.text for claim in claims] == FEED_STEPS
    for claim in claims:
        (citation,) = claim.citations
        assert document[citation.start : citation.end] == citation.quote
        assert claim.text.endswith(citation.quote)


def test_steps_are_completed_from_the_passages_beside_those_that_were_found():
    hits = run_of(*FEED)
    found = [Claim("", text, (cited(hits[1], text),)) for text in ("Plug it in.", "Wait.")]
    told = whole_steps("How do I get it to run?", found, hits[1:2], hits)
    assert [claim.text for claim in told] == FEED_STEPS


def test_passages_that_are_not_neighbours_of_one_section_and_version_are_not_joined():
    first, second, third = run_of(*FEED)
    others = [
        replace(second, passage=replace(second.passage, version_id="w")),
        replace(second, passage=replace(second.passage, heading=("Cleaning",))),
        replace(second, passage=replace(second.passage, start=second.passage.start + 90)),
        third,
    ]
    for other in others:
        claims = listed_claims("How do I mount it?", [first, other])
        assert [claim.text for claim in claims] == FEED_STEPS[:3]


def test_a_list_that_begins_anew_is_another_one():
    hits = run_of("1. Unpack it.\n2. Hang it.", "1. Unplug it.\n2. Take it down.")
    assert [claim.text for claim in listed_claims("How do I mount it?", hits)] == ["1. Unpack it.", "2. Hang it."]


def cited(hit: Hit, text: str) -> Citation:
    start = hit.passage.text.index(text)
    return cite(hit, start, start + len(text))


@pytest.mark.parametrize(
    "question",
    ["What can be returned?", "What is the first thing that cannot be returned?", "Which goods are sold?", "Returned?"],
)
def test_another_question_is_not_answered_by_a_list(question: str):
    assert listed_claims(question, [passage_hit(LIST, title="Returns policy")]) == ()


def test_the_judge_lets_a_frame_stand_on_its_own_sentence_only():
    hits = [passage_hit("The kettle is waterproof.", "a"), passage_hit("The lamp is waterproof.", "b")]
    kettle, lamp = sentences_of(hits)
    question = "Is the kettle waterproof?"
    assert is_framed(question, Claim("", "Yes.", (kettle.citation(),)), hits)
    assert not is_framed(question, Claim("", "No.", (kettle.citation(),)), hits)
    assert not is_framed(question, Claim("", "Yes.", (lamp.citation(),)), hits)
    assert not is_framed(question, Claim("", "Yes.", ()), hits)
