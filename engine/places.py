"""Where PyTorch keeps its classes: what `print(type(layer))` shows and imports may name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

#: Module below torch → the names of the classes it defines.
_PLACES: Mapping[str, str] = {
    "nn.modules.module": "Module",
    "nn.parameter": "Buffer Parameter UninitializedBuffer UninitializedParameter",
    "nn.modules.linear": "Bilinear Identity LazyLinear Linear",
    "nn.modules.flatten": "Flatten Unflatten",
    "nn.modules.container": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "nn.modules.conv": (
        "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d "
        "LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d"
    ),
    "nn.modules.fold": "Fold Unfold",
    "nn.modules.distance": "CosineSimilarity PairwiseDistance",
    "nn.modules.dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    "nn.modules.sparse": "Embedding EmbeddingBag",
    "nn.modules.batchnorm": (
        "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d "
        "SyncBatchNorm"
    ),
    "nn.modules.instancenorm": (
        "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d "
        "LazyInstanceNorm3d"
    ),
    "nn.modules.adaptive": "AdaptiveLogSoftmaxWithLoss",
    "nn.modules.normalization": "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm",
    "nn.modules.rnn": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
    "nn.modules.transformer": (
        "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder "
        "TransformerEncoderLayer"
    ),
    "nn.modules.upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
    "nn.modules.pixelshuffle": "PixelShuffle PixelUnshuffle",
    "nn.modules.channelshuffle": "ChannelShuffle",
    "nn.parallel.data_parallel": "DataParallel",
    "nn.modules.activation": (
        "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid "
        "LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax "
        "Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold"
    ),
    "nn.modules.loss": (
        "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss "
        "HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss "
        "MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss "
        "SmoothL1Loss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss"
    ),
    "nn.modules.pooling": (
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d "
        "AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d "
        "MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d"
    ),
    "nn.modules.padding": (
        "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
        "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d "
        "ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d"
    ),
    **{
        f"optim.{name.lower()}": name
        for name in (
            "ASGD",
            "Adadelta",
            "Adagrad",
            "Adam",
            "AdamW",
            "Adamax",
            "LBFGS",
            "NAdam",
            "Optimizer",
            "RAdam",
            "RMSprop",
            "Rprop",
            "SGD",
        )
    },
    "optim.lr_scheduler": (
        "ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR "
        "ExponentialLR LRScheduler LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR "
        "PolynomialLR ReduceLROnPlateau SequentialLR StepLR"
    ),
    "autograd.grad_mode": "enable_grad inference_mode no_grad set_grad_enabled",
    "autograd.variable": "Variable",
    **{
        f"distributions.{place}": name
        for place, name in (
            pair.split(":")
            for pair in [
                "bernoulli:Bernoulli",
                "beta:Beta",
                "binomial:Binomial",
                "categorical:Categorical",
                "cauchy:Cauchy",
                "chi2:Chi2",
                "continuous_bernoulli:ContinuousBernoulli",
                "dirichlet:Dirichlet",
                "distribution:Distribution",
                "exp_family:ExponentialFamily",
                "exponential:Exponential",
                "fishersnedecor:FisherSnedecor",
                "gamma:Gamma",
                "generalized_pareto:GeneralizedPareto",
                "geometric:Geometric",
                "gumbel:Gumbel",
                "half_cauchy:HalfCauchy",
                "half_normal:HalfNormal",
                "independent:Independent",
                "inverse_gamma:InverseGamma",
                "kumaraswamy:Kumaraswamy",
                "laplace:Laplace",
                "lkj_cholesky:LKJCholesky",
                "log_normal:LogNormal",
                "logistic_normal:LogisticNormal",
                "lowrank_multivariate_normal:LowRankMultivariateNormal",
                "mixture_same_family:MixtureSameFamily",
                "multinomial:Multinomial",
                "multivariate_normal:MultivariateNormal",
                "negative_binomial:NegativeBinomial",
                "normal:Normal",
                "pareto:Pareto",
                "poisson:Poisson",
                "relaxed_bernoulli:RelaxedBernoulli",
                "relaxed_categorical:RelaxedOneHotCategorical",
                "studentT:StudentT",
                "transformed_distribution:TransformedDistribution",
                "uniform:Uniform",
                "von_mises:VonMises",
                "weibull:Weibull",
                "wishart:Wishart",
            ]
        )
    },
    "distributions.one_hot_categorical": "OneHotCategorical OneHotCategoricalStraightThrough",
    "utils.data.dataset": (
        "ChainDataset ConcatDataset Dataset IterableDataset StackDataset Subset TensorDataset"
    ),
    "utils.data.dataloader": "DataLoader",
    "utils.data.sampler": (
        "BatchSampler RandomSampler Sampler SequentialSampler SubsetRandomSampler "
        "WeightedRandomSampler"
    ),
}
#: Where the classes of each place can be found here.
_SOURCES = ("nn", "optim.lr_scheduler", "optim", "utils.data", "autograd", "distributions")


def settle(package: str, namespace: Mapping[str, Any]) -> None:
    """Give the classes in a package's namespace the modules by which PyTorch's go."""
    for place, names in _PLACES.items():
        if place.startswith(package):
            for name in names.split():
                value = namespace.get(name)
                if isinstance(value, type):
                    value.__module__ = f"torch.{place}"
                    if place in _OWN_FORWARD:
                        _own_forward(value)


#: Places whose layers have a forward each, which errors about their arguments name.
_OWN_FORWARD = ("nn.modules.conv", "nn.modules.pooling", "nn.modules.rnn")


def _own_forward(layer: type) -> None:
    """Give a layer that shares its forward with others one by its own name."""
    shared = layer.forward  # type: ignore[attr-defined]
    if shared.__qualname__.startswith("_"):
        own = FunctionType(
            shared.__code__, shared.__globals__, "forward", shared.__defaults__, shared.__closure__
        )
        own.__kwdefaults__, own.__doc__ = shared.__kwdefaults__, shared.__doc__
        own.__qualname__, own.__module__ = f"{layer.__name__}.forward", layer.__module__
        layer.forward = own  # type: ignore[attr-defined]


def has(module: str) -> bool:
    """Whether classes are at home in `torch.<...>`."""
    return module.removeprefix("torch.") in _PLACES


def find(module: str, name: str) -> Any:
    """The class that is at `torch.<...>` under a name."""
    source = next(s for s in _SOURCES if module.removeprefix("torch.").startswith(s))
    return getattr(import_module(f"engine.{source}"), name)


def function(module: str, name: str) -> Any:
    """The function that is at `torch.<...>` under a name."""
    return getattr(import_module("engine" + module.removeprefix("torch")), name)


def module(fullname: str) -> ModuleType | None:
    """A module made of the classes that PyTorch keeps under this name; None if there is none."""
    place = fullname.removeprefix("torch.")
    below = [p for p in _PLACES if p == place or p.startswith(place + ".")]
    if not below:
        return None
    made = ModuleType(f"engine.{place}", f"The classes of {fullname}.")
    if below != [place]:
        made.__path__ = []
    for p in below:
        for name in _PLACES[p].split():
            setattr(made, name, find(f"torch.{p}", name))
    return made
