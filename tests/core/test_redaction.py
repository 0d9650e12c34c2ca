"""Secrets do not come through: the registered ones in any spelling, the others by their shape."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.redaction import MASK, Redactor, Secret

KEY = "q+/Zs3cretKeyWith/Slashes+and==" * 2


@given(st.text(alphabet="abcXYZ0189+/=&%'\"\\ é", min_size=6, max_size=60), st.text(max_size=10), st.text(max_size=10))
def test_a_registered_secret_is_masked_in_every_spelling(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.register(Secret(secret))
    for spelling in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
        assert spelling not in redactor(f"{before}{spelling}{after}") or spelling in MASK


@pytest.mark.parametrize(
    "text",
    [
        f"https://a.blob.core.windows.net/c/b?sv=2026&sp=r&sig={quote(KEY, safe='')}&se=2026",
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={KEY};EndpointSuffix=core",
        f"Authorization: SharedKey account:{KEY}",
        f"'Authorization': 'Bearer {KEY}'",
        f"SharedAccessSignature={KEY}",
    ],
)
def test_shapes_of_secrets_are_masked_unregistered(text: str) -> None:
    shown = Redactor()(text)
    assert KEY not in shown
    assert quote(KEY, safe="") not in shown
    assert MASK in shown


def test_the_rest_of_a_url_stays_readable() -> None:
    assert Redactor()("https://x/c?sp=r&sig=abc&se=2026") == f"https://x/c?sp=r&sig={MASK}&se=2026"


def test_a_secret_shows_itself_to_reveal_only() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == KEY
