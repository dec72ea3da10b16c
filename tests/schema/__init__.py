"""The schema: what the migrations make is what the registry says."""
