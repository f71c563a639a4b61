import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.cli.arguments import normalize_arguments


@pytest.mark.parametrize(
    ("given_form", "normal_form"),
    [
        (["--max_steps", "5"], ["--max-steps", "5"]),
        (["--max_steps=5"], ["--max-steps=5"]),
        (["--N_EPOCHS_TO_SWITCH=5"], ["--n-epochs-to-switch=5"]),
        (["--do_pb", "true"], ["--do-pb"]),
        (["--do-pb", "False"], ["--no-do-pb"]),
        (["--do_pb=True"], ["--do-pb"]),
        (["--do-pb"], ["--do-pb"]),
        (["--as", "b_x/train"], ["--as", "b_x/train"]),
        (["my_file", "-h"], ["my_file", "-h"]),
        (["--", "--max_steps"], ["--", "--max_steps"]),
    ],
)
def test_every_spelling_is_understood(given_form: list[str], normal_form: list[str]) -> None:
    """Underscores, capitals and spelled-out booleans become what --help shows; values are kept."""
    assert normalize_arguments(given_form) == normal_form


@given(st.lists(st.sampled_from(["--a_b", "--c", "x", "y_z", "-h", "--d=1", "Truely"]), max_size=8))
def test_values_keep_their_order(arguments: list[str]) -> None:
    """Whatever is no option name and no boolean stays as it is, in its place."""
    values = [argument for argument in arguments if not argument.startswith("--")]

    assert [a for a in normalize_arguments(arguments) if not a.startswith("--")] == values
