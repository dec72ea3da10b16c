"""Flows that a program in the kernel counts, of interfaces in the agent's own network namespace."""
