"""Load and trouble on demand: seeded jobs whose tasks move by themselves, a bad day of the service, faults of tests."""
