"""A part with values for its parameters: reading, writing, and values that are equal."""

import pytest

from pslbench import strategy
from pslbench.errors import InputError
from pslbench.parts import configure, parse_configs


@strategy("mine", uses="x")
def mine(pool, *, alpha: float = 1, path: str = "", count: int | None = None):
    """Label nothing."""


def test_an_integer_default_of_a_float_is_the_same_value_as_the_float():
    (default,) = parse_configs(mine, "mine")
    (explicit,) = parse_configs(mine, "mine", "alpha=1")
    assert default == explicit
    assert default.text == "mine"
    assert dict(default.values)["alpha"] == 1.0
    assert isinstance(dict(default.values)["alpha"], float)


@pytest.mark.parametrize("path", ["a,b.npz", "a|b.npz", 'a"b.npz', "a b.npz", "a=b.npz", '"', ",", "plain.npz"])
def test_a_value_with_separators_survives_writing_and_reading(path):
    written = configure(mine, "mine", path=path)
    name, _, parameters = written.text.partition(":")
    assert list(parse_configs(mine, name, parameters)) == [written]
    assert dict(written.values)["path"] == path


def test_quotes_protect_a_separator_and_a_bar_outside_them_spans_a_grid():
    texts = [config.text for config in parse_configs(mine, "mine", 'path="a|b",count=1|2')]
    assert texts == ['mine:path="a|b",count=1', 'mine:path="a|b",count=2']


@pytest.mark.parametrize("text", ["alpha=x", "alpha", "alpha=1,alpha=2", "alhpa=1"])
def test_wrong_parameters_are_refused(text):
    with pytest.raises(InputError):
        list(parse_configs(mine, "mine", text))


def test_a_lambda_is_no_part():
    with pytest.raises(TypeError, match=r"must be a function that is written with def.* cover a lambda"):
        strategy("short")(lambda pool: 1)
