"""The ledger: what every stage accounts for, and that it adds up."""
