"""Recurrent layers, written out step by step so that every step is in the graph."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import engine
from engine import casting
from engine.ops.table import run
from engine.tensor import Tensor
from engine.warning import once

from . import functional as F
from . import init
from .cells import _GATES, gru_step, lstm_step, rnn_step
from .kernels import composites, packed
from .kernels.lstm import LSTM_LAYER
from .module import Module
from .parameter import Parameter, fresh
from .utils.rnn import PackedSequence

_TYPES = {"input_size": int, "hidden_size": int, "bias": bool, "batch_first": bool}


class RNNBase(Module):
    """Parameters, layers and directions of the recurrent layers."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional, self.proj_size = float(dropout), bidirectional, proj_size
        self._check_settings(dropout)
        directions = 2 if bidirectional else 1
        gate_size = _GATES[mode] * hidden_size
        out_size = proj_size or hidden_size
        for layer in range(num_layers):
            width = input_size if layer == 0 else out_size * directions
            for direction in range(directions):
                suffix = f"_l{layer}" + ("_reverse" if direction else "")
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (gate_size, width), "weight_hh": (gate_size, out_size),
                }  # fmt: skip
                if bias:
                    shapes |= {"bias_ih": (gate_size,), "bias_hh": (gate_size,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                for name, shape in shapes.items():
                    setattr(
                        self,
                        name + suffix,
                        fresh(engine.empty(shape, dtype=dtype, device=device)),
                    )
        self.reset_parameters()

    def _check_settings(self, dropout: Any) -> None:
        if not 0 <= dropout <= 1 or isinstance(dropout, bool):
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an "
                "element being zeroed"
            )
        if dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero "
                f"dropout expects num_layers greater than 1, but got dropout={dropout} and "
                f"num_layers={self.num_layers}",
                stacklevel=4,
            )
        for name, kind in _TYPES.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(
                    f"{name} should be of type {kind.__name__}, got: {type(value).__name__}"
                )
        if self.input_size <= 0:
            raise ValueError("input_size must be greater than zero")
        if self.hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if self.num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if self.proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections"
            )
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniformly within 1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: parameters are always contiguous here."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters per layer and direction."""
        directions = ("", "_reverse") if self.bidirectional else ("",)
        kinds = ["weight_ih", "weight_hh"] + (["bias_ih", "bias_hh"] if self.bias else [])
        kinds += ["weight_hr"] if self.proj_size else []
        return [
            [getattr(self, f"{kind}_l{layer}{suffix}") for kind in kinds]
            for layer in range(self.num_layers)
            for suffix in directions
        ]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            ("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False),
            ("dropout", 0.0), ("bidirectional", False),
        ):  # fmt: skip
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text

    # Running -------------------------------------------------------------------------------

    def _step(self) -> Callable[..., Any]:
        raise NotImplementedError

    def _check_input(self, x: Tensor) -> None:
        if x.dim() not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {x.dim()}D "
                f"{'tensor ' if self.mode.startswith('RNN') else ''}instead"
            )
        weight = self.all_weights[0][0]
        if x.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}). Convert "
                f"input: input.to({weight.dtype}), or convert model: model.to({x.dtype})"
            )
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. "
                f"Expected {self.input_size}, got {x.shape[-1]}"
            )

    def _check_dims(self, states: list[Tensor], unbatched: bool) -> None:
        """Raise if states do not have as many dimensions as the input."""
        n, kind = (2, "unbatched") if unbatched else (3, "batched")
        dims = [t.dim() for t in states]
        if all(d == n for d in dims):
            return
        if len(states) == 1:
            names, found = "hx", f"{dims[0]}-D tensor"
        else:
            names, found = "hx and cx", f"({dims[0]}-D, {dims[1]}-D) tensors"
        raise RuntimeError(f"For {kind} {n}-D input, {names} should also be {n}-D but got {found}")

    def _check_state(self, state: Tensor, expected: tuple[int, ...], name: str = "hidden") -> None:
        if tuple(state.shape) != expected:
            raise RuntimeError(f"Expected {name} size {expected}, got {list(state.shape)}")

    def _zeros(self, batch: int, size: int, like: Tensor) -> Tensor:
        n = self.num_layers * (2 if self.bidirectional else 1)
        return engine.zeros(n, batch, size, dtype=like.dtype)  # type: ignore[no-any-return]

    def _run(
        self, x: Tensor, states: list[Any], sizes: list[int] | None
    ) -> tuple[Tensor, list[Any]]:
        """Run all layers over (time, batch, features); over packed rows if `sizes` are given.

        sizes: how many sequences go on at each time; their rows follow each other in `x`.
        """
        step = self._step()
        directions = 2 if self.bidirectional else 1
        finals: list[Any] = []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(directions):
                number = layer * directions + direction
                out, final = self._direction(
                    step, x, states[number], self.all_weights[number], bool(direction), sizes
                )
                outputs.append(out)
                finals.append(final)
            x = engine.cat(outputs, -1) if directions == 2 else outputs[0]
            if self.dropout and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        return x, finals

    def _direction(
        self, step: Callable[..., Any], x: Tensor, state: Any, weights: list[Any], reverse: bool,
        sizes: list[int] | None,
    ) -> tuple[Tensor, Any]:  # fmt: skip
        w_ih, w_hh, *rest = weights
        b_ih, b_hh = rest[:2] if self.bias else (None, None)
        projection = (weights[-1],) if self.proj_size else ()
        gates = F.linear(x, w_ih, b_ih)
        if sizes is not None:
            run = packed.backwards if reverse else packed.forwards
            return run(step, gates, state, (w_hh, b_hh, *projection), sizes)
        steps = gates.unbind(0)
        outputs = []
        for gates in reversed(steps) if reverse else steps:
            state = step(gates, state, w_hh, b_hh, *projection)
            outputs.append(packed.output(state))
        if reverse:
            outputs.reverse()
        return engine.stack(outputs, 0), state

    def _forward(self, x: Any, states: Callable[[int, Tensor], list[Any]]) -> Any:
        """Return output as it came in (packed, batched, unbatched) and the final states."""
        if isinstance(x, PackedSequence):
            sizes = x.batch_sizes.tolist()
            self._check_input(x.data)
            out, finals = self._run(x.data, states(sizes[0], x.data), sizes)
            rows = PackedSequence(out, x.batch_sizes, x.sorted_indices, x.unsorted_indices)
            return rows, finals
        self._check_input(x)
        batched = x.dim() == 3
        if not batched:
            x = x.unsqueeze(1)
        elif self.batch_first:
            x = x.transpose(0, 1)
        out, finals = self._run(x, states(x.shape[1], x), None)
        if not batched:
            out = out.squeeze(1)
        elif self.batch_first:
            lstm = self.mode == "LSTM"  # the others turn their output in place
            out = out.transpose(0, 1) if lstm else composites.turned(out, 0, 1)
        return out, finals


class _Plain(RNNBase):
    """A recurrent layer whose state is one tensor."""

    def forward(self, input: Any, hx: Tensor | None = None) -> Any:
        """Return outputs of all times and the last states (layers * directions, N, H)."""
        unbatched = isinstance(input, Tensor) and input.dim() == 2

        def states(batch: int, x: Tensor) -> list[Any]:
            if hx is None:
                return list(self._zeros(batch, self.hidden_size, x).unbind(0))
            self._check_dims([hx], unbatched)
            h = hx.unsqueeze(1) if unbatched else hx
            n = self.num_layers * (2 if self.bidirectional else 1)
            self._check_state(h, (n, batch, self.hidden_size))
            if isinstance(input, PackedSequence) and input.sorted_indices is not None:
                h = h.index_select(1, input.sorted_indices)
            return list(h.unbind(0))

        out, finals = self._forward(input, states)
        last = engine.stack(finals, 0)
        if isinstance(input, PackedSequence) and input.unsorted_indices is not None:
            last = last.index_select(1, input.unsorted_indices)
        return out, last.squeeze(1) if unbatched else last


class RNN(_Plain):
    """h ← tanh(W_ih x + b_ih + W_hh h + b_hh), or relu."""

    def __init__(self, *args: Any, nonlinearity: str = "tanh", **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        self.__dict__["nonlinearity"] = nonlinearity
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def _step(self) -> Callable[..., Any]:
        activation = engine.tanh if self.nonlinearity == "tanh" else engine.relu
        return lambda gates, h, w, b: rnn_step(gates, h, w, b, activation)


class GRU(_Plain):
    """Gated recurrent unit (Cho et al. 2014)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    def _step(self) -> Callable[..., Any]:
        return gru_step


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber 1997)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def _step(self) -> Callable[..., Any]:
        return lambda gates, state, w, b, r=None: lstm_step(gates, state, w, b, r)

    def _direction(
        self, step: Callable[..., Any], x: Tensor, state: Any, weights: list[Any], reverse: bool,
        sizes: list[int] | None,
    ) -> tuple[Tensor, Any]:  # fmt: skip
        """In float32 a layer is one operation; else, and for packed input, one per step."""
        if self.proj_size:
            once(
                "LSTM with projections is not supported with oneDNN. Using default implementation."
            )
        if casting.enabled:  # all of a layer in the lower precision
            x, state, weights = (casting.convert(v, casting.lower) for v in (x, state, weights))
        w_ih, w_hh, *rest = weights
        tensors = (x, w_ih, w_hh, *rest, *state)
        if (
            sizes is not None
            or self.proj_size
            or any(t.dtype is not engine.float32 for t in tensors)
            or 0 in x.shape
        ):
            return super()._direction(step, x, state, weights, reverse, sizes)
        b_ih, b_hh = rest[:2] if self.bias else [engine.zeros(w_ih.shape[0])] * 2
        out, h, c = run(LSTM_LAYER, [x, w_ih, w_hh, b_ih, b_hh, *state, reverse])
        return out, (h, c)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Return outputs of all times and the last (h, c), each (layers * directions, N, size)."""
        unbatched = isinstance(input, Tensor) and input.dim() == 2
        size = self.proj_size or self.hidden_size

        def states(batch: int, x: Tensor) -> list[Any]:
            if hx is None:
                h, c = self._zeros(batch, size, x), self._zeros(batch, self.hidden_size, x)
            else:
                self._check_dims([hx[0], hx[1]], unbatched)
                h, c = (t.unsqueeze(1) if unbatched else t for t in hx)
                n = self.num_layers * (2 if self.bidirectional else 1)
                self._check_state(h, (n, batch, size), "hidden[0]")
                self._check_state(c, (n, batch, self.hidden_size), "hidden[1]")
                if isinstance(input, PackedSequence) and input.sorted_indices is not None:
                    h = h.index_select(1, input.sorted_indices)
                    c = c.index_select(1, input.sorted_indices)
            return list(zip(h.unbind(0), c.unbind(0), strict=True))

        out, finals = self._forward(input, states)
        last = [engine.stack([final[i] for final in finals], 0) for i in (0, 1)]
        if isinstance(input, PackedSequence) and input.unsorted_indices is not None:
            last = [t.index_select(1, input.unsorted_indices) for t in last]
        return out, tuple(t.squeeze(1) if unbatched else t for t in last)
