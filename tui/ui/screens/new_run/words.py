"""A run that is yet to be, in words: what was chosen, for the rail, and all that would be created, for the review."""

from __future__ import annotations

from textual.content import Content

from tui.core.plan import NewPool, RunPlan
from tui.core.planning import Problem
from tui.core.run_draft import RunDraft
from tui.core.units import count_text, duration_text, local_date_time, size_text
from tui.core.workloads import Workload
from tui.ui.text import safe, toned
from tui.ui.widgets.fact_sheet import Fact

FIELD_NAMES = {
    "inputs": "Inputs",
    "name": "Run name",
    "pool": "Pool",
    "nodes": "Dedicated nodes",
    "spot": "Spot nodes",
    "slots": "Task slots",
    "vm-size": "VM size",
    "timeout": "Time limit",
    "priority": "Priority",
    "retries": "Retries",
    "destination": "Outputs",
}
"""The label of the field of each option; a workload's parameters have their own titles."""

_COMMANDS_SHOWN = 3
REVIEW_LABEL_WIDTH = 12
_KIND_WIDTH = 12


def field_name(problem: Problem, workload: Workload) -> str:
    """The label of the field that a problem is at."""
    titles = {parameter.name: parameter.title for parameter in workload.parameters}
    return FIELD_NAMES.get(problem.option) or titles.get(problem.option, problem.option)


def problem_text(problem: Problem, workload: Workload) -> str:
    """`Time limit: 'x' is not a duration; like 30m`."""
    name = field_name(problem, workload)
    return safe(f"{name}: {problem.what}" + (f"; {problem.hint}" if problem.hint else ""))


def limit_text(seconds: float) -> str:
    """`20 min`, `1 h 30 min`: a duration without the zeros that a running clock needs."""
    return duration_text(seconds).removesuffix(" 00 s").removesuffix(" 00 min").removesuffix(" 00 h")


def node_hours_text(hours: float) -> str:
    return f"{hours:,.3g} node-hour{'' if hours == 1 else 's'}"


# The rail


def inputs_summary(draft: RunDraft) -> str:
    if not draft.files:
        return "none yet"
    size = size_text(sum(choice.size_bytes for choice in draft.files))
    return f"{count_text(len(draft.files), 'file')}, {size}"


def pool_summary(draft: RunDraft) -> str:
    if draft.uses_existing_pool:
        return f"on {draft.pool_id}" if draft.pool_id else "an existing pool"
    options = draft.options
    parts = [
        f"{options.dedicated:,} dedicated" if options.dedicated else "",
        f"{options.spot:,} Spot" if options.spot else "",
    ]
    return " + ".join(part for part in parts if part) or "no nodes"


# A workload


def workload_facts(workload: Workload) -> list[tuple[str, str]]:
    """What choosing it means, in label and words."""
    inputs = " and ".join(workload.input_extensions) + " files" if workload.input_extensions else "any files"
    nodes = [
        count_text(count, f"{kind} node")
        for kind, count in (("dedicated", workload.default_dedicated), ("Spot", workload.default_spot))
        if count
    ]
    limit = limit_text(workload.default_timeout_s)
    return [
        ("takes", f"{inputs}; one task each"),
        ("gives", f"one {output_example(workload)} for each, in the run's output container"),
        ("start task", set_up_text(workload)),
        ("begins with", f"{' and '.join(nodes)}, {limit} at most; change it in Pool & job"),
    ]


def output_example(workload: Workload) -> str:
    rule = workload.output
    return f"NAME{rule.suffix}{'.EXT' if rule.extension is None else rule.extension}"


def set_up_text(workload: Workload) -> str:
    """What the start task does to make a node ready."""
    parts = [f"copies {name} to every node" for name in workload.application_files]
    if workload.setup_script:
        programs = ", ".join(workload.needs_programs)
        by_whom = " as administrator" if workload.setup_is_elevated else ""
        parts.append(f"installs {programs} on every node that lacks it{by_whom}")
    return "; ".join(parts) or "nothing beyond the image"


# The review


def review_facts(plan: RunPlan, now_s: float, *, on_sandbox: bool) -> list[Fact]:
    """Everything that would be created, what it may use, and what is deleted afterwards."""
    created = [_containers(plan), _pool(plan), _job(plan), _tasks(plan)]
    sas = f"one a container, to read or to create and write only; ends {_moment(now_s + plan.sas_lifetime_s)}"
    return [
        *_rows("uses", [_use(plan, on_sandbox=on_sandbox)]),
        *_rows("creates", created, indent=_KIND_WIDTH),
        *_rows("outputs", [Content(safe(plan.destination))]),
        *_rows("afterwards", [_afterwards(plan, on_sandbox=on_sandbox)]),
        *_rows("runs", _commands(plan), indent=2),
        *_rows("SAS", [toned(sas, "muted")]),
    ]


def _rows(label: str, lines: list[Content], indent: int = 0) -> list[Fact]:
    return [Fact(toned(label if not index else "", "muted"), line, indent) for index, line in enumerate(lines)]


def _kind(kind: str, name: str, detail: str = "") -> Content:
    words = toned(f"{kind:<{_KIND_WIDTH}}", "muted") + Content(safe(name))
    return words + toned(f"  {safe(detail)}", "muted") if detail else words


def _containers(plan: RunPlan) -> Content:
    """The first by its name, the others by what tells them apart."""
    first, *others = plan.containers
    names = ", ".join([first, *(name.removeprefix(plan.run_id) for name in others)])
    source = plan.existing_input_container
    return _kind("containers", names, f"inputs stay in {source}" if source else "")


def _pool(plan: RunPlan) -> Content:
    pool = plan.pool
    if not isinstance(pool, NewPool):
        return _kind("no pool", f"runs on {pool.id}", "which stays as it is")
    nodes = [f"{count} {kind}" for kind, count in (("dedicated", pool.dedicated), ("Spot", pool.spot)) if count]
    slots = count_text(pool.slots_per_node, "task slot")
    return _kind("pool", pool.id, f"{' + '.join(nodes)}, {pool.vm_size}, {slots} a node, {pool.image}")


def _job(plan: RunPlan) -> Content:
    extras = [f"ends by itself, after {limit_text(plan.timeout_s)} at the latest"]
    if plan.priority:
        extras.append(f"priority {plan.priority}")
    if plan.max_task_retry_count:
        retries = plan.max_task_retry_count
        extras.append("retries without limit" if retries < 0 else f"up to {count_text(retries, 'retry', 'retries')}")
    return _kind("job", plan.job_id, ", ".join(extras))


def _tasks(plan: RunPlan) -> Content:
    last = len(plan.inputs) - 1
    names = plan.task_id(0) if not last else f"{plan.task_id(0)} … {plan.task_id(last)}"
    return _kind(count_text(len(plan.inputs), "task"), names, size_text(plan.input_bytes) + " of input")


def _commands(plan: RunPlan) -> list[Content]:
    count = min(_COMMANDS_SHOWN, len(plan.inputs))
    more = len(plan.inputs) - count
    lines = [Content(safe(plan.command_text(index))) for index in range(count)]
    return [*lines, toned(f"and {more:,} more", "muted")] if more else lines


def _use(plan: RunPlan, *, on_sandbox: bool) -> Content:
    hours, pool = plan.node_hours_at_most, plan.pool
    if on_sandbox:
        return Content("this machine; nothing that costs")
    if hours is None or not isinstance(pool, NewPool):
        return Content("no node of its own: the pool costs with or without this run")
    nodes = count_text(pool.nodes, "node")
    return Content(f"at most {node_hours_text(hours)}: {nodes} × {limit_text(plan.timeout_s)}")


def _afterwards(plan: RunPlan, *, on_sandbox: bool) -> Content:
    parts = [part for part in ("job", "pool", "containers") if part in plan.delete_after]
    deleted = f"{', '.join(parts)} deleted once the outputs are here" if parts else "everything is kept"
    if plan.makes_pool and "pool" not in parts and not on_sandbox:
        return Content(f"{deleted}; ") + toned("the pool goes on costing until it is deleted", "warning")
    return Content(deleted)


def _moment(moment_s: float) -> str:
    return local_date_time(moment_s)[:16]
