"""Tiles of every processor they are written for: run where this one can, and translated where it cannot."""

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from llvmlite import binding, ir

from tldrkit.dendrites.cascade import Cascade
from tldrkit.writing.compiled.kernels.target import TARGET, TARGETS, Target, find_target
from tldrkit.writing.compiled.kernels.tiles import emit_tile

HOST = frozenset(name for name, found in binding.get_host_cpu_features().items() if found)
BY_NAME = {target.name: target for target in TARGETS}
TRIPLES = {
    "neon": "aarch64-unknown-linux-gnu",
    "avx": "x86_64-unknown-linux-gnu",
    "plain": "x86_64-unknown-linux-gnu",
}
SHAPES = [
    (1, 8, 1),
    (1, 64, 33),
    (2, 72, 16),
    (5, 136, 40),
    (13, 64, 31),
    (24, 200, 97),
    (25, 130, 64),
    (49, 64, 32),
]


def translate(target: Target, kind: str, rows: int) -> str:
    """Translate a tile into a target's assembly, with LLVM's optimizations."""
    module = ir.Module()
    number, data = ir.IntType(64), ir.IntType(8).as_pointer()
    array = [data, ir.ArrayType(number, 3), ir.ArrayType(number, 3)]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), array * 6 + [number] * 5), "tile")
    builder = ir.IRBuilder(function.append_basic_block())
    given: list[Any] = [
        SimpleNamespace(
            **dict(zip(("data", "shape", "strides"), function.args[first : first + 3], strict=True))
        )
        for first in range(0, 18, 3)
    ]
    emit_tile(target, kind, builder, rows, [*given, *function.args[18:]])
    builder.ret_void()
    triple = next(triple for name, triple in TRIPLES.items() if target.name.startswith(name))
    features = ",".join(f"+{name}" for name in sorted(target.needs))
    machine = binding.Target.from_triple(triple).create_target_machine(opt=3, features=features)
    parsed = binding.parse_assembly(str(module))
    parsed.triple = triple
    parsed.verify()
    tuning = binding.create_pipeline_tuning_options(speed_level=3)
    passes = binding.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(parsed, passes)
    return str(machine.emit_assembly(parsed))


@pytest.fixture(scope="module", autouse=True)
def _all_targets() -> None:
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_floats_are_multiplied_in_whole_registers(target: Target) -> None:
    """Each row and register of outputs has one fused product, of the target's widest registers."""
    fused, register = {
        "neon": ("fmla", ".4s"), "avx5": ("vfmadd", "%zmm"), "avx2": ("vfmadd", "%ymm"),
        "avx-": ("vfmadd", "%ymm"), "plai": ("mulps", "%xmm"),
    }[target.name[:4]]  # fmt: skip
    lines = [line for line in translate(target, "float32", target.rows[0]).splitlines() if fused in line]

    assert len(lines) >= target.rows[0] * target.vectors
    assert all(register in line for line in lines)


@pytest.mark.parametrize("target", [t for t in TARGETS if t.dot], ids=[t.name for t in TARGETS if t.dot])
def test_8_bits_are_multiplied_by_the_instruction_named(target: Target) -> None:
    """Two instructions for each row and register of outputs: eight inputs."""
    text = translate(target, "int8", target.rounded_rows[0])

    assert text.count(target.dot) == 2 * target.rounded_rows[0] * target.vectors


def test_pairs_of_bfloat16_are_multiplied_by_their_instruction() -> None:
    """One for each row and register of outputs: two inputs. Other targets widen to floats."""
    for target in TARGETS:
        text = translate(target, "uint16", target.rows[0])
        assert text.count("vdpbf16ps") == target.pairs * target.rows[0] * target.vectors


@pytest.mark.parametrize("target", [t for t in TARGETS if t.dot], ids=[t.name for t in TARGETS if t.dot])
def test_keys_and_values_are_multiplied_by_the_same_instruction(target: Target) -> None:
    """One for each row and register of outputs: four inputs."""
    text = translate(target, "uint8", target.halved_rows[0])

    assert text.count(target.dot) == target.halved_rows[0] * target.vectors


def check(name: str) -> None:
    """Compare what this process multiplies with NumPy, for a target."""
    from tldrkit.writing.compiled.kernels.products import multiply
    from tldrkit.writing.compiled.stacking import stack

    assert name == TARGET.name, f"compiled for {TARGET.name}"
    generator = np.random.default_rng(0)
    for rows, ins, outs in SHAPES:
        weight = generator.standard_normal((outs, ins)).astype(np.float32)
        hidden = generator.standard_normal((rows, ins)).astype(np.float32)
        exact = hidden.astype(np.float64) @ weight.T.astype(np.float64)
        bound = 1e-6 * (np.abs(hidden) @ np.abs(weight.T))
        assert (np.abs(multiply(hidden, stack([Cascade(weight)], "fp32")) - exact) <= bound).all()
        cut = weight.copy()
        cut.view(np.uint32)[:] &= 0xFFFF0000  # a bfloat16, which is not rounded
        inputs = hidden.copy()
        inputs.view(np.uint32)[:] &= 0xFFFF0000
        bound = 1e-6 * (np.abs(inputs) @ np.abs(cut.T))
        exact = inputs.astype(np.float64) @ cut.T.astype(np.float64)
        assert (np.abs(multiply(inputs, stack([Cascade(cut)], "bf16")) - exact) <= bound).all()
        if TARGET.dot:
            check_rounded(generator, rows, ins, outs)
            check_bytes(generator, rows, ins, outs)


def check_rounded(generator: np.random.Generator, rows: int, ins: int, outs: int) -> None:
    """Whole numbers that need no rounding have exact products."""
    from tldrkit.writing.compiled.kernels.arrays import GROUP
    from tldrkit.writing.compiled.kernels.products import multiply
    from tldrkit.writing.compiled.stacking import stack

    largest = TARGET.largest_weight
    weight = generator.integers(-largest, largest, (outs, ins), endpoint=True).astype(np.float32)
    weight[:, 0] = largest
    product = stack([Cascade(weight)], "int8")
    hidden = generator.integers(0, int(product.most), (rows, ins), endpoint=True).astype(np.float32)
    for group in range(0, ins, GROUP):
        hidden[:, group], hidden[:, min(group + 1, ins - 1)] = 0, product.most
    bound = 2.5e-7 * (hidden @ np.abs(weight.T))  # of scaling sums; below 1, so that no product is off by one
    assert (np.abs(multiply(hidden, product) - hidden @ weight.T) <= bound).all()
    assert bound.max() < 1


def check_bytes(generator: np.random.Generator, rows: int, ins: int, outs: int) -> None:
    """Whole numbers up to 8192 have exact products with raised bytes of any size."""
    from tldrkit.writing.compiled.kernels.arrays import OUTPUTS, RAISED
    from tldrkit.writing.compiled.kernels.products import multiply_bytes

    blocks, fours = -(-outs // OUTPUTS), -(-ins // 4)
    meant = generator.integers(-127, 127, (blocks * OUTPUTS, ins), endpoint=True)
    raised = np.zeros((blocks * OUTPUTS, 4 * fours), np.uint8)
    raised[:, :ins] = meant + RAISED
    packed = np.zeros((blocks, fours + 1, 4 * OUTPUTS), np.uint8)  # as a part of a cache, not contiguous
    apart = raised.reshape(blocks, OUTPUTS, fours, 4)
    packed[:, :fours] = apart.transpose(0, 2, 1, 3).reshape(blocks, fours, -1)
    vectors = generator.integers(-8192, 8192, (rows, ins), endpoint=True).astype(np.float32)
    vectors[:, 0] = 8192
    halves, totals = np.zeros((2 * rows, 4 * fours), np.int8), np.empty((2 * rows, len(meant)), np.int32)
    result = np.empty((rows, len(meant)), np.float32)
    scratch = halves, totals, np.empty((rows, 3), np.float32)
    multiply_bytes(vectors, packed[:, :fours], scratch, result, 0)
    exact = vectors.astype(np.int64) @ meant.T
    assert (np.abs(result - exact) <= 1e-7 * np.abs(vectors) @ np.abs(meant.T) + 0.5).all()


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_products_are_numpys_on_every_target_that_runs_here(target: Target) -> None:
    """Of whole numbers exactly, of floats to 1e-6 of the sum of magnitudes, whatever edges a shape has."""
    if not target.needs <= HOST:
        pytest.skip("this processor has no " + ", ".join(sorted(target.needs - HOST)))
    features = ",".join(f"+{name}" for name in sorted(target.needs)) or "+sse2"
    code = f"from tests.writing.compiled.test_targets import check; check({target.name!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_CPU_FEATURES": features},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_a_processor_gets_the_best_it_has(target: Target) -> None:
    """What has a target's features gets it, or one that comes before it."""
    assert target == find_target(target.needs)
    assert TARGETS.index(find_target(target.needs | HOST)) <= TARGETS.index(target)
