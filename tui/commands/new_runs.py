"""What planning a run is given: the account's pools, images and containers, this machine's folders, a fresh draft."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from tui import bundled, wiring
from tui.commands.open_accounts import OpenAccounts
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort, StopSignal
from tui.core.preflight import Finding
from tui.core.run_draft import RunDraft, new_draft
from tui.core.workloads import FFMPEG_MP3, Workload
from tui.engine.blob_listing import start_listing
from tui.engine.preflight import PreflightTools, run_preflight
from tui.engine.programs import find_program
from tui.gateways.last_choices import ChoiceBook
from tui.ui.input_services import InputServices
from tui.ui.services import NewRunServices


@dataclass(frozen=True, slots=True)
class NewRuns:
    """Opens an account only when something is asked of it."""

    accounts: OpenAccounts
    clock: ClockPort
    choices: ChoiceBook

    def begin(self, name: str) -> tuple[NewRunServices, RunDraft]:
        """What a new run on the account called `name` begins with."""
        connection = partial(self.accounts.connection, name)
        services = NewRunServices(
            list_pools=lambda: connection().batch.list_pools(),
            list_images=lambda: connection().batch.list_images(),
            run_preflight=partial(self._preflight, name),
            on_sandbox=name == wiring.SANDBOX,
            remember_choices=self.choices.remember_choices,
            inputs=InputServices(
                list_containers=lambda: connection().storage.list_containers(),
                start_blob_listing=lambda container, prefix, publish: start_listing(
                    lambda: connection().storage, container, prefix, publish
                ),
                sample_folder=_sample_folder,
                last_folder=self.choices.folder(),
                remember_folder=self.choices.remember_folder,
            ),
        )
        today = datetime.fromtimestamp(self.clock.now_s()).astimezone().date()
        return services, new_draft(today, random.SystemRandom(), os.getcwd(), self.choices.choices())

    def _preflight(self, name: str, plan: RunPlan, stop: StopSignal, report: Callable[[Finding], object]) -> object:
        connection, journals = self.accounts.connection(name), wiring.journals(self.clock)
        tools = PreflightTools(
            connection.batch,
            connection.storage,
            self.clock,
            knows_run=lambda run_id: journals.path(run_id).exists(),
            find_program=find_program,
            on_sandbox=name == wiring.SANDBOX,
        )
        return run_preflight(plan, tools, stop, report)


def _sample_folder(workload: Workload) -> str:
    files = bundled.sample_clips() if workload is FFMPEG_MP3 else bundled.sample_inputs()
    return str(files[0].parent)
