"""What a study asks to be simulated: the runs of each point by their keys, or why a point makes no scenario."""

from __future__ import annotations

from infersim.errors import InputError
from infersim.load import Loaded
from infersim.load.study import LoadedStudy
from infersim.runs.answer import refused
from infersim.runs.keys import Keys
from infersim.runs.replications import alone
from infersim.runs.store import Outcome
from infersim.sweep.points import Points
from infersim.sweep.scratch import Scratch


class Asked:
    """Runs by point and replication; each key is made once.

    Args:
        loaded: the study.
        points: its points.
        scratch: where keys and refusals are noted.
    """

    def __init__(self, loaded: LoadedStudy, points: Points, scratch: Scratch):
        self._loaded, self._points, self._scratch, self._hashes = loaded, points, scratch, Keys()

    def keys(self, point: int, count: int) -> list[bytes]:
        """Keys of a point's first replications; none of a point that makes no scenario."""
        known = self._scratch.keys(point)
        if len(known) < count and self._scratch.refusal(point) is None:
            try:
                scenario = self._scenario(point)
            except InputError as error:
                self._scratch.note_refusal(point, refused(error))
            else:
                known += (self._hashes.of(alone(scenario, number)) for number in range(len(known), count))
                self._scratch.note_keys(point, known)
        return known[:count]

    def refusal(self, point: int) -> Outcome | None:
        """Why a point whose keys were asked for makes no scenario; None where it makes one."""
        return self._scratch.refusal(point)

    def _scenario(self, point: int) -> Loaded:
        return self._loaded.base.laid_under(self._points.settings(point), self._loaded.file)
