"""What Viflux itself costs, and what it sheds."""
