"""Dead letters: what could not be stored, kept as it was with the reason, until a person replays or drops it."""
