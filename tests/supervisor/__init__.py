"""Tests of `viflux up`: its children, its loop, its privileges, its refusals."""
