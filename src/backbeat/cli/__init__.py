"""The command line."""


def main() -> None:
    """Entry point, filled in by the commands."""
