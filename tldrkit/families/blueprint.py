"""What families of networks have in common, and where they differ: one value that everything is built from.

A file beside this one draws it for each family, `drawing.py` finds the family. Computes nothing, and needs
neither torch nor transformers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Config = Any  # of transformers, or a plain namespace: neither is typed


@dataclass(frozen=True)
class AttentionPaths:
    """Where an attention keeps its norm and its linear layers."""

    norm: str
    query: str
    key: str
    value: str
    out: str

    @property
    def linears(self) -> tuple[str, ...]:
        """Its linear layers."""
        return self.query, self.key, self.value, self.out


@dataclass(frozen=True)
class FeedForwardPaths:
    """Where a feed-forward keeps its norm and its linear layers; the first two with a gate.

    `block` is the module that holds all of it and adds its input, where there is one.
    """

    norm: str
    readers: tuple[str, ...]
    writer: str
    block: str | None = None


@dataclass(frozen=True)
class LayerPaths:
    """Where the parts of a layer are; `cross` is None in an encoder."""

    own: AttentionPaths
    cross: AttentionPaths | None
    feed: FeedForwardPaths

    @property
    def norms(self) -> Iterator[str]:
        """Its norms, in order."""
        yield from (part.norm for part in (self.own, self.cross, self.feed) if part)


@dataclass(frozen=True)
class SizeFields:
    """Fields of a configuration that say how large a side is."""

    layers: str
    heads: str
    feed_forward: str


@dataclass(frozen=True)
class DropoutFields:
    """Fields of a configuration that say how much drops out.

    Attributes:
        hidden: Of embeddings, and of what layers add to the hidden states.
        attention: Of the weights of attention.
        activation: Between the two products of a feed-forward.
    """

    hidden: str
    attention: str
    activation: str

    @property
    def names(self) -> tuple[str, str, str]:
        """All three; the same one may come more than once."""
        return self.hidden, self.attention, self.activation


@dataclass(frozen=True)
class Side:
    """The encoder or the decoder.

    Attributes:
        stack: Path of the list of its layers.
        fields: Fields of the configuration that say its sizes.
        layers: Paths of what its layers hold, input first.
        embeddings: Tensor of the token embeddings.
        width: Of the hidden states between layers.
        heads: Of an attention.
        head_width: Of one.
        feed_forward: Neurons of a feed-forward.
        bias: Relative position bias of each bucket and head; None without.
        positions: Embeddings of positions, of which the first `offset` are not used; None without.
        offset: See there.
        places: Positions that are used.
        sinusoidal: Whether positions are sines and cosines, which do not train (Vaswani et al. 2017, 3.5).
        first_norm: Before the first layer; None without.
        last_norm: Behind the last one; None without.
    """

    stack: str
    fields: SizeFields
    layers: tuple[LayerPaths, ...]
    embeddings: str
    width: int
    heads: int
    head_width: int
    feed_forward: int
    bias: str | None = None
    positions: str | None = None
    offset: int = 0
    places: int = 0
    sinusoidal: bool = False
    first_norm: str | None = None
    last_norm: str | None = None

    @property
    def norms(self) -> Iterator[str]:
        """All norms."""
        yield from (norm for norm in (self.first_norm, self.last_norm) if norm)
        for layer in self.layers:
            yield from layer.norms


@dataclass(frozen=True)
class Blueprint:
    """A network as everything that runs it, changes it or counts it needs to know it.

    Attributes:
        family: Its name as people write it.
        stock: Name of the class in transformers.
        ours: Name of our class, for networks with dendrites; None where there is none.
        encoder: The reading side.
        decoder: The writing side.
        embeddings: Tensor of the embeddings that both sides share, and the output too where it is tied.
        head: Path of the linear layer that gives logits.
        tied: Whether that multiplies with the embeddings.
        vocabulary: Tokens it knows.
        start: Token before the first one of a summary; None where only generation defaults say it.
        wraps: Whether targets are learned behind their own last token, and not behind `start`.
        activation: Of feed-forwards; one of ``LOOP_ACTIVATIONS`` where the loops are compiled.
        norm: Whether norms subtract the mean and have a bias (layer; Ba et al. 2016), or scale to unit root
            mean square (rms; Zhang & Sennrich 2019).
        norm_first: Whether norms come before what they are of, and not behind the sum (Xiong et al. 2020).
        epsilon: Of norms.
        biased: Whether linear layers have biases.
        scaled: Whether scores of attention are divided by the root of the head width.
        dropout: Fields of its configuration that say what drops out.
        drops_last: Whether hidden states drop out behind the last norm, too.
        embedding_scale: What embeddings are multiplied by.
        output_scale: What the last hidden states are multiplied by.
        projections: Layers into a decoder of another width, and out of it; None without.
        logits_bias: Tensor that is added to logits; None without.
        buckets: Relative biases of a head.
        reach: Distance from which on they share a bucket.
    """

    family: str
    stock: str
    ours: str | None
    encoder: Side
    decoder: Side
    embeddings: str
    head: str
    tied: bool
    vocabulary: int
    start: int | None
    activation: str
    norm: Literal["layer", "rms"]
    norm_first: bool
    epsilon: float
    biased: bool
    scaled: bool
    dropout: DropoutFields
    wraps: bool = False
    drops_last: bool = False
    embedding_scale: float = 1.0
    output_scale: float = 1.0
    projections: tuple[str, str] | None = None
    logits_bias: str | None = None
    buckets: int = 0
    reach: int = 0

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both sides, the encoder first."""
        return self.encoder, self.decoder

    @property
    def gated(self) -> bool:
        """Whether feed-forwards have a gate."""
        return any(len(layer.feed.readers) == 2 for side in self.sides for layer in side.layers)
