"""A crew of processes: all is done once, whoever dies."""

from __future__ import annotations

import os
import signal
import time

import pytest

from infersim.errors import InfersimError
from infersim.runs.crew import KILLED, Alone, Crew


def double(given, task):
    return given + 2 * task


def dies_at(given, task):
    """Kills its process at one task, for ever or only where a file is not there yet."""
    deadly, marker = given
    if task == deadly and (marker is None or not os.path.exists(marker)):
        if marker is not None:
            open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def slow(given, task):
    time.sleep(given)
    return os.getpid()


def answers(crew, count):
    return [done for done in crew.do((number, number) for number in range(count)) if done is not None]


def test_alone_and_together_give_the_same_answers():
    expected = [(number, 100 + 2 * number) for number in range(50)]
    assert answers(Alone(double, 100), 50) == expected
    with Crew(double, 100, 2) as crew:
        assert sorted(answers(crew, 50)) == expected
        assert sorted(answers(crew, 3)) == expected[:3]  # the same processes, once more


def test_a_death_costs_one_piece_which_is_done_again(tmp_path):
    with Crew(dies_at, (7, str(tmp_path / "marker")), 2) as crew:
        assert sorted(answers(crew, 30)) == [(number, number) for number in range(30)]


def test_a_piece_that_kills_twice_is_given_up():
    with Crew(dies_at, (7, None), 2) as crew:
        found = dict(answers(crew, 30))
    assert found.pop(7) is KILLED
    assert found == {number: number for number in range(30) if number != 7}


def test_all_of_a_crew_work():
    with Crew(slow, 0.05, 2) as crew:
        assert len({pid for _, pid in answers(crew, 12)}) == 2


def test_tasks_are_drawn_as_there_is_room():
    drawn = []

    def tasks():
        for number in range(1000):
            drawn.append(number)
            yield number, number

    with Crew(slow, 0.2, 2) as crew:
        next(done for done in crew.do(tasks()) if done is not None)
    assert len(drawn) < 40


def test_processes_that_die_at_once_are_told():
    with Crew(double, Unloadable(), 2) as crew, pytest.raises(InfersimError, match="die as they start"):
        answers(crew, 4)


class Unloadable:
    """Cannot be brought to life again in a process."""

    def __reduce__(self):
        return os._exit, (3,)
