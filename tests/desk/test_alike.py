"""Alike: the question "part of INC-7?" is asked where a colleague would ask it, and nowhere else."""

from __future__ import annotations

import pytest

from maildesk.desk.alike import alike


@pytest.mark.parametrize(
    ("new", "open_one"),
    [
        ("Printer jams", "Printer jams"),
        ("Printer jams again!!", "printer JAMS since this morning"),
        ("VPN", "I can't reach the VPN"),
        ("Drucker im 3. Stock druckt nicht", "Drucker druckt wieder nicht, 3. Stock"),
        ("Urgent: printer on third floor", "Printer on the third floor jams"),
        ("Störung Telefon", "Stoerung des Telefons / Störung Telefon"),
        ("L'imprimante ne marche plus", "Imprimante: marche pas"),
    ],
)
def test_the_same_thing_told_twice(new, open_one):
    assert alike(new, [(7, open_one)]) == 7
    assert alike(open_one, [(7, new)]) == 7


@pytest.mark.parametrize(
    ("new", "open_one"),
    [
        ("Printer jams", "Monitor flickers"),
        ("Help please", "Please help, urgent"),
        ("New problem", "Problem with my new laptop"),
        ("Question", "Question about the printer"),
        ("", ""),
        ("4711", "4711"),
        ("Laptop battery swollen", "Laptop for the new colleague"),
        ("Hallo, bitte um Hilfe", "Hilfe bei Excel"),
    ],
)
def test_different_things(new, open_one):
    assert alike(new, [(7, open_one)]) is None


def test_the_first_that_fits_is_named():
    assert alike("Printer jams", [(9, "Monitor"), (7, "Printer jams"), (3, "printer jams")]) == 7
