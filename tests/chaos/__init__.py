"""Chaos: the product under a load of known truth, while a plan made from a seed kills, fills, freezes and steps."""
