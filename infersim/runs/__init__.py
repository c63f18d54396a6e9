"""Tables of runs: many scenarios and their figures as one table, read and simulated."""

from infersim.runs.replications import Replications, replicate
from infersim.runs.runner import Answer, Refusal, run_rows
from infersim.runs.table import RunTable, read_table

__all__ = ["Answer", "Refusal", "Replications", "RunTable", "read_table", "replicate", "run_rows"]
