"""What `viflux doctor` asks of a host: each stage looks at what it knows, and tells it as findings."""
