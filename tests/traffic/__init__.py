"""`viflux flows` and `viflux drops` against a real store."""
