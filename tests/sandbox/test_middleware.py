"""The gate before both services: it counts requests under way and passes everything through."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from tui.sandbox.middleware import Activity, Gate


async def receive() -> Message:
    raise AssertionError("nothing is asked for")


@pytest.mark.parametrize("latency_s", [0.0, 0.001])
async def test_answers_pass_unchanged(latency_s: float) -> None:
    sent: list[Message] = []
    messages: list[Message] = [
        {"type": "http.response.start", "status": 204},
        {"type": "http.response.body", "body": b""},
    ]

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    async def send(message: Message) -> None:
        sent.append(message)

    await Gate(app, Activity(), latency_s)({"type": "http"}, receive, send)
    assert sent == messages


async def test_a_request_under_way_is_no_idleness() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        begun.set()
        await go_on.wait()
        raise ConnectionResetError

    async def send(_message: Message) -> None:
        raise AssertionError("nothing is sent")

    activity = Activity()
    assert activity.idle_s > 0
    request = asyncio.create_task(Gate(app, activity, 0.0)({"type": "http"}, receive, send))
    await begun.wait()
    assert activity.idle_s == 0
    go_on.set()
    with pytest.raises(ConnectionResetError):
        await request
    assert activity.idle_s > 0
