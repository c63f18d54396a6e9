"""Models read from the `config.json` that a model hub keeps beside a checkpoint."""

from infersim.load.hf.model import read_config

__all__ = ["read_config"]
