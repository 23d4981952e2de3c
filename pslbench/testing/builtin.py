"""How the built-in parts are checked: values that make them fast, known failures and skips."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pslbench.parts import Kind, Part, Value

KERAS = {"global_random_state": "Keras draws initial weights and dropout from global streams, seeded at every call"}
COMPILES = "every value compiles the network again, which takes seconds; other tests cover the values"
FIXED_EPOCHS = "the time depends on the number of epochs or steps, not on the pool"


@dataclass(frozen=True)
class CheckSettings:
    """The arguments of `check` for one part."""

    values: Mapping[str, Value] = field(default_factory=dict)
    known_failures: Mapping[str, str] = field(default_factory=dict)
    skips: Mapping[str, str] = field(default_factory=dict)


NETWORK_SKIPS = {"admitted_values": COMPILES, "time": FIXED_EPOCHS}
BUILTIN_SETTINGS: dict[tuple[Kind, str], CheckSettings] = {
    ("embedder", "autoencoder"): CheckSettings({"epochs": 1}, KERAS),
    ("clusterer", "birch"): CheckSettings(
        known_failures={"sample_order": "the tree depends on the order of the samples (Zhang et al. 1996)"}
    ),
    ("trainer", "cnn"): CheckSettings({"epochs": 1, "min_steps": 1, "batch_size": 32}, KERAS, NETWORK_SKIPS),
    ("trainer", "fixmatch"): CheckSettings({"steps": 1, "mu": 1}, KERAS, NETWORK_SKIPS),
    ("trainer", "freematch"): CheckSettings({"steps": 1, "mu": 1}, KERAS, NETWORK_SKIPS),
}


def settings_of(part: Part) -> CheckSettings:
    """Return the settings of a built-in part; empty settings for any other part."""
    is_builtin = part.function.__module__.startswith("pslbench.")
    return BUILTIN_SETTINGS.get((part.kind, part.name), CheckSettings()) if is_builtin else CheckSettings()
