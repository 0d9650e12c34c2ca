"""The sandbox refuses everything it ought to, fails at nothing, and writes nowhere but in its folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.attack.attacker import VERSION, Attacker, Request
from tests.sandbox.attack.campaigns import CAMPAIGNS
from tests.support.sandbox import sandbox_at

pytestmark = pytest.mark.slow

FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def attacker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacker]:
    with sandbox_at(tmp_path_factory.mktemp("attacked") / "sandbox") as sandbox:
        yield Attacker(sandbox)


def query_of(name: str, value: str) -> str:
    return f"{name}={quote(value, safe='')}"


def everything_held(attacker: Attacker) -> bytes:
    """Jobs, pools and containers, as their owner lists them."""
    return b"".join(
        attacker.signed(request).body
        for request in (
            Request("batch", "GET", "/pools", f"{query_of('$select', 'id')}&{VERSION}"),
            Request("batch", "GET", "/jobs", f"{query_of('$select', 'id')}&{VERSION}"),
            Request("blob", "GET", "/", "comp=list"),
        )
    )


def beside(attacker: Attacker) -> list[str]:
    """What lies beside the sandbox's folder."""
    return sorted(os.listdir(attacker.sandbox.state_dir.parent))


def test_the_attacker_s_own_signature_is_accepted(attacker: Attacker) -> None:
    """Or else every refusal below would prove nothing."""
    assert attacker.still_answers()
    request = Request("blob", "PUT", "/mine", "restype=container")
    assert attacker.signed(request).status == 201
    headers = attacker.headers(request)
    assert attacker.send(request, headers).status in (401, 403)


def test_nothing_unsigned_or_forged_is_heard(attacker: Attacker) -> None:
    before = everything_held(attacker)
    tally = CAMPAIGNS["signatures"](attacker)
    assert tally.tried > 1_000
    assert tally.through == []
    assert everything_held(attacker) == before
    assert attacker.defects() == []


@pytest.mark.parametrize("name", [name for name in CAMPAIGNS if name != "signatures"])
def test_an_attack_is_refused(name: str, attacker: Attacker) -> None:
    before = [item for item in beside(attacker) if item != "canary.txt"]
    tally = CAMPAIGNS[name](attacker)
    assert tally.tried > 5
    assert tally.through == []
    assert attacker.still_answers()
    assert attacker.defects() == []
    assert [item for item in beside(attacker) if item != "canary.txt"] == before


ODATA_WORDS = st.lists(
    st.sampled_from(
        ["state", "id", "eq", "ne", "ge", "and", "or", "not", "startswith(", "(", ")", ",", "'active'", "'it''s'", "'",
         "DateTime'2026-11-20T10:00:00Z'", "DateTime'", "null", "1", "-1e999", "executionInfo/exitCode",
         "/", "\t", "é", "\0"]
    ),
    max_size=12,
).map(" ".join)  # fmt: skip
TEXT = st.text(max_size=40)


@given(option=st.sampled_from(["$filter", "$select", "$expand", "$orderby", "maxresults", "$skiptoken"]),
       value=ODATA_WORDS | TEXT)  # fmt: skip
@FUZZ
def test_any_odata_is_answered(option: str, value: str, attacker: Attacker) -> None:
    encoded = value.encode("utf-8", "replace").decode()
    for path in ("/jobs", "/pools"):
        answer = attacker.signed(Request("batch", "GET", path, f"{query_of(option, encoded)}&{VERSION}"))
        assert answer.status in (200, 400), (option, value, answer)


XML_WORDS = st.lists(
    st.sampled_from(
        ["<BlockList>", "</BlockList>", "<Latest>", "</Latest>", "QUFB", "<Committed/>", "<?xml version='1.0'?>",
         "&amp;",
         "&#0;", "&x;", "<![CDATA[", "]]>", "<!--", "<!DOCTYPE x>", "\0", "\x1b", "é", "<a b='c'/>", "</>"]
    ),
    max_size=12,
).map(lambda words: "".join(words).encode())  # fmt: skip


@given(body=XML_WORDS | st.binary(max_size=60))
@FUZZ
def test_any_xml_is_answered(body: bytes, attacker: Attacker) -> None:
    attacker.signed(Request("blob", "PUT", "/fuzzed", "restype=container"))
    answer = attacker.signed(Request("blob", "PUT", "/fuzzed/blob", "comp=blocklist", body))
    assert answer.status in (201, 400), (body, answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("PT1S"),
    lambda below: st.lists(below, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "poolInfo", "poolId", "priority", "constraints", "maxWallClockTime", "commandLine", "value",
             "metadata",
             "resourceFiles", "environmentSettings", "name", "jobPreparationTask", "exitConditions", "dependsOn"]
        ),
        below,
        max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(body=JSON)
@FUZZ
def test_any_json_is_answered(body: object, attacker: Attacker) -> None:
    content = json.dumps(body).encode()
    for method, path in (
        ("POST", "/jobs"),
        ("POST", "/jobs/none/addtaskcollection"),
        ("PATCH", "/jobs/none"),
        ("POST", "/pools"),
    ):
        answer = attacker.signed(Request("batch", method, path, VERSION, content))
        assert answer.status in (201, 400, 404, 409), (path, body, answer)


def test_after_all_of_it_nothing_has_failed(attacker: Attacker) -> None:
    assert attacker.still_answers()
    assert attacker.defects() == []
    assert not Path("/escaped-by-batch").exists()
