"""Tests of boards and console, with real store, server and browser."""
