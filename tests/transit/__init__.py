"""Tests of the probe `transit`: histograms, what is lost, and buffers that are used again."""
