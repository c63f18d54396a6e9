"""Models read from the `config.json` that a model hub keeps beside a checkpoint."""

from infersim.load.hf.model import is_config, read_config

__all__ = ["is_config", "read_config"]
