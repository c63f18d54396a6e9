"""Questions answered by studies: a folder each, remade by its `run.py`, held against what is committed by `check`."""
