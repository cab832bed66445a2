"""``python -m app`` and the ``trunkline`` command."""

from __future__ import annotations

from app.command import trunkline


def main() -> None:
    """Run the command line."""
    trunkline(prog_name="trunkline")


if __name__ == "__main__":
    main()
