"""Tests of the catalogue and its stage, over a real store."""
