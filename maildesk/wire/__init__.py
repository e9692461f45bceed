"""Sockets: bytes and envelopes in and out; decides nothing."""
