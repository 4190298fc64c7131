"""Programs after which a gradient, or an element of one, is zero."""

# %% dead-relu | why w.grad | relu
w = torch.tensor([-1.0, -2.0], requires_grad=True)
torch.relu(w * 3).sum().backward()  # <-

# %% dead-relu | why w.grad[1] | relu
w = torch.tensor([1.0, -2.0], requires_grad=True)
torch.relu(w).sum().backward()  # <-

# %% dead-relu | why fc.weight.grad | relu
fc, out = nn.Linear(2, 3), nn.Linear(3, 1)
with torch.no_grad():
    fc.bias.fill_(-100.0)
h = torch.relu(fc(torch.ones(4, 2)))  # <-
out(h).sum().backward()

# %% saturated | why w.grad | sigmoid
w = torch.tensor(100.0, requires_grad=True)
torch.sigmoid(w).backward()  # <-

# %% saturated | why w.grad | tanh
w = torch.tensor([50.0, -50.0], requires_grad=True)
y = torch.tanh(w * 2)  # <-
y.sum().backward()

# %% saturated | why w.grad | _softmax
w = torch.tensor([1000.0, 0.0], requires_grad=True)
p = torch.softmax(w, 0)  # <-
p[0].backward()

# %% clamped | why w.grad | clamp
w = torch.tensor([3.0, 4.0], requires_grad=True)
y = w.clamp(0, 1)  # <-
y.sum().backward()

# %% clamped | why w.grad[0] | hardtanh
w = torch.tensor([3.0, 0.4], requires_grad=True)
F.hardtanh(w).sum().backward()  # <-

# %% not-chosen | why w.grad[0] | max
w = torch.tensor([1.0, 4.0], requires_grad=True)
w.max().backward()  # <-

# %% not-chosen | why w.grad[1] | maximum
w = torch.tensor([1.0, 4.0], requires_grad=True)
torch.maximum(w, torch.tensor([0.0, 9.0])).sum().backward()  # <-

# %% not-chosen | why x.grad[0, 0, 0, 0] | max_pool2d
x = torch.arange(16.0).reshape(1, 1, 4, 4).requires_grad_()
F.max_pool2d(x, 2).sum().backward()  # <-

# %% masked | why w.grad[0] | where
w = torch.tensor([1.0, 4.0], requires_grad=True)
torch.where(w > 2, w, torch.zeros(2)).sum().backward()  # <-

# %% masked | why w.grad[1] | masked_fill
w = torch.tensor([1.0, 4.0], requires_grad=True)
y = w.masked_fill(w > 2, 0.0)  # <-
y.sum().backward()

# %% masked | why w.grad[0] | select
w = torch.tensor([1.0, 4.0], requires_grad=True)
w[1].backward()  # <-

# %% masked | why emb.weight.grad[2, 0] | embedding
emb = nn.Embedding(4, 2)
emb(torch.tensor([0, 1])).sum().backward()  # <-

# %% times-zero | why w.grad | mul
w = torch.tensor([1.0, 4.0], requires_grad=True)
gate = torch.zeros(2)
y = w * gate  # <-
y.sum().backward()

# %% times-zero | why fc1.weight.grad | addmm
fc1, fc2 = nn.Linear(2, 3), nn.Linear(3, 1)
nn.init.zeros_(fc2.weight)  # <-
h = torch.tanh(fc1(torch.ones(4, 2)))
y = fc2(h)
y.sum().backward()

# %% times-zero | why w.grad | pow
w = torch.zeros(2, requires_grad=True)
(w ** 2).sum().backward()  # <-

# %% flat | why w.grad | round
w = torch.tensor([1.2, 4.7], requires_grad=True)
y = torch.round(w * 2)  # <-
y.sum().backward()

# %% flat | why w.grad | sign
w = torch.tensor([1.2, -4.7], requires_grad=True)
w.sign().sum().backward()  # <-

# %% constant | why w.grad | _softmax
w = torch.tensor([[1.2], [4.7]], requires_grad=True)
p = torch.softmax(w, dim=1)  # <-
(p * torch.tensor([[1.0], [2.0]])).sum().backward()

# %% cancelled | why w.grad
w = torch.tensor([1.2, 4.7], requires_grad=True)
(w * 2 - w - w).sum().backward()

# %% underflow | why w.grad | mul
w = torch.tensor(1.0, requires_grad=True)
y = w * 1e-30  # <-
z = y * 1e-30
z.backward()

# %% zero-seed | why w.grad
w = torch.tensor([1.2, 4.7], requires_grad=True)
y = w * 3
y.backward(torch.zeros(2))

# %% zeroed | why w.grad
w = torch.tensor([1.2, 4.7], requires_grad=True)
(w * 3).sum().backward()
w.grad.zero_()  # <-

# %% kink | why w.grad | abs
w = torch.zeros(2, requires_grad=True)
w.abs().sum().backward()  # <-

# %% hook | why x.grad | mul
x = torch.ones(2, requires_grad=True)
y = x * 2
y.register_hook(lambda g: g * 0)  # <-
y.sum().backward()

# %% zero-seed | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
y = w * 3
y.backward(torch.zeros(2))  # <-

# %% constant | why logits.grad
logits = torch.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
loss = torch.softmax(logits, 1).sum()  # <-
loss.backward()

# %% masked | why emb.weight.grad[0]
torch.manual_seed(0)
emb = nn.Embedding(5, 3, padding_idx=0)
out = emb(torch.tensor([[0, 1, 2]]))  # <-
out.sum().backward()

# %% saturated | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 8), nn.Sigmoid(), nn.Linear(8, 1))
with torch.no_grad():
    net[0].weight.mul_(1e4)
net(torch.randn(4, 2)).sum().backward()

# %% hook | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
h = w * 2
h.register_hook(lambda g: g * 0)
h.sum().backward()

# %% flat | why model.weight.grad
torch.manual_seed(0)
model = nn.Linear(3, 1)
out = torch.sigmoid(model(torch.randn(4, 3))).round()  # <-
loss = (out - 1).pow(2).mean()
loss.backward()

# %% cancelled | why x.grad
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = (x - x.mean()).sum()  # <-
y.backward()
