"""Packets that the kernel dropped, counted in the kernel by the probe `drop`."""
