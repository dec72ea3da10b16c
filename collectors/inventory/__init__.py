"""Inventory: every interface in every network namespace, as a history."""
