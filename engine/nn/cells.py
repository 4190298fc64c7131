"""Recurrent cells: one step of a plain RNN, an LSTM, a GRU."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import engine
from engine.tensor import Tensor

from . import functional as F
from . import init
from .initializers import own_init
from .module import Module
from .parameter import fresh

_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def rnn_step(
    gates: Tensor, h: Tensor, w_hh: Tensor, b_hh: Tensor | None, activation: Callable[..., Tensor]
) -> Tensor:
    """One step of a plain RNN; `gates` is the input's part."""
    return activation(F.linear(h, w_hh, b_hh) + gates)


def lstm_step(
    gates: Tensor, state: tuple[Tensor, Tensor], w_hh: Tensor, b_hh: Tensor | None,
    w_hr: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """One step of an LSTM; the gates are input, forget, cell and output."""
    h, c = state
    i, f, g, o = (F.linear(h, w_hh, b_hh) + gates).unsafe_chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return (h if w_hr is None else F.linear(h, w_hr)), c


def gru_step(gates: Tensor, h: Tensor, w_hh: Tensor, b_hh: Tensor | None) -> Tensor:
    """One step of a GRU; the gates are reset, update and new."""
    xr, xz, xn = gates.unsafe_chunk(3, 1)
    hr, hz, hn = F.linear(h, w_hh, b_hh).unsafe_chunk(3, 1)
    r = (hr + xr).sigmoid()
    z = (hz + xz).sigmoid()
    n = (xn + hn * r).tanh()
    return (h - n) * z + n  # type: ignore[no-any-return]


class RNNCellBase(Module):
    """Parameters of one recurrent step."""

    chunks = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        gates = self.chunks * hidden_size
        self.weight_ih = fresh(engine.empty((gates, input_size), dtype=dtype, device=device))
        self.weight_hh = fresh(engine.empty((gates, hidden_size), dtype=dtype, device=device))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(
                name, fresh(engine.empty(gates, dtype=dtype, device=device)) if bias else None
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniformly within 1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        nonlinearity = self.__dict__.get("nonlinearity", "tanh")
        return text if nonlinearity == "tanh" else f"{text}, nonlinearity={nonlinearity}"

    def _batched(
        self, input: Tensor, h: Tensor | None, number: int = 0
    ) -> tuple[Tensor, Tensor, bool]:
        if h is not None and h.dim() not in (1, 2):
            what = f"hx[{number}]" if type(self).__name__ == "LSTMCell" else "hidden"
            raise ValueError(
                f"{type(self).__name__}: Expected {what} to be 1D or 2D, got {h.dim()}D instead"
            )
        if input.dim() not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 1D or 2D, got {input.dim()}D instead"
            )
        batched = input.dim() == 2
        x = input if batched else input.unsqueeze(0)
        if x.shape[1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {x.shape[1]} expected {self.input_size}"
            )
        if h is None:
            return x, engine.zeros(x.shape[0], self.hidden_size, dtype=input.dtype), batched
        h = h if batched else h.unsqueeze(0)
        if h.shape[0] != x.shape[0]:
            raise RuntimeError(
                f"Input batch size {x.shape[0]} doesn't match hidden{number} batch size {h.shape[0]}"
            )
        if h.shape[1] != self.hidden_size:
            raise RuntimeError(
                f"hidden{number} has inconsistent hidden_size: got {h.shape[1]}, expected "
                f"{self.hidden_size}"
            )
        return x, h, batched


class RNNCell(RNNCellBase):
    """One step of a plain RNN."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        x, h, batched = self._batched(input, hx)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        activation = engine.tanh if self.nonlinearity == "tanh" else engine.relu
        gates = F.linear(x, self.weight_ih, self.bias_ih)
        out = rnn_step(gates, h, self.weight_hh, self.bias_hh, activation)
        return out if batched else out.squeeze(0)


@own_init
class LSTMCell(RNNCellBase):
    """One step of an LSTM."""

    chunks = 4

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        if isinstance(hx, Tensor):
            raise TypeError(
                "lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor"
            )
        x, h, batched = self._batched(input, None if hx is None else hx[0])
        _, c, _ = self._batched(input, None if hx is None else hx[1], 1)
        gates = F.linear(x, self.weight_ih, self.bias_ih)
        h, c = lstm_step(gates, (h, c), self.weight_hh, self.bias_hh)
        return (h, c) if batched else (h.squeeze(0), c.squeeze(0))


@own_init
class GRUCell(RNNCellBase):
    """One step of a GRU."""

    chunks = 3

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        x, h, batched = self._batched(input, hx)
        gates = F.linear(x, self.weight_ih, self.bias_ih)
        out = gru_step(gates, h, self.weight_hh, self.bias_hh)
        return out if batched else out.squeeze(0)
