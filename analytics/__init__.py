"""Service-level indicators: the catalogue, the stage that runs it on closed windows, and what counts as hurting."""
