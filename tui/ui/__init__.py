"""The user interface, the only importer of Textual."""
