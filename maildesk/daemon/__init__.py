"""The loops: claim, read, decide, apply, commit; then act."""
