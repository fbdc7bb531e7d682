"""The statistics that stand beside the answers of the report."""
