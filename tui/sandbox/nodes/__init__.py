"""Compute nodes as directories, each with an agent process that runs its tasks."""
