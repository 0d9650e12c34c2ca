"""What runs on a compute node: standard library only, one file a program."""
