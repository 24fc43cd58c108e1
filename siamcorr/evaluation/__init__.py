"""Metrics, protocols and reports; takes any tracker that has `init` and `update`."""
