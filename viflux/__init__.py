"""The ground floor of Viflux: what every stage stands on, and nothing of any stage."""

__version__ = "0.1.0"
