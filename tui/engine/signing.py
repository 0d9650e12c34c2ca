"""Signs what tasks and nodes may reach: one expiry a container and kind of access, until it would be too near."""

from __future__ import annotations

import threading

from tui.core.plan import SAS_MARGIN_S, RunPlan
from tui.core.ports import ClockPort, StoragePort
from tui.core.redaction import Secret
from tui.core.specs import Permissions, SignedReference


class RunSigner:
    """A `Signer` for one run; any thread may call it.

    A SAS lives for the plan's limit and a margin. Once half the margin is used up, what is still to come gets a new
    one, so that nothing is ever handed out that could end before the work it is for; nor, where the machine's clock is
    set back, that lives on for as much longer.
    """

    def __init__(self, storage: StoragePort, clock: ClockPort, plan: RunPlan) -> None:
        self._storage = storage
        self._clock = clock
        self._lifetime_s = plan.sas_lifetime_s
        self._lock = threading.Lock()
        self._expiries: dict[tuple[str, Permissions], float] = {}
        self._containers: dict[tuple[str, Permissions], Secret] = {}

    def __call__(self, reference: SignedReference) -> Secret:
        key = (reference.container, reference.permissions)
        with self._lock:
            expires_s = self._expiry(key)
            if reference.blob is None and key in self._containers:
                return self._containers[key]
        secret = self._storage.sign(reference.container, reference.permissions, expires_s, reference.blob)
        if reference.blob is None:
            with self._lock:
                self._containers[key] = secret
        return secret

    def _expiry(self, key: tuple[str, Permissions]) -> float:
        wall_s = self._clock.wall_s()
        expires_s = self._expiries.get(key, 0.0)
        if abs(expires_s - wall_s - self._lifetime_s) > SAS_MARGIN_S / 2:
            expires_s = self._expiries[key] = wall_s + self._lifetime_s
            self._containers.pop(key, None)
        return expires_s
