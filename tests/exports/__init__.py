"""Flow exports judged by real exporters and by the decoders of others."""
