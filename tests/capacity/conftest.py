"""What tests of curves share."""

from tests.cli.conftest import infersim

__all__ = ["infersim"]
