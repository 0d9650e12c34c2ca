"""The only importers of Azure: Batch, Blob, credentials; local files and profiles."""
