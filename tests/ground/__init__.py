"""Tests of the ground floor: settings, command frame, clock, telemetry, column registry."""
