"""Counters: what each interface moved, dropped and queued, interval by interval."""
