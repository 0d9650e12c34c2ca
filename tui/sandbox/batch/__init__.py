"""The Batch service: state, scheduler and REST API."""
