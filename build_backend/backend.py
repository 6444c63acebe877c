"""The build backend: scikit-build-core, with a C++ compiler from a package where the machine has none.

Zig's package holds a whole C++ compiler and its standard library. It is fetched only where `CXX` is not set and no
compiler is on the PATH.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from scikit_build_core import build

build_sdist = build.build_sdist
get_requires_for_build_sdist = build.get_requires_for_build_sdist
prepare_metadata_for_build_editable = build.prepare_metadata_for_build_editable
prepare_metadata_for_build_wheel = build.prepare_metadata_for_build_wheel

_COMPILERS = ("c++", "g++", "clang++")


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    """What a wheel's build needs."""
    return [*build.get_requires_for_build_wheel(config_settings), *_compiler_package()]


def get_requires_for_build_editable(config_settings: dict[str, Any] | None = None) -> list[str]:
    """What an editable install's build needs."""
    return [*build.get_requires_for_build_editable(config_settings), *_compiler_package()]


def build_wheel(*args: Any, **kwargs: Any) -> str:
    """Build a wheel."""
    _use_package()
    return build.build_wheel(*args, **kwargs)


def build_editable(*args: Any, **kwargs: Any) -> str:
    """Build what an editable install needs."""
    _use_package()
    return build.build_editable(*args, **kwargs)


def _has_compiler() -> bool:
    return "CXX" in os.environ or any(map(shutil.which, _COMPILERS))


def _compiler_package() -> list[str]:
    return [] if _has_compiler() else ["ziglang"]


def _use_package() -> None:
    """Name Zig's compiler to CMake, which would not look for it."""
    if not _has_compiler():
        import ziglang

        os.environ["CXX"] = f"{Path(ziglang.__file__).parent / 'zig'} c++"
