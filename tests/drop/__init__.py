"""The probe `drop` with packets that the kernel really drops, in namespaces."""
