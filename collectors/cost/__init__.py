"""What Viflux itself costs on a host, and what it leaves out to stay within its budget."""
