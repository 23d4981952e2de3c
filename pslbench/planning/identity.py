"""What determines the results of a part: its version, its code, and the libraries that the code uses."""

import json
import os
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from pslbench.parts import Part
from pslbench.planning.reachable_code import distributions_of_module, reach_code
from pslbench.processor import has_gpu, multiplies_bfloat16
from pslbench.user_folders import expand_home

DEVICE_LIBRARIES = ("keras", "tensorflow", "jax", "torch")  # prefixes; their results depend on the device
NUMERICAL_LIBRARIES = {"numpy", "scipy", "scikit-learn"}


@lru_cache(maxsize=512)
def part_facts(part: Part) -> Mapping[str, str]:
    """Return what determines the results of a part besides its parameters: its version, its code and libraries."""
    label = f"{part.kind} {part.name}"
    facts = {f"version of {label}": part.version}
    if part.kind == "strategy":
        facts[f"registration of {label}"] = f"uses {part.uses}, all labels: {part.needs_all_labels}"
    if part.file is None:
        return facts
    code = reach_code(part)
    return {**facts, f"code of {label}": code.digest, **library_facts(*code.libraries)}


def library_facts(*libraries: str) -> dict[str, str]:
    """Return the versions of libraries, and the device if any of them computes on it.

    The backend of Keras is added, and NumPy, SciPy and scikit-learn if a library requires them.
    """
    used = {*libraries, *(needed for library in libraries for needed in _required(library) & NUMERICAL_LIBRARIES)}
    if "keras" in used:
        used.update(distributions_of_module(keras_backend()) or [keras_backend()])
    facts = {f"library {library}": library_version(library) for library in sorted(used)}
    if any(name.startswith(DEVICE_LIBRARIES) for library in used for name in (library, *_required(library))):
        facts["device"] = "GPU" if has_gpu() else "bfloat16" if multiplies_bfloat16() else "float32"
    return facts


@cache
def _required(library: str) -> frozenset[str]:
    """Return the distributions that a library requires, without those of its extras."""
    try:
        texts = requires(library) or []
    except PackageNotFoundError:
        return frozenset()
    return frozenset(re.split(r"[^\w.-]", text)[0] for text in texts if "extra ==" not in text)


def keras_backend() -> str:
    """Return the backend that Keras will use: `KERAS_BACKEND`, else its configuration file, else TensorFlow."""
    if own := os.environ.get("KERAS_BACKEND"):
        return own
    home = Path(os.environ.get("KERAS_HOME") or expand_home("~/.keras"))
    try:
        return str(json.loads((home / "keras.json").read_text())["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


@cache
def library_version(library: str) -> str:
    """Return the version of an installed distribution, or `none`."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"
