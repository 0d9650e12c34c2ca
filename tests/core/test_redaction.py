"""Secrets do not come through: the registered ones in any spelling, the others by their shape."""

from __future__ import annotations

import base64
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
    encoded = base64.b64encode(secret.encode()).decode()
    for spelling in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], encoded):
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


SIGNATURE = base64.b64encode(bytes(range(7, 256, 8))).decode()


@pytest.mark.parametrize(
    "sentence",
    [
        "Signature did not match: {}",
        "The MAC signature found in the HTTP request '{}' is not the same as any computed signature.",
        "(that is http%3A%2F%2Fx%2Fc%3Fsig%3D{}%26se%3D2026)",
        '{{"proof":"{}"}}',
    ],
)
def test_a_signature_is_masked_wherever_a_service_quotes_it(sentence: str) -> None:
    for spelling in (SIGNATURE, quote(SIGNATURE, safe=""), quote(quote(SIGNATURE, safe=""), safe="")):
        shown = Redactor()(sentence.format(spelling))
        assert spelling[:20] not in shown
        assert MASK in shown


@pytest.mark.parametrize(
    "text",
    [
        "/srv/texts/a/very/long/path/of/many/folders/below/each/other/input=1.txt",
        "top-words-20261120-k3f-application/tvmps_0123456789abcdef0123456789abcdef0123456789abcdef_d a=b",
        "MD5 1B2M2Y8AsgTpgAmY7PhCfg==",
        "100 % of everything",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_the_rest_of_a_url_stays_readable() -> None:
    assert Redactor()("https://x/c?sp=r&sig=abc&se=2026") == f"https://x/c?sp=r&sig={MASK}&se=2026"


def test_a_secret_shows_itself_to_reveal_only() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == KEY


def test_what_is_registered_meanwhile_is_masked_as_well() -> None:
    redactor = Redactor()

    class Slow(Secret):
        """While it is read, another thread registers one of its own."""

        def reveal(self) -> str:
            redactor.register("the other one")
            return super().reveal()

    redactor.register(Slow("this one"))
    assert redactor("this one, the other one") == f"{MASK}, {MASK}"
