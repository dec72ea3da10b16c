"""What SLIs are computed from, as SQL relations."""
