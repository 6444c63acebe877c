"""Parameter tables made on the spot."""

from backbeat.parameters import Parameter, Table


def table(**parameters: Parameter) -> type[Table]:
    """A table class with these parameters."""
    return type("Controls", (Table,), dict(parameters))
