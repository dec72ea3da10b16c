"""Tests of `viflux doctor`."""
