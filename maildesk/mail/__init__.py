"""Bytes and values: reading mail in, writing letters out. Pure: no socket, database, clock, randomness or file."""
