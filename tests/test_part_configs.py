"""A part with values for its parameters: reading, writing, and values that are equal."""

import pytest

from pslbench import dataset, strategy
from pslbench.errors import InputError
from pslbench.parts import configure, parse_configs
from pslbench.parts.description import describe


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


@dataset("named", positional="name")
def named(*, test: float = 0.2, name: str, kind: str = "plain"):
    """Return nothing."""


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("a/b", "name=a/b"),
        ("a/b,test=0.3", "test=0.3,name=a/b"),
        ('"a,b"', 'name="a,b"'),
        ("a:b|c d", "name=a:b|c d"),
    ],
)
def test_the_name_of_the_positional_parameter_can_be_left_out(short, long):
    configs = list(parse_configs(named, "named", short))
    assert configs == list(parse_configs(named, "named", long))
    assert "|".join(config.text.removeprefix("named:") for config in configs) == short


@pytest.mark.parametrize("value", ["a", "a=b", "kind=x", '"a=b"', "", "a,b", "none", '"', "a=b,c|d"])
def test_a_positional_value_survives_writing_and_reading(value):
    written = configure(named, "named", name=value, test=0.5)
    assert list(parse_configs(named, "named", written.text.partition(":")[2])) == [written]
    assert dict(written.values)["name"] == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "write named:NAME"),
        ("", "empty parameter"),
        ("test=0.3", "write named:NAME"),
        ("a,b", "unknown parameter"),
        ("a,kind", "as kind=value"),
        ("a,name=b", "once"),
        ("knid=b", "did you mean 'kind'"),
    ],
)
def test_only_the_first_value_can_be_without_a_name(text, problem):
    with pytest.raises(InputError, match=problem):
        list(parse_configs(named, "named", text))


def test_the_positional_parameter_must_exist():
    with pytest.raises(TypeError, match="did you mean 'path'"):
        _ = strategy("mine", positional="paht")(mine.function).parameters


def test_the_description_shows_the_short_form():
    description = describe(named)
    assert description.example == "pslbench run --all --dataset named:NAME,test=0.2"
    assert [row[3] for row in description.parameters] == ["", "`named:NAME` for short.", ""]
