"""What `viflux flows` and `viflux drops` show: who talked to whom at which VIF, and what was dropped there."""
