"""Tables of runs: many scenarios and their figures as one table, read and simulated."""

from infersim.runs.runner import Answer, Refusal, run_rows
from infersim.runs.table import RunTable, read_table

__all__ = ["Answer", "Refusal", "RunTable", "read_table", "run_rows"]
