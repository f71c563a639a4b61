"""The parameters of a linear layer and of its dendrites, whatever library holds them."""

from dataclasses import dataclass
from typing import Generic, TypeVar

AnyArray = TypeVar("AnyArray")


@dataclass(frozen=True)
class Cascade(Generic[AnyArray]):
    """The parameters of one linear layer and of its dendrites; see ``DendriticLinear`` for the function.

    Shape:
        weight and each of dendrites: (out, in).
        bias and each of dendrite_biases: (out,); None and empty where the layer has none.
        to_output: (dendrites, out); None without dendrites.
        links: for each dendrite but the first, (earlier dendrites, out).
    """

    weight: AnyArray
    dendrites: tuple[AnyArray, ...] = ()
    to_output: AnyArray | None = None
    links: tuple[AnyArray, ...] = ()
    activation: str = "sigmoid"
    bias: AnyArray | None = None
    dendrite_biases: tuple[AnyArray, ...] = ()
