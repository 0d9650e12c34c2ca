"""The leak hunt: what is secret, where it must not be, and the runs after which it is looked for."""
