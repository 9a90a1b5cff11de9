"""Months and days of the week that a range means without naming them."""

from __future__ import annotations

import pytest

from graphs.language.ranges import within


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Two sailings a day from November to March.", "november december january february march"),
        ("Open April–June.", "april may june"),
        ("Closed between Dec and Feb", "december january february"),
        ("From May until the end of July it is closed.", "may june july"),
        ("Mon-Wed 9 to 5", "monday tuesday wednesday"),
        ("Open Thursday to Sunday.", "thursday friday saturday sunday"),
        ("You may go to Marco in a sunny place until decided.", ""),
        ("Open every day.", "monday tuesday wednesday thursday friday saturday sunday"),
        ("Closed at weekends.", "saturday sunday"),
        ("In March and July.", ""),
    ],
)
def test_a_range_means_what_lies_in_it(text: str, names: str) -> None:
    assert " ".join(within(text)) == names
