"""Decisions: what an event means for an incident. Pure: `now` is always an argument."""
