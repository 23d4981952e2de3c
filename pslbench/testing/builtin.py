"""How the parts that come with pslbench are examined: values that make them quick, and what they are known to fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pslbench.parts import Kind, Part, Value

KERAS = {"global_random_state": "Keras draws first weights and dropout from global streams; it seeds them at each call"}
COMPILES = "each value compiles the network anew, which takes seconds; tests of its own go through them"
STEPS = "it takes as long as it is told epochs or steps"


@dataclass(frozen=True)
class Terms:
    """What `check` is told of a part beside the part itself."""

    values: Mapping[str, Value] = field(default_factory=dict)
    known_failures: Mapping[str, str] = field(default_factory=dict)
    skips: Mapping[str, str] = field(default_factory=dict)


TERMS: dict[tuple[Kind, str], Terms] = {
    ("embedder", "autoencoder"): Terms({"epochs": 1}, KERAS),
    ("clusterer", "birch"): Terms(
        known_failures={"sample_order": "its tree depends on the order in which samples come in, as the paper says"}
    ),
    ("trainer", "cnn"): Terms(
        {"epochs": 1, "min_steps": 1, "batch_size": 32}, KERAS, {"admitted_values": COMPILES, "time": STEPS}
    ),
    ("trainer", "fixmatch"): Terms({"steps": 1, "mu": 1}, KERAS, {"admitted_values": COMPILES, "time": STEPS}),
    ("trainer", "freematch"): Terms({"steps": 1, "mu": 1}, KERAS, {"admitted_values": COMPILES, "time": STEPS}),
}


def terms_of(part: Part) -> Terms:
    """The terms of a built-in part; of any other none."""
    own = part.function.__module__.startswith("pslbench.")
    return TERMS.get((part.kind, part.name), Terms()) if own else Terms()
