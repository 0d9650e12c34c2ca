"""The Blob service: containers, blobs, signatures and REST API."""
