"""The SLI catalogue: one `.sql` file an SLI, with its meaning in the leading comment and its arithmetic below."""

from analytics.catalogue.catalogue import CATALOGUE, REASONS, Part, Reason, Sli, Target, read, target_of

__all__ = ["CATALOGUE", "REASONS", "Part", "Reason", "Sli", "Target", "read", "target_of"]
