"""What changes the keys of rows, and what does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pslbench.errors import InputError
from pslbench.planning.grid import Grid
from pslbench.planning.identity import library_facts, part_facts
from pslbench.planning.plan import make_plan
from pslbench.plugins.discovery import discover

PLUGIN = '''"""A plugin."""
from __future__ import annotations

from dataclasses import dataclass
from functools import wraps

import numpy as np
from pslbench import Pool, PseudoLabels, hookimpl, strategy

SHARE = 0.5
UNUSED = 1


@dataclass
class Scale:
    """A factor."""
    factor: int = 2

    def times(self, value: int) -> int:
        """Multiply."""
        return self.factor * value


def helper(count: int) -> int:
    """Halve."""
    # a comment
    half: int = count // 2
    return max(1, half)


def first_samples(pool: Pool) -> np.ndarray:
    return np.arange(helper(pool.budget))


@strategy("one", uses="x", reference="A paper")
def one(pool: Pool, *, offset: int = 0) -> PseudoLabels:
    """Label the first samples.

    Args:
        offset: nothing.
    """
    import math

    chosen = first_samples(pool) + offset + Scale().times(math.floor(SHARE))
    return PseudoLabels(chosen, pool.label(chosen))


@strategy("two", uses="x")
def two(pool: Pool) -> PseudoLabels:
    """Label some samples."""
    chosen = np.arange(pool.budget)
    return PseudoLabels(chosen, pool.label(chosen))


@hookimpl
def pslbench_register():
    yield one
    yield two
'''


def digests(folder: Path, source: str, *names: str) -> list[str]:
    file = folder / "mine.py"
    file.write_text(source)
    strategies = discover([str(file)]).parts("strategy")
    return [part_facts(strategies[name])[f"code of strategy {name}"] for name in names or ("one", "two")]


def changes_key(folder: Path, source: str, old: str, new: str) -> bool:
    """Whether a change of a plugin's source changes the code digest of its strategy `one`."""
    assert old in source
    header = "from pslbench import hookimpl, strategy\n"
    footer = "\n@hookimpl\ndef pslbench_register():\n    yield one\n"
    before, after = (digests(folder, header + text + footer, "one") for text in (source, source.replace(old, new)))
    return before != after


def returning(expression: str) -> str:
    return f"""
@strategy("one", uses="x")
def one(pool):
    '''Label some samples.'''
    return {expression}
"""


HARMLESS = {
    "docstring": ('"""Halve."""', '"""Divide by two, rounded down."""'),
    "docstring of a part": ("Label the first samples.", "Label the samples that come first."),
    "docstring removed": ('    """Multiply."""\n', ""),
    "comment": ("    # a comment\n", "    # another comment, which is longer\n\n"),
    "annotation of a local variable": ("half: int = count", "half: float = count"),
    "annotation removed": ("half: int = count", "half = count"),
    "annotation of an argument": ("def helper(count: int) -> int:", "def helper(count) -> 'int | None':"),
    "format": ("return max(1, half)", "return max(\n        1,\n        half,\n    )"),
    "quotes and line ends": ("SHARE = 0.5\nUNUSED = 1", "SHARE = .5\n\n\nUNUSED = 1"),
    "order of imports": (
        "from dataclasses import dataclass\nfrom functools import wraps",
        "from dataclasses import dataclass",
    ),
    "place of an import": ("    import math\n\n", ""),
    "reference of a part": ('reference="A paper"', 'reference="Another paper"'),
    "an unused constant": ("UNUSED = 1", "UNUSED = 2"),
    "code for type checkers": (
        "SHARE = 0.5",
        "SHARE = 0.5\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import os",
    ),
}


@pytest.mark.parametrize("change", HARMLESS)
def test_wording_and_format_keep_every_key(change, tmp_path):
    old, new = HARMLESS[change]
    changed = PLUGIN.replace(old, new)
    assert changed != PLUGIN
    if change == "place of an import":
        changed = changed.replace("import numpy as np", "import math\nimport numpy as np")
    assert digests(tmp_path, changed) == digests(tmp_path, PLUGIN)


HARMFUL = {
    "constant": ("SHARE = 0.5", "SHARE = 1.5"),
    "operator": ("count // 2", "count % 2"),
    "number in a helper": ("max(1, half)", "max(2, half)"),
    "default of a parameter": ("offset: int = 0", "offset: int = 1"),
    "field of a dataclass": ("factor: int = 2", "factor: int = 3"),
    "method": ("self.factor * value", "self.factor + value"),
    "statement": ("    half: int = count // 2\n", "    half: int = count // 2\n    half += 1\n"),
    "library function": ("math.floor(SHARE)", "math.ceil(SHARE)"),
    "other library": ("import math\n", "import cmath as math\n"),
    "two names swapped": ("first_samples(pool) + offset", "offset + first_samples(pool)"),
    "call at import": ("UNUSED = 1", "UNUSED = 1\nnp.seterr(all='ignore')"),
}


@pytest.mark.parametrize("change", HARMFUL)
def test_code_that_a_part_reaches_changes_its_key_alone(change, tmp_path):
    old, new = HARMFUL[change]
    changed = PLUGIN.replace(old, new)
    assert changed != PLUGIN
    before, after = digests(tmp_path, PLUGIN), digests(tmp_path, changed)
    assert before[0] != after[0]
    assert (before[1] == after[1]) == (change != "call at import")


def test_a_helper_in_another_file_of_a_plugin_counts(tmp_path):
    (tmp_path / "beside.py").write_text("def helper(count):\n    return count // 2\n\ndef unused():\n    return 1\n")
    source = PLUGIN.replace("def helper(count: int)", "def replaced(count: int)").replace(
        "import numpy as np",
        "import sys\nsys.path.insert(0, __file__.rpartition('/')[0])\nfrom beside import helper\nimport numpy as np",
        1,
    )
    before = digests(tmp_path, source)
    other = tmp_path / "other"
    other.mkdir()
    (other / "beside.py").write_text("def helper(count):\n    return count // 3\n\ndef unused():\n    return 1\n")
    assert digests(other, source)[0] != before[0]
    assert digests(other, source)[1] == before[1]
    same = tmp_path / "same"
    same.mkdir()
    (same / "beside.py").write_text(
        "def helper(count):\n    '''Halve.'''\n    return count // 2\n\ndef unused():\n    return 2\n"
    )
    assert digests(same, source) == before


def test_values_that_a_factory_closes_over_count(tmp_path):
    factory = '''from pslbench import PseudoLabels, hookimpl, strategy

def make(name, count):
    def label(pool):
        """Label some samples."""
        return PseudoLabels(range(count), pool.label(range(count)))
    return strategy(name, uses="x")(label)

@hookimpl
def pslbench_register():
    yield make("one", 3)
    yield make("two", 4)
'''
    one, two = digests(tmp_path, factory)
    assert one != two
    assert digests(tmp_path, factory.replace('"two", 4', '"two", 3')) == [one, one]


WRAPPED = f"""
from functools import wraps
def clip(function):
    @wraps(function)
    def inner(pool):
        return function(pool) * 2
    return inner
{returning("1").replace("def one", "@clip{}def one").format(chr(10))}"""


def test_a_decorator_of_a_part_counts(tmp_path):
    assert changes_key(tmp_path, WRAPPED, "* 2", "* 3")
    assert changes_key(tmp_path, WRAPPED, "@clip\n", "")
    assert not changes_key(tmp_path, WRAPPED, 'uses="x"', 'uses="x", reference="A paper"')


CLOSURE = """
from functools import partial
import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
def helper(x, k): return k + 7
class Local:
    factor = 7
def make(name, score):
    def visit(n):
        return visit(n - 1) if n else 0
    @strategy(name, uses="x")
    def one(pool):
        'Label some samples.'
        return score(pool) + visit(3)
    return one
one = make("one", VALUE)
"""


@pytest.mark.parametrize(
    ("value", "old", "new"),
    [
        ("(1, 2)", "(1, 2)", "(1, 3)"),
        ("{'a': [1]}", "[1]", "[2]"),
        ("KMeans", '"one", KMeans', '"one", MiniBatchKMeans'),
        ("np.max", "np.max", "np.min"),
        ("np.add", "np.add", "np.subtract"),
        ("len", "len)", "sum)"),
        ("np", '"one", np', '"one", np.linalg'),
        ("partial(helper, k=1)", "k=1", "k=2"),
        ("partial(helper, k=1)", "k + 7", "k + 8"),
        ("Local", "factor = 7", "factor = 8"),
        ("lambda d: helper(d, 1)", "helper(d, 1)", "helper(d, 2)"),
        ("lambda d: helper(d, 1)", "k + 7", "k + 8"),
        ("lambda d, k=5: k", "k=5", "k=6"),
        ("1", "else 0", "else 1"),
    ],
)
def test_every_kind_of_value_that_a_part_closes_over_counts(value, old, new, tmp_path):
    source = CLOSURE.replace("VALUE", value)
    assert changes_key(tmp_path, source, old, new)
    assert not changes_key(tmp_path, source, "def make(", "\n# a comment\ndef make(")


@pytest.mark.parametrize(
    "helper",
    [
        "@cache\n    def choose(n): return k + n",
        "def choose(n): return 1\n    choose.k = k",
    ],
)
def test_what_a_factory_made_counts(helper, tmp_path):
    source = f"""from functools import cache
from pslbench import PseudoLabels, hookimpl, strategy

def make(name, k):
    {helper}
    @strategy(name, uses="x")
    def label(pool):
        'Label some samples.'
        return choose(1)
    return label

@hookimpl
def pslbench_register():
    yield make("one", 3)
    yield make("two", 4)
"""
    one, two = digests(tmp_path, source)
    assert one != two


@pytest.mark.parametrize("helper", ["class choose: factor = k", "choose = type('S', (), {'factor': k})"])
def test_what_a_factory_made_and_cannot_be_followed_is_refused(helper, tmp_path):
    source = CLOSURE.replace("VALUE", "3").replace(
        "    def visit(n):", f"    k = score\n    {helper}\n    def visit(n):"
    )
    with pytest.raises(InputError, match="of the function that made it"):
        changes_key(tmp_path, source.replace("visit(3)", "visit(3) + choose.factor"), "else 0", "else 1")


def test_the_order_of_imports_keeps_the_key(tmp_path):
    source = "import scipy.sparse\nimport scipy.linalg\n" + returning("scipy.linalg.norm(1), scipy.sparse.eye(2)")
    assert not changes_key(tmp_path, source, "scipy.sparse\nimport scipy.linalg", "scipy.linalg\nimport scipy.sparse")


def test_the_digest_is_the_same_for_all_versions_of_python(tmp_path):
    source = "from pslbench import hookimpl, strategy\n" + returning("[x for x in range(2)]")
    footer = "\n@hookimpl\ndef pslbench_register():\n    yield one\n"
    assert digests(tmp_path, source + footer, "one") == ["58c3bb8b9a0b1823787b"]


def test_a_module_that_cannot_be_parsed_counts_as_a_whole(tmp_path):
    (tmp_path / "old_helper.py").write_text("print 'Python 2'\n")
    source = "import sys\nsys.path.insert(0, __file__.rpartition('/')[0])\n"
    source += "try:\n    from old_helper import f\nexcept Exception:\n    f = None\n" + returning("f")
    assert not changes_key(tmp_path, source, "def one", "# a comment\ndef one")


def test_a_value_without_an_identity_is_refused(tmp_path):
    with pytest.raises(InputError, match="uses a Generator of the function that made it"):
        changes_key(tmp_path, CLOSURE.replace("VALUE", "np.random.default_rng(0)"), "else 0", "else 1")


EFFECTS = {
    "loop": ("TABLE = []\nfor i in range(3):\n    TABLE.append(i)\n", "TABLE", "range(3)", "range(5)"),
    "assigned call": ("TABLE = []\n_ = TABLE.append(5)\n", "TABLE", "5", "6"),
    "function in an assigned call": ("T = {}\ndef fill(): T[0] = 5\n_ = fill()\n", "T", "5", "6"),
    "with": (
        "import contextlib\nT = []\nwith contextlib.suppress(Exception) as c:\n    T.append(5)\n",
        "T",
        "5",
        "6",
    ),
    "registry": (
        "TABLE = {}\ndef register(f):\n    TABLE[1] = f\n    return f\n@register\ndef first(): return 7\n",
        "TABLE[1]()",
        "7",
        "8",
    ),
    "else of TYPE_CHECKING": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    X = int\nelse:\n    X = 5\n",
        "X",
        "5",
        "6",
    ),
    "not TYPE_CHECKING": ("from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    X = 5\n", "X", "5", "6"),
    "not typing.TYPE_CHECKING": ("import typing\nif not typing.TYPE_CHECKING:\n    X = 5\n", "X", "5", "6"),
    "no script": ("if __name__ != '__main__':\n    X = 5\n", "X", "5", "6"),
    "annotation first": ("X: float\nX = 5\n", "X", "5", "6"),
    "swap in a condition": (
        "import sys\nif sys.platform:\n    A = 1\n    B = 2\n",
        "A",
        "A = 1\n    B = 2",
        "B = 1\n    A = 2",
    ),
    "first iterable": ("DATA = [1, 2]\n", "[DATA for DATA in DATA]", "[1, 2]", "[1, 3]"),
    "class variable": (
        "from dataclasses import dataclass\nfrom typing import ClassVar\n@dataclass\nclass C:\n    a: int = 1\n",
        "C()",
        "a: int",
        "a: ClassVar[int]",
    ),
    "subclass that registers itself": (
        "T = []\nclass Base:\n    def __init_subclass__(cls): T.append(cls.factor)\nclass Sub(Base):\n    factor = 5\n",
        "T",
        "factor = 5",
        "factor = 6",
    ),
    "global statement": ("def fill():\n    global T\n    T = 5\n", "T", "5", "6"),
    "order of two assignments": ("T = 5\nT = 6\n", "T", "T = 5\nT = 6", "T = 6\nT = 5"),
    "order of an assignment and a call": (
        "T = [5]\nprint(T)\nT = [6]\n",
        "T",
        "print(T)\nT = [6]",
        "T = [6]\nprint(T)",
    ),
    "order of two imports with a fallback": (
        "try:\n    from json import loads\nexcept ImportError:\n    from pickle import loads\n",
        "loads",
        "json import loads\nexcept ImportError:\n    from pickle",
        "pickle import loads\nexcept ImportError:\n    from json",
    ),
    "two local imports of one name": (
        "def a():\n    from json import load\n    return load\n\ndef b():\n    from csv import load\n    return load\n",
        "(a, b)",
        "def a():\n    from json import load\n    return load\n\ndef b():\n    from csv",
        "def a():\n    from csv import load\n    return load\n\ndef b():\n    from json",
    ),
    "constant of the same name": ("LIMIT = 5\nclass C:\n    LIMIT = LIMIT\n", "C.LIMIT", "= 5", "= 6"),
}


@pytest.mark.parametrize("change", EFFECTS)
def test_code_that_runs_at_import_counts(change, tmp_path):
    statements, expression, old, new = EFFECTS[change]
    assert changes_key(tmp_path, statements + returning(expression), old, new)


def test_an_annotation_without_a_value_does_not_count(tmp_path):
    assert not changes_key(tmp_path, "X: float\nX = 5\n" + returning("X"), "X: float\n", "")


PACKAGES = {
    "star": {"mine.py": "from core import *", "core.py": "def f(): return 1"},
    "star of a star": {"mine.py": "from mid import f", "mid.py": "from core import *", "core.py": "def f(): return 1"},
    "imported again": {"mine.py": "from mid import f", "mid.py": "from core import f", "core.py": "def f(): return 1"},
    "dynamic": {
        "mine.py": "import core\ndef f(): return core.f()",
        "core.py": "def __getattr__(name):\n    return {'f': lambda: 1}[name]",
    },
    "parent of a package": {
        "mine.py": "from pkg.sub import f",
        "pkg/__init__.py": "",
        "pkg/other.py": "def g(): return 1",
        "pkg/sub/__init__.py": "def f():\n    from ..other import g\n    return g()",
    },
    "fallback in a package": {
        "mine.py": "from pkg.sub import f",
        "pkg/__init__.py": "",
        "pkg/sub/other.py": "def g(): return 1",
        "pkg/sub/__init__.py": "try:\n    from .other import g\nexcept ImportError:\n    g = None\ndef f(): return g()",
    },
    "attribute of a module": {"mine.py": "import core\ndef f(): return core.f()", "core.py": "def f(): return 1"},
    "module of a package": {
        "mine.py": "import pkg.core\ndef f(): return pkg.core.f()",
        "pkg/__init__.py": "",
        "pkg/core.py": "def f(): return 1",
    },
    "same distribution": {
        "mine.py": "from core import f",
        "core.py": "def f(): return 1",
        "both-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: both\nVersion: 1.0\n",
        "both-1.0.dist-info/top_level.txt": "mine\ncore\n",
    },
}


@pytest.mark.parametrize("layout", PACKAGES)
def test_code_of_other_files_counts(layout, tmp_path):
    found = []
    for result in ("1", "2"):
        folder = tmp_path / result
        for name, text in PACKAGES[layout].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text.replace("1", result) if "dist-info" not in name else text)
        (folder / "mine.py").write_text(
            "from pslbench import strategy\n" + PACKAGES[layout]["mine.py"] + returning("f()")
        )
        script = "import mine; from pslbench.planning.identity import part_facts as f; print(f(mine.one))"
        path = os.pathsep.join([str(folder), *sys.path])
        command = [sys.executable, "-c", script]
        found.append(subprocess.check_output(command, env={**os.environ, "PYTHONPATH": path}))
    assert found[0] != found[1]


@pytest.mark.parametrize("indent", ["", "    "])
def test_an_import_with_a_fallback_counts(indent, tmp_path):
    fallback = "try:\n    import json as codec\nexcept ImportError:\n    codec = None\n"
    shifted = "".join(f"{indent}{line}\n" for line in fallback.splitlines())
    anchor = "SHARE = 0.5\n" if not indent else "    import math\n"
    source = PLUGIN.replace(anchor, anchor + shifted).replace("math.floor(SHARE)", "math.floor(SHARE) + bool(codec)")
    other = source.replace("import json", "import csv")
    assert digests(tmp_path, source)[0] != digests(tmp_path, other)[0]
    assert digests(tmp_path, source)[0] != digests(tmp_path, source.replace("codec = None", "codec = 1"))[0]


def test_keys_follow_the_part_that_changed(tmp_path):
    """A change in one strategy changes the keys of its rows, and no key of the other."""

    def keys(source: str) -> dict[str, str]:
        file = tmp_path / "mine.py"
        file.write_text(source)
        catalog = discover([str(file)])
        parts = {kind: catalog.parse(kind, name) for kind, name in (("dataset", "digits"), ("embedder", "pixels"))}
        parts |= {kind: catalog.parse(kind, name) for kind, name in (("clusterer", "kmeans"), ("trainer", "logreg"))}
        strategies = [*catalog.parse("strategy", "one"), *catalog.parse("strategy", "two")]
        grid = Grid(parts["dataset"], parts["embedder"], parts["clusterer"], strategies, parts["trainer"], [40], [0])
        return {cell.strategy.name: cell.key for cell in make_plan(catalog, grid, catalog.call).cells}

    before, after = keys(PLUGIN), keys(PLUGIN.replace("count // 2", "count // 3"))
    assert before["one"] != after["one"]
    assert before["two"] == after["two"]


def test_built_in_parts_have_the_libraries_that_they_use():
    parts = discover().parts("trainer")
    assert {"library keras", "library tensorflow", "device"} <= part_facts(parts["cnn"]).keys()
    assert "library scikit-learn" in part_facts(parts["logreg"])
    assert "device" not in part_facts(parts["logreg"])


def test_the_code_of_a_part_is_followed_without_importing_what_it_needs():
    script = "import sys; from pslbench.plugins.discovery import discover; "
    script += "from pslbench.planning.identity import part_facts; "
    script += "part_facts(discover().parts('trainer')['cnn']); assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_device_counts_for_every_backend(monkeypatch):
    for library in ("torch", "jax", "tensorflow"):
        assert library_facts(library)["device"] in ("GPU", "bfloat16", "float32")
    on_cpu = library_facts("torch")
    monkeypatch.setattr("pslbench.planning.identity.has_gpu", lambda: True)
    assert library_facts("torch") != on_cpu
    assert "device" not in library_facts("numpy")


def test_a_distribution_that_is_not_installed_is_no_error():
    assert library_facts("no-such-distribution") == {"library no-such-distribution": "none"}
    assert "device" in library_facts("tensorflow-cpu")
