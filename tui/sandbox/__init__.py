"""A local Batch and Blob service that really runs the tasks. Imports nothing else of this product."""
