"""The history of the tables. `REVISIONS` names every step in order; the last one is what this program needs.

A new step: copy the last file of `versions`, give it the next number, name the one before as `down_revision`, write
what changes (never what the tables are by now: a step stays true for ever), and add the number here. The tests build
a database by the steps and compare it with tables.py.
"""

REVISIONS = ("0001",)
