"""What became of sessions, from the request table's columns."""

from __future__ import annotations

import numpy as np

from infersim.records import COMPLETED, LAST_TURN, NO_ROOM


def counts(requests: dict[str, np.ndarray]) -> dict[str, int] | None:
    """Sessions that began, whose last turn was answered, and that ended early for want of context; None without any."""
    if "session_id" not in requests or not (turns := requests["session_id"] >= 0).any():
        return None
    each = np.stack([requests["traffic_class"][turns], requests["session_id"][turns]])
    last, cut = (turns & (requests["ends"] == end) for end in (LAST_TURN, NO_ROOM))
    return {
        "begun": np.unique(each, axis=1).shape[1],
        "completed": int(np.count_nonzero(last & (requests["status"] == COMPLETED))),
        "cut": int(np.count_nonzero(cut)),
    }
