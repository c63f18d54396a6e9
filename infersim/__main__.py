"""`python -m infersim`, and the command."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C before it is ready is no traceback either."""
    try:
        from infersim.cli import main as command
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
