"""Workloads as data: what one input becomes on a node, what it needs there and what comes back.

Nothing here is specific to a program beyond its record; a further workload is a further record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui.core.errors import InputError
from tui.core.quoting import Argument, SharedPath

OUTPUT_CONTAINER_VARIABLE = "BATCH_TUI_OUTPUT_CONTAINER_URL"
"""The task's environment variable that holds the output container's URL with its SAS, off every command line."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number a person may set, available to the command as `{name}`."""

    name: str
    title: str
    default: float
    minimum: float
    maximum: float
    is_whole: bool = True

    def parse(self, text: str) -> float:
        """The value typed as `text`; InputError says what is allowed."""
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not self.minimum <= value <= self.maximum or (self.is_whole and value != int(value)):
            kind = "a whole number" if self.is_whole else "a number"
            raise InputError(
                f"{self.title} cannot be {text!r}", hint=f"give {kind} from {self.minimum:g} to {self.maximum:g}"
            )
        return value


@dataclass(frozen=True, slots=True)
class OutputRule:
    """How an output is named after its input and who carries it to the output container."""

    suffix: str
    """Appended to the stem, such as `_OUTPUT`."""
    extension: str | None
    """Replaces the input's extension; None keeps it."""
    carried_by: Literal["task", "service"]
    """`task`: the program uploads it; `service`: Batch does, as an output file on success."""
    local_name: str = ""
    """The fixed name the program writes in its working directory, where the service carries it."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of job: one task per input file."""

    name: str
    title: str
    summary: str
    task_prefix: str
    command: tuple[Argument, ...]
    """One task's program and arguments; placeholders are `input`, `output` and the parameters."""
    output: OutputRule
    parameters: tuple[Parameter, ...] = ()
    application_files: tuple[str, ...] = ()
    """Node scripts that the start task puts into the run's shared folder."""
    setup_script: str = ""
    """Further shell text of the start task, such as installing a program that is not there already."""
    setup_is_elevated: bool = False
    needs_programs: tuple[str, ...] = ()
    """Programs that the sandbox's machine must have."""
    input_extensions: tuple[str, ...] = ()
    """What is picked from a folder; empty means that folders are not taken."""
    default_dedicated: int = 0
    default_spot: int = 0
    default_timeout_s: float = 1_800

    def parameter_defaults(self) -> dict[str, float]:
        return {parameter.name: parameter.default for parameter in self.parameters}


TOP_WORDS = Workload(
    name="top-words",
    title="Top words",
    summary="Count the most common words of each text file",
    task_prefix="topword",
    command=(
        "python3",
        SharedPath("top_words.py"),
        "--filepath={input}",
        "--numwords={words}",
        "--output-name={output}",
        "--delay={delay}",
    ),
    output=OutputRule(suffix="_OUTPUT", extension=None, carried_by="task"),
    parameters=(
        Parameter("words", "Words per file", default=3, minimum=1, maximum=10_000),
        Parameter("delay", "Seconds to wait before the work", default=0, minimum=0, maximum=3_600, is_whole=False),
    ),
    application_files=("top_words.py",),
    needs_programs=("python3",),
    default_dedicated=3,
    default_timeout_s=20 * 60,
)

FFMPEG_MP3 = Workload(
    name="ffmpeg-mp3",
    title="MP4 to MP3",
    summary="Extract the sound of each video as MP3 with ffmpeg",
    task_prefix="ffmpeg",
    command=("ffmpeg", "-nostdin", "-hide_banner", "-y", "-i", "file:{input}", "output.mp3"),
    output=OutputRule(suffix="", extension=".mp3", carried_by="service", local_name="output.mp3"),
    setup_script="command -v ffmpeg >/dev/null || { apt-get update && apt-get install -y ffmpeg; }",
    setup_is_elevated=True,
    needs_programs=("ffmpeg",),
    input_extensions=(".mp4",),
    default_spot=5,
    default_timeout_s=30 * 60,
)

WORKLOADS: dict[str, Workload] = {workload.name: workload for workload in (TOP_WORDS, FFMPEG_MP3)}


def workload_named(name: str) -> Workload:
    """The workload, or an InputError that lists the ones there are."""
    try:
        return WORKLOADS[name]
    except KeyError:
        raise InputError(
            "Unknown workload", f"there is no workload called {name!r}", f"choose one of: {', '.join(WORKLOADS)}"
        ) from None
