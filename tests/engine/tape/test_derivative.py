"""The local derivative of every step: its Jacobian gives what it sent, and NumPy reproduces it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import engine as torch
from engine.nn import functional as F
from engine.tape import replay
from engine.tape.derivative import Derivatives, spelled
from engine.tape.numpy_code import CodeError, numpy_code
from engine.tape.recorder import Recorder
from engine.tape.schema import OpFlag
from engine.tape.tape import Tape

CALLS = """x + w; x - 2 * w; x * 3; 2 / x; x / w; x / 2; -x; x**2; x**w; 2**x; x.exp(); x.log(); x.sqrt()
x.tanh(); x.sigmoid(); x.relu(); x.sin(); x.cos(); x.abs(); x @ w; x @ v; v @ v; torch.bmm(x[None], w[None])
x.t(); x.transpose(0, 1); x.permute(1, 0); x.reshape(4); x.expand(3, 2, 2); x.unsqueeze(0); x.sum()
x.unsqueeze(0).squeeze(0); x.sum(0); x.sum(1, keepdim=True); x.mean(); x.mean(1); x.softmax(1)
x.log_softmax(1); F.mse_loss(x, w); F.nll_loss(x.log_softmax(1), torch.tensor([0, 1])); x + v
torch.cat([x, w], 1); torch.stack([x, w]); x.clamp(0, 2); torch.where(x > 1, x, w); torch.maximum(x, w)
x[0]; x[:, 1:]; x.clone(); F.linear(x, w, v); x.max(); x.max(1).values; F.gelu(x); F.silu(x)
F.leaky_relu(x - 2); torch.norm(x); x.var(); x.prod(); x.cumsum(0); torch.add(x, w, alpha=2); x.square()
x.rsqrt(); x.reciprocal(); x.log1p(); F.layer_norm(x, (2,)); x.logsumexp(1); x[[0, 1], [1, 0]]; x * x
torch.outer(v, v); x.to(torch.float64); F.cross_entropy(x, torch.tensor([0, 1])); x.chunk(2)[1]
torch.complex(x, w).abs(); torch.view_as_real(torch.polar(x, w) ** 2); torch.fft.rfft(x).imag; torch.gradient(x)[0]
torch.clamp(x, max=w); torch.gradient(x)[1]"""
EXPRESSIONS = [one.strip() for line in CALLS.splitlines() for one in line.split(";")]
PROGRAM = """
F = torch.nn.functional
x = torch.tensor([[1.0, 2.5], [3.0, 0.7]], requires_grad=True)
w = torch.tensor([[0.5, 1.2], [2.0, 3.0]], requires_grad=True)
v = torch.tensor([1.5, 2.0], requires_grad=True)
g = torch.Generator().manual_seed(0)
out = {0}
(out * torch.randn(out.shape, generator=g)).sum().backward()
"""


def record(program: str) -> Tape:
    """Record a program as one cell."""
    recorder, names = Recorder(), {"torch": torch}
    with recorder:
        recorder.begin_cell("a", program, 1)
        exec(compile(program, "<cell a>", "exec"), names)
        recorder.end_cell(names)
    return recorder.tape()


def recorded(expression: str) -> Tape:
    return record(PROGRAM.format(expression))


def own_steps(tape: Tape) -> list[int]:
    """The steps of operations, AccumulateGrad aside."""
    return [k for k in range(len(tape.steps)) if tape.nodes["op"][tape.steps["node"][k]] >= 0]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_jacobian_gives_what_the_step_sent(expression: str) -> None:
    tape = recorded(expression)
    derivatives = Derivatives(tape)
    for step in own_steps(tape):
        found = derivatives.of(int(tape.nodes["op"][tape.steps["node"][step]]), step)
        assert found.products
        for one in found.products:
            assert one.jacobian is not None, (found.op, one.reason)
            assert one.sent is not None
            assert found.cotangent is not None
            assert one.jacobian.shape == (len(found.cotangent), one.sent.size)
            product = (found.cotangent @ one.jacobian).reshape(one.sent.shape)
            np.testing.assert_allclose(product, one.sent, 2e-5, 1e-6)


def test_every_step_is_reproduced_by_numpy_alone(tmp_path: Path) -> None:
    programs = []
    for expression in [*EXPRESSIONS, "x.bfloat16().exp().float()"]:
        tape = recorded(expression)
        programs += [numpy_code(tape, step) for step in own_steps(tape)]
    assert len(programs) > len(EXPRESSIONS)
    for number, program in enumerate(programs):
        (tmp_path / f"step{number}.py").write_text(program, "utf-8")
    runner = (
        "import glob, runpy, sys\n"
        "for name in sorted(glob.glob('step*.py')):\n"
        "    try:\n        runpy.run_path(name)\n"
        "    except BaseException as error:\n"
        "        sys.exit(f'{open(name).read()}\\n{type(error).__name__}: {error}')\n"
        "assert not {m.partition('.')[0] for m in sys.modules} & {'engine', 'app', 'torch', 'ui'}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", runner], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("grad_") >= len(programs)


def test_a_program_fails_where_a_number_is_another() -> None:
    tape = recorded("x * w")
    step = own_steps(tape)[-1]
    program = numpy_code(tape, step)
    assert program.startswith('"""MulBackward0, as it ran in pass 1')
    assert "unbroadcast(g * other, np.shape(input))" in program
    with pytest.raises(AssertionError):
        exec(program.replace("2.5", "2.6"), {})


def test_large_arrays_are_written_as_bytes_and_larger_ones_refused() -> None:
    small = "x = torch.ones(30, 40, requires_grad=True)\n(x * x).sum().backward()"
    tape = record(small)
    program = numpy_code(tape, own_steps(tape)[-1])
    assert "b64decode" in program
    exec(program, {})
    large = "x = torch.rand(1500, 1500, requires_grad=True)\n(x * x).sum().backward()"
    tape = record(large)
    with pytest.raises(CodeError, match="too large"):
        numpy_code(tape, own_steps(tape)[-1])


def test_a_sum_is_spelled_with_the_recorded_numbers() -> None:
    program = (
        "x = torch.tensor([[1.0, 2.0]], requires_grad=True)\n"
        "w = torch.tensor([[0.5], [4.0]], requires_grad=True)\n"
        "y = x @ w\ny.backward(torch.tensor([[3.0]]))"
    )
    tape = record(program)
    found = Derivatives(tape).of(0, 0)
    left, right = found.products
    assert (left.argument, right.argument) == ("input", "mat2")
    assert spelled(found, left, 1) == "3 · 4 = 12"
    assert spelled(found, right, 0) == "3 · 1 = 3"
    assert spelled(Derivatives(tape).of(0), left, 1) == ""  # without a step


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("y = torch.bernoulli(x / 2)", "It draws random numbers"),
        ("y = torch.ones(300, 300) * x.sum()", "elements, too many to look at"),
        ("y = x * 1\ny.normal_()", "It draws random numbers"),
    ],
)
def test_what_has_no_jacobian_says_why(program: str, reason: str) -> None:
    text = f"x = torch.ones(2, requires_grad=True)\n{program}\ny.sum().backward()"
    tape = record(text)
    derivatives = Derivatives(tape)
    said = [one.reason for op in range(len(tape.ops)) for one in derivatives.of(op).products]
    assert any(reason in one for one in said), said


@pytest.mark.parametrize(
    "write", ["y.mul_(x)", "y.exp_()", "y.clamp_(0, 3)", "y.masked_fill_(y > 3, 1)"]
)
def test_a_write_in_place_is_derived_at_what_was_there_before(write: str) -> None:
    begin = "x = torch.ones(2, requires_grad=True)\ny = x * torch.tensor([2.0, 4.0])\n"
    tape = record(f"{begin}{write}\ny.sum().backward()")
    steps = tape.nodes["op"][tape.steps["node"]].tolist()
    flags = tape.ops["flags"]
    step = next(s for s, op in enumerate(steps) if op >= 0 and flags[op] & OpFlag.INPLACE)
    (product, *_) = Derivatives(tape).of(steps[step], step).products
    assert product.jacobian is not None
    exec(numpy_code(tape, step), {})


FORMULAS = """F.silu(x); F.mish(x); F.elu(x - 2); F.celu(x - 2); F.hardswish(x - 2); F.softplus(x); F.glu(x)
x**w; x**3; torch.maximum(x, w); torch.atan2(x, w); x.clamp_min(w); x.prod(); x.norm(); x.cumprod(0); x.det()
x.logcumsumexp(1); x.sort(1).values; x[:, 1]; x.diagonal(); x.tril(); x.trace(); F.huber_loss(x, w, reduction="sum")
torch.linalg.inv(x); torch.logit(x / 9); torch.sinc(x); torch.acosh(x + 1); F.smooth_l1_loss(x, w, reduction="none")
torch.addmm(w, x, w, beta=2, alpha=3); x.relu(); x.cummax(0).values; F.pixel_shuffle(x[None, None].expand(1, 4, 2, 2), 2)
F.binary_cross_entropy_with_logits(x, w.detach(), reduction="sum"); x.softmax(0); torch.gather(x, 1, torch.tensor([[0], [1]]))"""


@pytest.mark.parametrize("expression", [e for one in FORMULAS.splitlines() for e in one.split(";")])
def test_a_formula_gives_what_the_step_sent(expression: str) -> None:
    tape = recorded(expression.strip())
    all_ = Derivatives(tape)
    names: dict[str, object] = {"pi": np.pi, "sqrt_pi": np.sqrt(np.pi)}
    for module in (F, torch.linalg, torch.special, torch):
        names.update({k: getattr(module, k) for k in dir(module) if not k.startswith("_")})
    told = 0
    for step in own_steps(tape)[2:]:
        op = int(tape.nodes["op"][tape.steps["node"][step]])
        own = names | {"weight": 1, "beta": 1, "alpha": 1, "p": 1, **all_.constants(op)}
        given = [0 if a is None else torch.from_numpy(np.array(a)) for a in _arrays(all_, op)]
        own |= dict(zip([name for name, _ in all_.formulas(op)], given, strict=False))
        own |= {f"result{k}": torch.from_numpy(a) for k, a in enumerate(_results(all_, op))}
        came = replay.cotangents(tape, step)[0]
        own |= {"result": own["result0"], "g": torch.from_numpy(np.array(came))}
        own |= {"weight": 1, "p": 1} if "binary" in expression else {}
        for one in all_.of(op, step).products:
            text, _, parts = one.formula.removesuffix(", with p = pos_weight").partition(" with ")
            exec(parts.replace("; ", "\n"), own)
            sent = torch.as_tensor(eval(text.partition(", / n")[0], own)).numpy()
            np.testing.assert_allclose(sent, one.sent, 1e-4, 1e-5)
            told += 1
    assert told


def _arrays(all_: Derivatives, op: int) -> list[np.ndarray | None]:
    return [all_.facts.array(v) if v >= 0 else None for v in all_.facts.inputs(op)]


def _results(all_: Derivatives, op: int) -> list[np.ndarray]:
    return [np.array(all_.facts.array(v)) for v in all_.facts.outputs(op)]
