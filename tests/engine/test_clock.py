"""The real clock: what a person who sets the wall clock does to it, which is nothing to ages and all to signatures."""

from __future__ import annotations

from tui.engine.clock import SystemClock


class Machine:
    def __init__(self) -> None:
        self.wall_s, self.passed_s = 1_800_000_000.0, 50.0

    def pass_time(self, seconds: float) -> None:
        self.wall_s += seconds
        self.passed_s += seconds


def test_an_age_is_what_has_passed_whichever_way_the_wall_clock_jumps() -> None:
    machine = Machine()
    clock = SystemClock(lambda: machine.wall_s, lambda: machine.passed_s)
    assert clock.now_s() == machine.wall_s
    read_s = clock.now_s()
    for jump_s in (-3_600.0, 86_400.0):
        machine.pass_time(4.0)
        machine.wall_s += jump_s
        assert clock.wall_s() == machine.wall_s
    assert clock.now_s() - read_s == 8.0
