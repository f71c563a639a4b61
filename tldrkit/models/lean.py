"""A T5 loaded without transformers, whose import takes longer than a summary: what packed writing needs.

Knows the names in T5's weights and configuration, and loads what tldrkit saves; what it does not know it
leaves to ``load_summarizer``. Computes nothing but the position bias.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from tldrkit.models.dendritic_linear import DendriticLinear
from tldrkit.models.packed.generation import PLAIN_DEFAULTS
from tldrkit.tensors import read_tensors

_ACTS = {"relu": nn.ReLU(), "gelu": nn.GELU(), "gelu_new": nn.GELU(approximate="tanh")}
_GROWN = ("dendrite_weight", "dendrite_to_output")
_LINEARS = {"q", "k", "v", "o", "wi", "wi_0", "wi_1", "wo", "in_proj", "out_proj", "lm_head"}


class LeanTokenizer:
    """A tokenizer as its ``tokenizer.json`` has it, called as transformers' are.

    Args:
        tokenizer: What it wraps.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def __call__(
        self,
        texts: Sequence[str],
        *,
        truncation: bool = False,
        max_length: int | None = None,
        add_special_tokens: bool = True,
        verbose: bool = True,  # noqa: ARG002  (as transformers' take it)
    ) -> dict[str, list[list[int]]]:
        """Tokenize texts."""
        self._tokenizer.no_truncation()
        if truncation and max_length:
            self._tokenizer.enable_truncation(max_length)
        rows = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=add_special_tokens)
        return {"input_ids": [row.ids for row in rows]}

    def batch_decode(self, rows: Sequence[Sequence[int]], *, skip_special_tokens: bool = False) -> list[str]:
        """Turn piece ids into texts."""
        texts: list[str] = self._tokenizer.decode_batch(rows, skip_special_tokens=skip_special_tokens)
        return texts


class LeanT5(nn.Module):
    """The modules of a T5 by transformers' names; it has no forward pass.

    Args:
        config: Its configuration.
        defaults: Its generation defaults.
    """

    def __init__(self, config: SimpleNamespace, defaults: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = config
        self.model_dim = config.d_model
        unset = dict.fromkeys(("eos_token_id", "length_penalty", "early_stopping", "forced_eos_token_id"))
        self.generation_config = SimpleNamespace(**{**unset, **defaults}, to_diff_dict=lambda: dict(defaults))


class _Attention(nn.Module):
    """One attention's weights and sizes."""

    def __init__(self, config: SimpleNamespace, *, causal: bool) -> None:
        super().__init__()
        self.n_heads, self.key_value_proj_dim, self.is_causal = config.num_heads, config.d_kv, causal
        self._reach = config.relative_attention_max_distance

    def compute_bias(self, queries: int, keys: int) -> Tensor:
        """Compute the bias of every place towards the others.

        A distance has a bucket of its own while it is short; longer ones share buckets on a logarithmic scale
        (Raffel et al. 2020, "Exploring the Limits of Transfer Learning", 2.1).

        Shape:
            result: (1, heads, queries, keys).
        """
        learned: Any = self.relative_attention_bias
        weight: Tensor = learned.weight
        buckets = len(weight)
        distance = torch.arange(keys)[None] - torch.arange(queries)[:, None]
        if self.is_causal:
            offset, distance = torch.zeros_like(distance), (-distance).clamp_(min=0)
        else:
            buckets //= 2
            offset, distance = (distance > 0).long() * buckets, distance.abs()
        exact = buckets // 2
        share = (distance.float() / exact).clamp_(min=1).log_() / math.log(self._reach / exact)
        shared = (exact + (share * (buckets - exact)).long()).clamp_(max=buckets - 1)
        return weight[offset + torch.where(distance < exact, distance, shared)].permute(2, 0, 1)[None]


@dataclass(frozen=True)
class LeanSummarizer:
    """A network and the tokenizer that belongs to it."""

    network: LeanT5
    tokenizer: LeanTokenizer
    folder: Path


def load_lean(folder: Path) -> LeanSummarizer | None:
    """Load a T5 for packed writing, float32.

    Returns:
        None where the folder holds anything that is not known here, or is damaged: ``load_summarizer`` may
        know it, or says what is wrong.
    """
    try:
        config, defaults, told = (
            json.loads((folder / name).read_text(encoding="utf-8"))
            for name in ("config.json", "generation_config.json", "tokenizer_config.json")
        )
        if not (_knows_network(config) and set(defaults) <= PLAIN_DEFAULTS and _knows_tokenizer(told)):
            return None
        network = _build(SimpleNamespace(**config), defaults, read_tensors(folder / "model.safetensors"))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception:  # whatever a broken file makes these libraries raise
        return None
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = told.get("split_special_tokens", False)
    return LeanSummarizer(network.eval(), LeanTokenizer(tokenizer), folder)


def _knows_network(config: Mapping[str, Any]) -> bool:
    told = {"scale_decoder_outputs", "decoder_start_token_id"} <= set(config)
    return told and config["model_type"] in ("t5", "tldr_t5") and config["dense_act_fn"] in _ACTS


def _knows_tokenizer(told: Mapping[str, Any]) -> bool:
    return told["tokenizer_class"] == "TokenizersBackend" and told["clean_up_tokenization_spaces"] is False


def _build(config: SimpleNamespace, defaults: Mapping[str, Any], tensors: dict[str, Tensor]) -> LeanT5:
    """Build the modules that hold these tensors.

    Raises:
        ValueError: They are not what the configuration says.
    """
    network: Any = LeanT5(config, defaults)
    if set(tensors) != _name_tensors(config):
        raise ValueError("the weights are not those of config.json")
    owners: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        path, _, parameter = name.rpartition(".")
        owners.setdefault(path, {})[parameter] = tensor.float()
    for path in sorted(owners, key=_order):
        place, _, name = path.rpartition(".")
        _reach(network, place).add_module(name, _build_part(name, owners[path], config))
    if config.tie_word_embeddings:
        network.lm_head = nn.Linear(1, 1, bias=False, device="meta")
        network.lm_head.weight = network.shared.weight
    inner = network.encoder.block[0].layer[0].SelfAttention.q.weight.shape[0]
    if network.shared.weight.shape != (config.vocab_size, config.d_model) or inner != (
        config.num_heads * config.d_kv
    ):
        raise ValueError("the weights have other sizes than config.json says")
    for side in ("encoder", "decoder"):
        stack = getattr(network, side)
        stack.is_decoder = side == "decoder"
        stack.embed_tokens = network.shared
    built: LeanT5 = network
    return built


def _order(path: str) -> list[tuple[int, str]]:
    """Order paths by their numbers: modules are gone through as they were added, and layer 10 follows 9."""
    return [(int(name) if name.isdigit() else -1, name) for name in path.split(".")]


def _reach(network: LeanT5, path: str) -> nn.Module:
    """Find the module at a path; what is missing on the way is made."""
    module: Any = network
    for name in path.split(".") if path else ():
        if not hasattr(module, name):
            module.add_module(name, _build_holder(name, path, network.config))
        module = getattr(module, name)
    found: nn.Module = module
    return found


def _build_holder(name: str, path: str, config: SimpleNamespace) -> nn.Module:
    if name in ("block", "layer"):
        return nn.ModuleList()
    if name in ("SelfAttention", "EncDecAttention"):
        return _Attention(config, causal=name == "SelfAttention" and path.startswith("decoder"))
    holder = nn.Module()
    if name == "DenseReluDense":
        holder.act = _ACTS[config.dense_act_fn]
    return holder


def _build_part(name: str, own: dict[str, Tensor], config: SimpleNamespace) -> nn.Module:
    """Build a module that holds weights: a linear layer, plain or grown, an embedding or a norm."""
    part: Any
    if name in _LINEARS:
        outs, ins = own["weight"].shape
        if _GROWN[0] in own:
            grown = len(own[_GROWN[0]])
            part = DendriticLinear(ins, outs, grown, config.dendrite_activation, bias=False, device="meta")
        else:
            part = nn.Linear(ins, outs, bias=False, device="meta")
    else:
        part = nn.Module()
        part.register_parameter("weight", nn.Parameter(torch.empty(own["weight"].shape, device="meta")))
        part.variance_epsilon = config.layer_norm_epsilon
    part.load_state_dict(own, strict=True, assign=True)
    built: nn.Module = part
    return built


def _name_tensors(config: SimpleNamespace) -> set[str]:
    """Name the tensors of a network."""
    feed = ("wi_0", "wi_1", "wo") if config.feed_forward_proj.startswith("gated-") else ("wi", "wo")
    parts = {"SelfAttention": "qkvo", "EncDecAttention": "qkvo", "DenseReluDense": feed}
    paths = {"shared"} if config.tie_word_embeddings else {"shared", "lm_head"}
    for side, layers in (("encoder", config.num_layers), ("decoder", config.num_decoder_layers)):
        own = [part for part in parts if side == "decoder" or part != "EncDecAttention"]
        for block in (f"{side}.block.{layer}.layer" for layer in range(layers)):
            for place, part in enumerate(own):
                paths |= {f"{block}.{place}.{part}.{name}" for name in parts[part]}
                paths.add(f"{block}.{place}.layer_norm")
        paths |= {f"{side}.final_layer_norm", f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias"}
    if getattr(config, "dec_d_model", None) not in (None, config.d_model):
        paths |= {"decoder.in_proj", "decoder.out_proj"}
    names = {f"{path}.weight" for path in paths}
    for path, dendrites in (getattr(config, "growth", None) or {}).items():
        links = ("dendrite_links",) if dendrites > 1 else ()
        names |= {f"{path}.{name}" for name in (*_GROWN, *links)}
    return names
