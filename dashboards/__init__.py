"""Grafana boards and provisioning files, made from the store's names; ``python -m dashboards`` writes them."""
