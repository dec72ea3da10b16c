"""What Viflux costs, measured: `make bench`. Never part of the tests."""
