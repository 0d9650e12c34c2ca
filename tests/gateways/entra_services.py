"""Batch and Blob as far as a signed-in person needs them, over TLS on loopback, in a thread of the test process.

Bearer tokens are taken over TLS alone, so that no test could pass with a client that sends one in the clear. The
certificate is made for the occasion. SAS are verified against the user delegation key, by the string to sign of
learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOKEN = "eyJ-token-of-somebody-with-all-rights"
POWERLESS_TOKEN = "eyJ-token-of-somebody-without-rights"
DELEGATION_KEY = base64.b64encode(b"d" * 32).decode()
STORAGE_NAME = "mystore"

_BLOB = re.compile(rf"/{STORAGE_NAME}/(?P<container>[^/?]+)/(?P<blob>[^?]+)")
_CONTAINER = re.compile(rf"/{STORAGE_NAME}/(?P<container>[^/?]+)")


@dataclass
class EntraServices:
    """What the services hold and were asked for."""

    url: str = ""
    keys_given: list[tuple[str, str]] = field(default_factory=list)
    """Start and expiry of each user delegation key that was asked for."""
    containers: dict[str, dict[str, bytes]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    signatures: list[Mapping[str, str]] = field(default_factory=list)
    """The query of every SAS that was accepted."""
    redirects_to: str = ""
    """Where every request is sent on to."""
    asked: list[str] = field(default_factory=list)
    """The target of every request."""


def make_certificate(folder: Path) -> Path:
    """Certificate and key of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "service.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def entra_services(certificate: Path) -> Iterator[EntraServices]:
    services = EntraServices()

    class Handler(_Handler):
        held = services

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    services.url = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="entra services")
    thread.start()
    try:
        yield services
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Both services on one port: Batch knows /pools, everything else is Blob."""

    protocol_version = "HTTP/1.1"
    held: EntraServices

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.held.asked.append(self.path)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.held.redirects_to:
            self._send(307, headers={"Location": self.held.redirects_to})
        elif parts.path == "/pools":
            self._answer_batch(token)
        elif "sig" in query:
            self._answer_signed(parts.path, query, body)
        elif token == POWERLESS_TOKEN:
            self._refuse(403, "AuthorizationPermissionMismatch")
        elif token != TOKEN:
            self._refuse(401, "NoAuthenticationInformation")
        else:
            self._answer_owner(parts.path, query, body.decode())

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 - the names http.server calls

    def _answer_batch(self, token: str) -> None:
        if token == TOKEN:
            self._send(200, b'{"value":[]}', {"Content-Type": "application/json"})
        else:
            status, code = (403, "AuthorizationFailure") if token == POWERLESS_TOKEN else (401, "AuthenticationFailed")
            text = f'{{"code":"{code}","message":{{"lang":"en-US","value":"No."}}}}'
            self._send(status, text.encode(), {"Content-Type": "application/json"})

    def _answer_owner(self, path: str, query: Mapping[str, str], body: str) -> None:
        container = _CONTAINER.fullmatch(path)
        if query.get("comp") == "userdelegationkey":
            start, expiry = (re.search(rf"<{tag}>(.*?)</{tag}>", body) for tag in ("Start", "Expiry"))
            assert start is not None
            assert expiry is not None
            self.held.keys_given.append((start[1], expiry[1]))
            self._send(200, _key_document(start[1], expiry[1]), {"Content-Type": "application/xml"})
        elif container is None:
            listing = b"<?xml version='1.0'?><EnumerationResults><Containers/></EnumerationResults>"
            self._send(200, listing, {"Content-Type": "application/xml"})
        elif self.command == "PUT":
            self.held.containers[container["container"]] = {}
            self._send(201)
        else:
            self.held.containers.pop(container["container"])
            self.held.deleted.append(container["container"])
            self._send(202)

    def _answer_signed(self, path: str, query: Mapping[str, str], body: bytes) -> None:
        match = _BLOB.fullmatch(unquote(path))
        assert match is not None
        if not _is_signed(query, match["container"]):
            self._refuse(403, "AuthenticationFailed")
            return
        self.held.signatures.append(query)
        blobs = self.held.containers[match["container"]]
        if self.command == "PUT" and "w" in query["sp"]:
            blobs[match["blob"]] = body
            self._send(201, headers={"ETag": '"1"', "Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT"})
        elif self.command == "GET" and "r" in query["sp"]:
            content = blobs[match["blob"]]
            headers = {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}", "ETag": '"1"'}
            headers |= {"x-ms-blob-type": "BlockBlob", "Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT"}
            self._send(206, content, headers)
        else:
            self._refuse(403, "AuthorizationPermissionMismatch")

    def _refuse(self, status: int, code: str) -> None:
        document = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No.</Message></Error>"
        self._send(status, document.encode(), {"x-ms-error-code": code, "Content-Type": "application/xml"})

    def _send(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_parts: object) -> None:
        return


def _key_document(start: str, expiry: str) -> bytes:
    return (
        "<?xml version='1.0' encoding='utf-8'?><UserDelegationKey>"
        "<SignedOid>oid-1</SignedOid><SignedTid>tid-1</SignedTid>"
        f"<SignedStart>{start}</SignedStart><SignedExpiry>{expiry}</SignedExpiry><SignedService>b</SignedService>"
        f"<SignedVersion>2024-11-04</SignedVersion><Value>{DELEGATION_KEY}</Value></UserDelegationKey>"
    ).encode()


def _is_signed(query: Mapping[str, str], container: str) -> bool:
    """Whether the key above made the signature of this container, and both are in force."""
    names = ("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "skdutid", "sduoid")
    values = [*(query.get(name, "") for name in ("sp", "st", "se")), f"/blob/{STORAGE_NAME}/{container}"]
    values += [query.get(name, "") for name in (*names, "sip", "spr", "sv")]
    values += [query.get("sr", ""), "", query.get("ses", ""), "", ""]
    values += [query.get(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct")]
    digest = hmac.digest(base64.b64decode(DELEGATION_KEY), "\n".join(values).encode(), hashlib.sha256)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    in_force = query["skt"] <= now < query["se"] <= query["ske"]
    return in_force and hmac.compare_digest(base64.b64encode(digest).decode(), query["sig"])
