"""Programs whose gradients are doubled, pile up, explode or vanish."""

# %% two-passes | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
(w * 2).sum().backward()
(w * 2).sum().backward()  # <-

# %% two-passes | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w * w).sum()
loss.backward(retain_graph=True)
loss.backward()  # <-

# %% not-zeroed | problems
torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(8, 2), torch.randn(8, 1)
for _ in range(3):
    loss = F.mse_loss(model(x), y)
    loss.backward()  # <-
    opt.step()

# %% not-zeroed | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
for _ in range(3):
    (w * w).sum().backward()  # <-
    with torch.no_grad():
        w -= 0.1 * w.grad

# %% shared | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
(w * w + torch.sin(w)).sum().backward()

# %% shared | why shared.weight.grad
shared = nn.Linear(2, 2)
shared(torch.tanh(shared(torch.ones(1, 2)))).sum().backward()

# %% exploding | why w.grad
torch.manual_seed(0)
w = (torch.randn(6, 6) * 3).requires_grad_()  # its uses bring from 3.7e15 to 1.8e16
h = torch.ones(1, 6)
for _ in range(20):
    h = h @ w
h.sum().backward()

# %% exploding | why w.grad
w = torch.eye(3).mul(3.0).requires_grad_()
h = torch.ones(1, 3)
for _ in range(20):
    h = h @ w
h.sum().backward()

# %% vanishing | why w.grad
w = torch.eye(3).mul(0.1).requires_grad_()
h = torch.ones(1, 3)
for _ in range(12):
    h = torch.tanh(h @ w)
first = torch.ones(1, 3, requires_grad=True)
w0 = w.detach().requires_grad_()
w = torch.eye(3).mul(0.1).requires_grad_()
h = first @ w
for _ in range(12):
    h = torch.tanh(h @ w0)
h.sum().backward()

# %% vanishing | problems
torch.manual_seed(0)
layers = nn.Sequential(*[m for _ in range(12) for m in (nn.Linear(8, 8), nn.Sigmoid())])
layers(torch.randn(4, 8)).mean().backward()

# %% sound | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
(w * 3).sum().backward()
