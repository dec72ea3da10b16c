"""The programs that run in the kernel: one folder a probe, with its source, its record header and its built object."""
