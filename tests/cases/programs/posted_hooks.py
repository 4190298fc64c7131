"""Hooks that change a gradient by a factor: "it is twice what I computed"."""

# %% hook | why w.grad | 2 times
w = torch.tensor([1.0, 2.0], requires_grad=True)
w.register_hook(lambda g: g * 2)  # <-
(w**2).sum().backward()

# %% hook | why w.grad | h becomes 0.5 times
w = torch.tensor([1.0, 2.0], requires_grad=True)
h = w * 3
h.register_hook(lambda g: g / 2)  # <-
(h**2).sum().backward()

# %% hook | why w.grad | mul_
w = torch.tensor([1.0, 2.0], requires_grad=True)
def half(p):
    p.grad.mul_(0.5)  # <-
w.register_post_accumulate_grad_hook(half)
(w**2).sum().backward()

# %% hook | why x.grad | 3 times
lin = nn.Linear(2, 1)
lin.register_full_backward_hook(lambda m, gi, go: tuple(None if g is None else 3 * g for g in gi))  # <-
x = torch.randn(3, 2, requires_grad=True)
lin(x).sum().backward()
