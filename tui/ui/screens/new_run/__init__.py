"""The screen that makes a plan: four steps beside each other in a rail, one shown at a time."""
