"""Alerts: rules, evaluation, receivers. They stand on the SLIs and never import the dashboards."""
