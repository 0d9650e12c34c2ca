"""The pre-flight list of a plan: what is looked at before anything is created, and what each finding means. No I/O.

A finding that would certainly make the run fail is FAILED and blocks the start; what may still turn out well, or could
not be found out, is a WARNING and does not. One cause makes one ✗: what rests on a service that does not answer is not
tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from tui.core.errors import AccessRefused, BatchTuiError, InputError, LocalError, NotFound, Unreachable, account_refusal
from tui.core.images import newest_verified
from tui.core.plan import ExistingPool, NewPool, RunPlan
from tui.core.records import ImageInfo, PoolRecord
from tui.core.units import count_text

SOON_S = 30 * 86_400
"""An image whose support ends within this is worth a word."""

_NAMED = 2


class Item(StrEnum):
    """What is looked at, in the order it is shown; the value names it on screen."""

    BATCH = "Batch answers"
    STORAGE = "Storage answers"
    INPUTS = "Inputs are readable"
    NAMES = "Names are free"
    POOL = "Pool takes the job"
    IMAGE = "Image is verified"
    PROGRAMS = "Programs are here"
    DESTINATION = "Outputs have a place"


NEEDS: Mapping[Item, tuple[Item, ...]] = MappingProxyType(
    {Item.NAMES: (Item.BATCH, Item.STORAGE), Item.POOL: (Item.BATCH,), Item.IMAGE: (Item.BATCH,)}
)
"""What has to have passed before an item is worth trying."""


class Verdict(StrEnum):
    WAITING = "waiting"
    RUNNING = "checking"
    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    NOT_TRIED = "not tried"

    @property
    def is_settled(self) -> bool:
        return self not in (Verdict.WAITING, Verdict.RUNNING)


@dataclass(frozen=True, slots=True)
class Finding:
    """Where one item stands."""

    item: Item
    verdict: Verdict
    detail: str = ""
    """What was found, or how far the search is."""
    remedy: str = ""
    """What to do about it; only a failure or a warning has one."""
    refusal: AccessRefused | None = None
    """Where it failed because the account was refused."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """The whole list; each finding makes a new one."""

    findings: Mapping[Item, Finding]

    @classmethod
    def of(cls, plan: RunPlan, *, on_sandbox: bool) -> Preflight:
        """The items that concern this plan, all of them waiting."""
        return cls({item: Finding(item, Verdict.WAITING) for item in items_of(plan, on_sandbox=on_sandbox)})

    def with_finding(self, finding: Finding) -> Preflight:
        return Preflight({**self.findings, finding.item: finding})

    @property
    def ready(self) -> tuple[Item, ...]:
        """Waiting items that nothing holds up any more."""
        return tuple(
            item
            for item, finding in self.findings.items()
            if finding.verdict is Verdict.WAITING
            and all(self.findings[need].verdict.is_settled for need in NEEDS.get(item, ()))
        )

    def obstacle(self, item: Item) -> Item | None:
        """The failed item that makes trying this one pointless."""
        failed = (need for need in NEEDS.get(item, ()) if self.findings[need].verdict is Verdict.FAILED)
        return next(failed, None)

    @property
    def is_over(self) -> bool:
        return all(finding.verdict.is_settled for finding in self.findings.values())

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What blocks the start."""
        return tuple(finding for finding in self.findings.values() if finding.verdict is Verdict.FAILED)

    @property
    def refusal(self) -> AccessRefused | None:
        """Why no more can be found out, where the account was refused."""
        return next((finding.refusal for finding in self.failures if finding.refusal is not None), None)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings.values() if finding.verdict is Verdict.WARNING)


def items_of(plan: RunPlan, *, on_sandbox: bool) -> tuple[Item, ...]:
    """An image only where a pool is made, a pool only where one is used, programs only where they must be here."""
    skipped = {Item.POOL if plan.makes_pool else Item.IMAGE}
    if not on_sandbox or not plan.workload.needs_programs:
        skipped.add(Item.PROGRAMS)
    return tuple(item for item in Item if item not in skipped)


# What the findings are


def passed(item: Item, detail: str) -> Finding:
    return Finding(item, Verdict.PASSED, detail)


def warned(item: Item, detail: str, remedy: str = "") -> Finding:
    return Finding(item, Verdict.WARNING, detail, remedy)


def failed(item: Item, detail: str, remedy: str = "") -> Finding:
    return Finding(item, Verdict.FAILED, detail, remedy)


def blocked(item: Item, obstacle: Item) -> Finding:
    service = "Batch" if obstacle is Item.BATCH else "Storage"
    return Finding(item, Verdict.NOT_TRIED, f"not tried: {service} has to answer first")


def not_finished(item: Item, limit_s: float) -> Finding:
    return warned(item, f"not known after {limit_s:.0f} s", "check again, or start and see")


def judge_error(item: Item, error: BatchTuiError) -> Finding:
    """What an error met while looking means: certain failure, or that the answer is not known."""
    is_answer = item in (Item.BATCH, Item.STORAGE) and isinstance(error, Unreachable)
    if is_answer or isinstance(error, AccessRefused | InputError | LocalError | NotFound):
        return replace(failed(item, str(error), error.hint), refusal=account_refusal(error))
    return warned(item, f"could not be checked: {error}", error.hint or "check again, or start and see")


@dataclass(frozen=True, slots=True)
class InputTrouble:
    """What is wrong with inputs, by kind, each with the names of those concerned."""

    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Whose size is no longer what was chosen."""


def judge_inputs(plan: RunPlan, trouble: InputTrouble) -> Finding:
    """Whether all inputs are as they were chosen."""
    parts = [
        f"{_listed(names)} {words}"
        for names, words in (
            (trouble.missing, "not there any more"),
            (trouble.unreadable, "cannot be read"),
            (trouble.changed, "changed size since"),
        )
        if names
    ]
    if parts:
        return failed(Item.INPUTS, "; ".join(parts), "choose them again in Inputs")
    count = count_text(len(plan.inputs), "input")
    where = f"in container {plan.existing_input_container}" if plan.existing_input_container else "on this machine"
    return passed(Item.INPUTS, f"{count} {where}")


def judge_names(plan: RunPlan, taken: Iterable[str], *, is_known_run: bool) -> Finding:
    """`taken` names what exists already, such as `job top-words-…`; a known run has a journal here."""
    names = tuple(taken)
    if is_known_run:
        return failed(
            Item.NAMES,
            f"this machine has a run called {plan.run_id} already",
            "give this one another name in Pool & job, or resume that one from Home",
        )
    if names:
        verb = "exists" if len(names) == 1 else "exist"
        is_pool_alone = len(names) == 1 and names[0].startswith("pool ")
        remedy = "give the new pool another id, or use it as the existing pool" if is_pool_alone else "rename the run"
        return failed(Item.NAMES, f"{_listed(names)} {verb} already", f"{remedy}, in Pool & job")
    kinds = ["job", count_text(len(plan.containers), "container")]
    return passed(Item.NAMES, ", ".join(["pool", *kinds] if plan.makes_pool else kinds))


def judge_pool(pool: ExistingPool, found: PoolRecord | None) -> Finding:
    """An existing pool as it is now."""
    if found is None:
        return failed(Item.POOL, f"the account has no pool called {pool.id}", "pick another in Pool & job")
    if found.state == "deleting":
        return failed(Item.POOL, f"{pool.id} is being deleted", "pick another in Pool & job, or make a new one")
    if found.current_nodes == 0 and found.resize_errors:
        error = found.resize_errors[0]
        return warned(Item.POOL, f"{pool.id} has no nodes: {error.code}", error.message)
    if found.target_nodes + found.current_nodes == 0:
        return warned(Item.POOL, f"{pool.id} has no nodes", "tasks wait until somebody resizes it")
    nodes = count_text(found.current_nodes, "node")
    return passed(Item.POOL, f"{pool.id} is {found.allocation_state} with {nodes}")


def judge_image(pool: NewPool, images: Iterable[ImageInfo], now_s: float) -> Finding:
    """Whether the service has the image that was chosen, verified and supported."""
    try:
        image = newest_verified(images, pool.image, now_s)
    except InputError:
        return failed(Item.IMAGE, f"the service has no verified image for {pool.image}", "pick another in Pool & job")
    if image.end_of_life_s is not None and image.end_of_life_s - now_s < SOON_S:
        days = max(0, int((image.end_of_life_s - now_s) // 86_400))
        return warned(Item.IMAGE, f"support of {image.reference} ends in {count_text(days, 'day')}", "pick a newer one")
    return passed(Item.IMAGE, f"{image.reference}, agent {image.node_agent_sku_id}")


_PROGRAM_REMEDIES: Mapping[str, str] = MappingProxyType(
    {"ffmpeg": "install it, or add the extra: pip install 'batch-tui[media]'"}
)


def judge_programs(programs: Mapping[str, str | None]) -> Finding:
    """Where each program the tasks call was found on this machine, which is the sandbox's; None for nowhere."""
    missing = tuple(name for name, path in programs.items() if path is None)
    if missing:
        remedies = [_PROGRAM_REMEDIES.get(name, f"install {name} on this machine") for name in missing]
        return failed(Item.PROGRAMS, f"{_listed(missing)} not found on this machine", "; ".join(remedies))
    return passed(Item.PROGRAMS, ", ".join(str(path) for path in programs.values()))


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED:,} more" if len(names) > _NAMED else shown
