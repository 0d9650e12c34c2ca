"""Programs that run on a node, on its own Python; never imported by the sandbox."""
