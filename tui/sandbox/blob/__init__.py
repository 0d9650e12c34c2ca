"""The Blob service: containers, blobs, signatures and REST API."""

from .account import BlobAccount
from .app import create_blob_app
from .calls import Limits
from .records import Usage
from .store import BlobStore

__all__ = ["BlobAccount", "BlobStore", "Limits", "Usage", "create_blob_app"]
