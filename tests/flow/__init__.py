"""The probe `flow` with real traffic in namespaces."""
