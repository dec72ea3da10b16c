"""What is stored in tiers: how their rows come from finer ones, and which tier answers a query."""
