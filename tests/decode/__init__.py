"""Tests of `viflux decode`."""
