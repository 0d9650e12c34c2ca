"""The steps of a run, a module each: `run(context) -> str` does the step, again if need be, and says the result."""
