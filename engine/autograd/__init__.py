"""torch.autograd: differentiation of what was computed."""

from __future__ import annotations


def load() -> None:
    """Fill this namespace; its parts need the operations, which in turn need this package's nodes."""
    from engine.autograd import (
        anomaly,
        forward_ad,
        function,
        functional,
        graph,
        mode,
        profiler,
        variables,
    )
    from engine.autograd.check import GradcheckError, gradcheck, gradgradcheck
    from engine.autograd.passes import backward, grad

    globals().update(
        Function=function.Function, GradcheckError=GradcheckError, Variable=variables.Variable,
        anomaly_mode=anomaly, backward=backward, detect_anomaly=anomaly.detect_anomaly,
        enable_grad=mode.enable_grad, forward_ad=forward_ad, function=function, functional=functional,
        grad=grad, grad_mode=mode, gradcheck=gradcheck, gradgradcheck=gradgradcheck, graph=graph,
        inference_mode=mode.inference_mode, is_grad_enabled=mode.is_grad_enabled, no_grad=mode.no_grad,
        profiler=profiler, set_detect_anomaly=anomaly.set_detect_anomaly,
        set_grad_enabled=mode.set_grad_enabled, set_multithreading_enabled=mode.set_grad_enabled,
        variable=variables,
    )  # fmt: skip
