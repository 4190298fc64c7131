"""The errors that PyTorch raises about gradients: the words they are known by, and what is to be done."""

from __future__ import annotations

import re

SHAPES = re.compile(
    r"shapes? cannot be multiplied|must match the size of tensor|size mismatch|is invalid for input of size"
    r"|not broadcastable|doesn't match the broadcast shape|Expected .* to have .* dim|expected input"
    r"|Given (normalized_shape|groups)|Mismatch in shape|must have same reduction dim|inconsistent tensor size"
    r"|shape mismatch|Expected input batch_size|same number of dimensions|Sizes of tensors must match"
    r"|dimension out of range|must be (the )?same (size|as input size)|ensure they have the same size"
    r"|target tensor expected, multi-target|Expected target size|must match the existing size|must be equal to input_size|got (an )?invalid (gradient|shape)|invalid gradient at index",
    re.IGNORECASE,
)
TYPES = re.compile(
    r"[Ee]xpected (scalar type|floating point type|.* dtype)|one of the following scalar types|must have the same dtype|Only Tensors of floating point|dtype|"
    r"not implemented for '(Long|Int|Bool|Byte)'|can't be cast",
)

#: Words of an error about shapes or types, and what to do; the last for all others.
RESHAPED = (
    ("arget size", "Give target and output one shape: target.unsqueeze(1), or output.squeeze(1)."),
    (
        "invalid for input of size",
        "The sizes of a view multiply to the number of elements: x.flatten(1) keeps the rows.",
    ),
    ("multi-target", "Give the class numbers as (N,), one per row: target.squeeze(1)."),
    ("", "Print the shapes of both operands at this line and make them agree."),
)
CONVERTED = (
    (
        "target with class probabilities",
        "A target of the shape of the scores is taken as probabilities: give the class numbers, "
        "target.argmax(1), or target.float().",
    ),
    ("scalar types: Long", "Indices are integers: idx.long()."),
    ("expected scalar type Long", "Class numbers are integers: target.long()."),
    ("Float and Double", "NumPy's numbers are float64: data.float(), or model.double()."),
    ("Double and Float", "NumPy's numbers are float64: data.float(), or model.double()."),
    ("", "Convert one side: .float(), .long() or .to(other.dtype)."),
)


#: Words of an error, its cause, a title, why it is so, and the remedy.
KNOWN: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "grad can be implicitly created only for scalar outputs", "not-scalar",
        "backward() of a tensor that is not a scalar",
        "Without a gradient= argument backward() begins with 1, which only a single number can have.",
        "Reduce it first (loss.sum() or loss.mean()), or pass gradient=torch.ones_like(loss).",
    ),
    (
        "does not require grad and does not have a grad_fn", "root-without-graph",
        "the root does not depend on anything that requires a gradient",
        "backward() begins at a tensor without a grad_fn: no leaf that it was computed from requires a "
        "gradient, or its graph was cut on the way.",
        "Make a leaf require a gradient, and look for detach(), .data, .item() or no_grad on the way.",
    ),
    (
        "One of the differentiated Tensors does not require grad", "no-requires-grad",
        "autograd.grad is asked for the gradient of a tensor that requires none",
        "What comes of a tensor without requires_grad is not recorded with respect to it.",
        "Call .requires_grad_() on that tensor before the output is computed from it.",
    ),
    (
        "a view of a leaf Variable that requires grad is being used in an in-place", "leaf-in-place",
        "a view of a leaf that requires a gradient is written in place",
        "The view shares the leaf's memory, so the leaf would change under its graph.",
        "Write under torch.no_grad(), or compute a new tensor (clone first).",
    ),
    (
        "a leaf Variable that requires grad is being used in an in-place", "leaf-in-place",
        "a leaf that requires a gradient is written in place",
        "The graph could not tell the leaf before the write from the leaf after it.",
        "Write under torch.no_grad(): with torch.no_grad(): w -= lr * w.grad.",
    ),
    (
        "view of a leaf", "leaf-in-place", "a view of a leaf is written in place",
        "The view shares the leaf's memory.", "Write under torch.no_grad(), or clone first.",
    ),
    (
        "is a view and is being modified inplace", "view-in-place",
        "a view is written in place where autograd cannot follow",
        "The view was made by a function that gives several views, or under no_grad, or by a Function.",
        "Clone the view before you write, or compute a new tensor.",
    ),
    (
        "appears to not have been used in the graph", "not-connected",
        "autograd.grad of a tensor that the output does not depend on",
        "One of the inputs is not on any way from the output back to the leaves.",
        "Check that the output is computed from it (no detach between), or pass allow_unused=True.",
    ),
    (
        "Can't call numpy() on Tensor that requires grad", "left-torch",
        "numpy() of a tensor with a graph",
        "NumPy arrays have no graph.", "Call .detach().numpy() if you do not need its gradient.",
    ),
    (
        "returned an incorrect number of gradients", "wrong-backward",
        "a Function's backward gives another number of gradients than forward has arguments",
        "backward() must return one gradient (or None) per argument of forward().",
        "Return one for each argument, None for those that are not tensors.",
    ),
    (
        "returned an invalid gradient at index", "wrong-backward",
        "a Function's backward gives a gradient of a wrong shape",
        "The gradient of an input must have the shape of the input.",
        "Reduce or reshape it to the input's shape (sum over broadcast dimensions).",
    ),
    (
        "only Tensors of floating point and complex dtype can require gradients", "integer",
        "an integer tensor cannot require a gradient",
        "Derivatives need real numbers.", "Write 1. instead of 1, or pass dtype=torch.float32.",
    ),
    (
        "Only Tensors of floating point and complex dtype can require gradients", "integer",
        "an integer tensor cannot require a gradient",
        "Derivatives need real numbers.", "Write 1. instead of 1, or pass dtype=torch.float32.",
    ),
    (
        "can't retain_grad on Tensor that has requires_grad=False", "no-requires-grad",
        "retain_grad() of a tensor that does not require a gradient",
        "Nothing computes its gradient, so there is none to keep.",
        "Make the leaves that it is computed from require a gradient.",
    ),
    (
        "you can only change requires_grad flags of leaf variables", "not-a-leaf",
        "requires_grad set on a tensor that is not a leaf",
        "A computed tensor requires a gradient because what it was computed from does.",
        "Use .detach() to cut it off.",
    ),
    (
        "'NoneType' object has no attribute", "no-backward", "something is None here",
        "Often this is .grad, which is None until backward() has come to the tensor.",
        "Ask Why? of the tensor whose .grad is used in this line.",
    ),
    (
        "unsupported operand type(s) for *: 'float' and 'NoneType'", "no-backward", "a .grad is None here",
        "It is None until backward() has come to the tensor, and for tensors that are no leaves.",
        "Ask Why? of the tensor whose .grad is used in this line.",
    ),
    (
        "and 'NoneType'", "no-backward", "a .grad is None here",
        "It is None until backward() has come to the tensor, and for tensors that are no leaves.",
        "Ask Why? of the tensor whose .grad is used in this line.",
    ),
    (
        "Expected more than 1 value per channel", "empty", "batch norm of a single row",
        "In training, batch norm divides by the deviation over the batch; of one row it is 0.",
        "Use a batch of at least two rows, or model.eval() to use the running statistics.",
    ),
    (
        "Inference tensors cannot be saved for backward", "no-grad",
        "a tensor made in inference_mode is used in a graph",
        "What inference_mode makes can never be saved for a backward pass.",
        "Use torch.no_grad() instead of inference_mode, or .clone() the tensor outside of it.",
    ),
    (
        "object has no attribute 'backward'", "left-torch", "backward() of a plain number",
        "float(), .item() and NumPy give plain numbers without a graph.",
        "Keep the loss a tensor; take .item() only to print it.",
    ),
    (
        "more than one element of the written-to tensor refers to a single memory location",
        "view-in-place", "an expanded tensor is written in place",
        "expand() shows one element in many places, so a write to one would be a write to all.",
        "Clone it first: x.expand(...).clone().",
    ),
    (
        "has changed the size of value", "hook", "a hook returns a gradient of another shape",
        "What a hook returns takes the place of the gradient, so it must have its shape.",
        "Return a tensor of the shape of the gradient that it gets, or None to leave that as it is.",
    ),
    (
        "derivative for aten::", "not-differentiable", "an operation without a derivative",
        "The pass came to an operation that autograd has no derivative of.",
        "Use something differentiable in its place, or detach() before it.",
    ),
    (
        "all elements of input should be between 0 and 1", "domain",
        "binary_cross_entropy of numbers outside of [0, 1]",
        "It takes probabilities; these are scores (logits).",
        "Use binary_cross_entropy_with_logits (BCEWithLogitsLoss), or a sigmoid before it.",
    ),
    (
        "out of bounds", "out-of-range", "an index is out of range",
        "Class numbers go from 0 to C - 1, where C is how many scores each row has; indices end at size - 1.",
        "Compare target.min() and target.max() with the number of outputs; give the layer as many as there are "
        "classes.",
    ),
    (
        "index out of range in self", "out-of-range", "an index is out of range",
        "An embedding has a row for each of 0 to num_embeddings - 1.",
        "Make num_embeddings one larger than the largest index, or look for a wrong vocabulary.",
    ),
    (
        "optimizer got an empty parameter list", "unused-parameter", "the optimizer got no parameters",
        "The module has none: layers kept in a plain list or dict are not registered.",
        "Keep layers in nn.ModuleList or nn.ModuleDict.",
    ),
    (
        "can't optimize a non-leaf Tensor", "not-a-leaf", "the optimizer got a tensor that is computed",
        "Only leaves have a .grad to step with.", "Give it the leaf, or detach().requires_grad_() first.",
    ),
)  # fmt: skip
