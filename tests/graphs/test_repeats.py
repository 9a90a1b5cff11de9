"""What stands word for word in many documents is read once; the rest of what is read says something else."""

from __future__ import annotations

from graphs.context import LIMITS
from graphs.repeats import repeats_last
from tests.graphs.driving import ask, context, graph_of
from tests.reader.support import make_hit
from tests.support.fake_tools import FakeTools

SHIPPING = "Orders are sent within  three days."


def test_repeats_of_a_better_passage_come_after_what_says_something_else() -> None:
    hits = [
        make_hit("a", SHIPPING, title="Kettles"),
        make_hit("b", "orders are sent within three days.", title="Lamps"),
        make_hit("c", "Orders of lamps are sent within nine days.", title="Lamps"),
    ]
    assert [hit.passage.passage_id for hit in repeats_last("When are orders sent?", hits)] == ["a", "c", "b"]


def test_the_same_words_about_another_thing_are_no_repeat_where_the_question_names_it() -> None:
    hits = [make_hit(name, "Weight: 3 kg.", title=name) for name in ("Kestrel", "Otter", "Heron")]
    named = repeats_last("What does the Otter weigh?", hits)
    assert [hit.title for hit in named] == ["Kestrel", "Otter", "Heron"]
    assert [hit.title for hit in repeats_last("Do Otter and Heron weigh the same?", hits)] == [
        "Kestrel",
        "Otter",
        "Heron",
    ]


def test_the_order_of_all_others_stays() -> None:
    hits = [make_hit(str(number), f"Text {number}.") for number in range(6)]
    assert repeats_last("Anything?", hits) == tuple(hits)


async def test_what_stands_behind_many_repeats_is_read() -> None:
    many = [make_hit(f"r{number}", "Parcels are sent by rail.", title="Notices") for number in range(10)]
    hits = (*many, make_hit("a", "Parcels are sent on Mondays.", title="Calendar"))
    ran = await ask(graph_of(FakeTools(hits=hits)), "When are parcels sent?", context("quick"))
    (found,) = ran.of("sources.found")
    assert len(found["sources"]) == LIMITS["quick"].read_passages < len(many)
    assert [source["passage_id"] for source in found["sources"][:2]] == ["r0", "a"]
