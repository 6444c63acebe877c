"""The checker of annotations at run time; an int passes for a float, as it does for mypy."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
