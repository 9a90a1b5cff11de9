from __future__ import annotations

import pytest

from graphs.language.align import weigh

SUPPORTED = [
    ("The museum opened on 3 May 1998.", "The museum opened on 3 May 1998."),
    ("The museum opened on May 3, 1998.", "The museum opened on 3 May 1998."),
    ("The museum opened on 1998-05-03.", "After years of delay, the museum opened on 3 May 1998."),
    ("The museum opened in May 1998.", "The museum opened on 3 May 1998."),
    ("The museum opened in 1998.", "The museum opened on 3 May 1998."),
    ("Twelve people live on the island.", "12 people live on the island."),
    ("The bridge is 2 km long.", "The bridge is 2,000 metres long."),
    ("The park covers 12 hectares.", "The park covers 120,000 m2."),
    ("The flat has 60 square metres.", "The flat has 60 m²."),
    ("In 2005 has been a flood.", "In 2005 there has been a flood."),
    ("The trip takes 90 minutes.", "The trip takes 1.5 hours."),
    ("It costs $1.5 million.", "It costs 1,500,000 dollars."),
    ("The tax is 12 percent.", "The tax is 12 %."),
    ("Refunds take five days.", "Refunds take 5 days, in most cases less."),
    ("In 1990, Alice moved to Paris.", "Alice moved to Paris in 1990."),
    ("Bob was sued by Alice.", "Alice sued Bob in 2001."),
    ("Alice and Bob founded the firm.", "Bob and Alice founded the firm."),
    ("It isn't possible to return food.", "It is not possible to return food."),
    ("It is impossible to return food.", "It is not possible to return food."),
    ("The firm was established in 1990 in Bonn.", "The firm was founded in 1990 in Bonn."),
    ("Refunds are not given.", "No refunds are given."),
    ("The Danube flows through Vienna.", "The Danube, which does not freeze, flows through Vienna and Budapest."),
    ("注文は三日以内に届きます。", "注文は三日以内に届きます。"),
    ("Brazil was defeated by Germany.", "Germany defeated Brazil in the final."),
    ("Red and blue shirts are sold.", "Blue and red shirts are sold."),
    ("Delivery takes three to five days.", "Delivery takes 3-5 days."),
    ("He won the prize.", "He won the prize, but his brother did not win anything."),
    (
        "The tower was completed in 1931 after two years of work.",
        "After two years of work, it was completed in 1931: the tower.",
    ),
    ("The ferry departs every 20 minutes.", "The ferry leaves every 20 minutes from the northern pier."),
    ("In plants, photosynthesis takes place in chloroplasts.", "Photosynthesis occurs in chloroplasts in plants."),
    ("The law took effect on 1 January 2020.", "The law came into force on January 1, 2020."),
    ("The rule applies to both staff and guests.", "The rule applies to staff and guests."),
    ("According to the sources, tickets can be purchased online.", "Tickets can be bought online or at the gate."),
    ("Yes, it's possible to buy tickets online.", "It is possible to buy tickets online."),
    ("Exports rose by 12% in 2015.", "In 2015 exports increased by 12 percent, mostly thanks to timber."),
]

CAUGHT = [
    # numbers
    ("The park covers 12 acres.", "The park covers 12 hectares."),
    ("Refunds take 7 days.", "Refunds take 5 days."),
    ("Seven people live here.", "12 people live here."),
    ("The bridge is 2 miles long.", "The bridge is 2 km long."),
    ("The trip takes 90 seconds.", "The trip takes 90 minutes."),
    ("It costs $1.5 million.", "It costs $1.5 billion."),
    ("It costs €40.", "It costs £40."),
    ("The tax is 21 %.", "The tax is 12 %."),
    ("She came third.", "She came second."),
    ("Alice has 5 cats and Bob has 3.", "Alice has 3 cats and Bob has 5."),
    ("Prices rose from 20 to 10.", "Prices rose from 10 to 20."),
    ("The shop closes at 6 pm.", "The shop closes at 5 pm."),
    ("The temperature was 12 °C.", "The temperature was -12 °C."),
    # dates
    ("The museum opened on 4 May 1998.", "The museum opened on 3 May 1998."),
    ("The museum opened on 3 June 1998.", "The museum opened on 3 May 1998."),
    ("The museum opened in May 1999.", "The museum opened on 3 May 1998."),
    ("The museum opened in 1889.", "The museum opened in 1998."),
    ("It is open on Monday.", "It is open on Tuesday."),
    # names
    ("Paris is the capital of Spain.", "Paris is the capital of France."),
    ("Charles Babbage wrote the first program.", "Ada Lovelace wrote the first program."),
    ("The novel was written by Emily Brontë.", "The novel was written by Charlotte Brontë."),
    # negations
    ("Food can be returned.", "Food cannot be returned."),
    ("Food cannot be returned.", "Food can be returned."),
    ("The warranty does not cover water damage.", "The warranty covers water damage."),
    ("The warranty covers water damage.", "The warranty doesn't cover water damage."),
    ("Refunds are given.", "No refunds are given."),
    ("She always answers.", "She never answers."),
    ("The lamp works without batteries.", "The lamp works with batteries."),
    ("Alice won but Bob did not win.", "Alice did not win but Bob won."),
    ("The rooms have not been painted.", "The rooms have been painted."),
    # opposites
    ("Sales increased in 2020.", "Sales decreased in 2020."),
    ("The lake is north of the town.", "The lake is south of the town."),
    ("It closes after noon.", "It closes before noon."),
    ("It takes more than a week.", "It takes less than a week."),
    ("The offer is valid.", "The offer is invalid."),
    ("The door was unlocked.", "The door was locked."),
    ("The battery is included.", "The battery is excluded."),
    ("The larger model is cheaper.", "The smaller model is cheaper."),
    ("Summers are cold and winters are hot.", "Summers are hot and winters are cold."),
    # quantifiers and certainty
    ("All members may vote.", "Some members may vote."),
    ("Only members vote.", "Members vote."),
    ("Few members vote.", "Many members vote."),
    ("The shop will close.", "The shop might close."),
    # who did what to whom
    ("Bob sued Alice.", "Alice sued Bob."),
    ("Alice was sued by Bob.", "Alice sued Bob."),
    ("The train goes from Rome to Paris.", "The train goes from Paris to Rome."),
    ("The dog chased the cat.", "The cat chased the dog."),
    ("Google was acquired by the company.", "The company was acquired by Google."),
    ("The flight departs from Madrid.", "The flight departs for Madrid."),
    ("Germany defeated Brazil.", "Brazil defeated Germany."),
    ("The river rises in Slovenia.", "The river rises in Austria and ends in Slovenia."),
    # what was not done, or not quite
    ("The company sells spare parts.", "The company no longer sells spare parts."),
    ("The alarm detects gas.", "The alarm fails to detect gas."),
    ("The committee approved the plan.", "The committee refused to approve the plan."),
    ("The bridge collapsed.", "The bridge nearly collapsed."),
    ("He resigned as chairman.", "He was asked to resign as chairman."),
    ("The experiment lacked a control group.", "The experiment had a control group."),
    ("The warranty covers the battery.", "The warranty covers everything but the battery."),
    # other words
    ("The cat is white.", "The cat is black."),
    ("The manual covers the dishwasher and its filter.", "The manual covers the oven."),
    ("Berlin has an airport.", "Bread is baked in an oven."),
    ("Returns are free.", ""),
    ("", "Returns are free."),
]


@pytest.mark.parametrize(("claim", "quote"), SUPPORTED)
def test_weigh_supports_what_the_quote_says_in_other_words(claim: str, quote: str) -> None:
    assert weigh(claim, [quote]).label == "supported", weigh(claim, [quote])


@pytest.mark.parametrize(("claim", "quote"), CAUGHT)
def test_weigh_catches_what_the_quote_does_not_say(claim: str, quote: str) -> None:
    weighing = weigh(claim, [quote])
    assert weighing.label != "supported"
    assert weighing.reason


@pytest.mark.parametrize(("claim", "quote"), CAUGHT[:39])
def test_weigh_tells_a_contradiction_from_a_gap(claim: str, quote: str) -> None:
    assert weigh(claim, [quote]).label == "contradicted", weigh(claim, [quote])


def test_weigh_without_a_source_supports_nothing() -> None:
    assert weigh("Returns are free.", []).label == "unsupported"


def test_weigh_takes_two_quotes_together() -> None:
    quotes = ["The firm was founded in 1990 by Ada.", "Its seat is in Bonn."]
    assert weigh("Founded in 1990 by Ada, the firm has its seat in Bonn.", quotes).label == "supported"


def test_weigh_needs_one_supporting_quote_among_others() -> None:
    assert weigh("Refunds take 5 days.", ["Deliveries take 9 days.", "Refunds take 5 days."]).label == "supported"


def test_weigh_does_not_let_a_claim_cut_off_a_negation() -> None:
    assert weigh("the warranty covers water damage", ["Not even in winter the warranty covers water damage."]).label
    quote = "It is not true that the warranty covers water damage."
    assert weigh("the warranty covers water damage", [quote]).label != "supported"
