"""Programs that raise in backward(), or because of what autograd forbids."""

# %% freed | problems | MulBackward0
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w * w).sum()
loss.backward()
loss.backward()  # <-

# %% freed | problems
w = torch.ones(2, 2, requires_grad=True)
h = torch.zeros(1, 2)
for _ in range(2):
    h = torch.tanh(h @ w + 1)
    h.sum().backward()  # <-

# %% freed | problems
w = torch.tensor([1.0, 2.0], requires_grad=True)
features = w.exp()
features.sum().backward()
(features * 2).sum().backward()  # <-

# %% modified | problems | add_
w = torch.tensor([1.0, 2.0], requires_grad=True)
y = w.exp()
loss = y.sum()
y.add_(1)  # <-
loss.backward()

# %% modified | problems | relu_
w = torch.tensor([1.0, 2.0], requires_grad=True)
h = torch.sigmoid(w)
y = h * 2
torch.relu_(h)  # <-
(y + h).sum().backward()

# %% modified | problems | mul_
a = torch.tensor([1.0, 2.0], requires_grad=True)
b = a * 2
c = b * b
b[0].mul_(5)  # <-
c.sum().backward()

# %% modified | problems | add_
model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
loss = model(torch.ones(1, 2)).sum()
loss.backward(retain_graph=True)
opt.step()  # <-
loss.backward()

# %% not-scalar | problems
w = torch.tensor([1.0, 2.0], requires_grad=True)
(w * 2).backward()  # <-

# %% root-without-graph | problems | detach
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w * 2).detach().sum()  # <-
loss.backward()

# %% root-without-graph | problems | mul
w = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.no_grad():
    loss = (w * 2).sum()  # <-
loss.backward()

# %% root-without-graph | problems
x = torch.tensor([1.0, 2.0])  # <-
x.sum().backward()

# %% root-without-graph | problems | argmax
scores = torch.tensor([1.0, 2.0], requires_grad=True)
loss = scores.argmax().float()  # <-
loss.backward()

# %% leaf-in-place | problems
w = torch.tensor([1.0, 2.0], requires_grad=True)
w += 1  # <-

# %% leaf-in-place | problems
w = torch.tensor([1.0, 2.0], requires_grad=True)
w[0] = 5.0  # <-

# %% shape-mismatch | problems
w = torch.ones(2, 3, requires_grad=True)
(w @ torch.ones(2, 3)).sum().backward()  # <-

# %% shape-mismatch | problems
w = torch.ones(3, requires_grad=True)
y = w * 2
y.backward(torch.ones(2))  # <-

# %% dtype-mismatch | problems
w = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
nn.Linear(2, 1)(w)  # <-

# %% integer | problems
n = torch.tensor([1, 2], requires_grad=True)  # <-

# %% not-connected | problems
w = torch.ones(2, requires_grad=True)
b = torch.ones(2, requires_grad=True)
torch.autograd.grad((w * 2).sum(), b)  # <-

# %% wrong-backward | problems
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        return x * k
    @staticmethod
    def backward(ctx, g):
        return g * 2
w = torch.ones(2, requires_grad=True)
Twice.apply(w, 2).sum().backward()  # <-

# %% wrong-backward | problems
class Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.sum()
    @staticmethod
    def backward(ctx, g):
        return g.expand(5)
w = torch.ones(2, requires_grad=True)
Total.apply(w).backward()  # <-

# %% no-backward | problems
w = torch.ones(2, requires_grad=True)
loss = (w * 2).sum()
w.data -= 0.1 * w.grad  # <-

# %% not-a-leaf | problems
w = torch.ones(2, requires_grad=True) * 2
torch.optim.SGD([w], lr=0.1)  # <-

# %% left-torch | problems
w = torch.ones(2, requires_grad=True)
w.numpy()  # <-

# %% empty | problems
net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
net(torch.randn(1, 2))  # <-

# %% no-grad | problems
w = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.inference_mode():
    h = torch.ones(2) * 2
(w * h).sum().backward()  # <-

# %% left-torch | problems
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = float((w * 2).sum())  # <-
loss.backward()

# %% view-in-place | problems
x = torch.ones(1, requires_grad=True)
y = (x * 1).expand(3)
y += 1  # <-

# %% not-differentiable | problems
w = torch.tensor([5.0, 3.0], requires_grad=True)
(w // 2).sum().backward()  # <-

# %% root-without-graph | problems | no_grad
torch.manual_seed(0)
net = nn.Linear(2, 2)
with torch.no_grad():
    loss = net(torch.randn(3, 2)).pow(2).mean()  # <-
loss.backward()

# %% root-without-graph | problems | argmax
torch.manual_seed(0)
net = nn.Linear(2, 2)
target = torch.tensor([0, 1, 1])
pred = net(torch.randn(3, 2)).argmax(1)  # <-
loss = (pred - target).float().abs().mean()
loss.backward()

# %% modified | problems
torch.manual_seed(0)
G, D = nn.Linear(2, 2), nn.Linear(2, 1)
optG, optD = torch.optim.SGD(G.parameters(), 0.1), torch.optim.SGD(D.parameters(), 0.1)
fake = G(torch.randn(4, 2))
score = D(fake)
lossD = score.mean()
lossG = -score.mean()
lossD.backward(retain_graph=True)
optD.step()  # <-
lossG.backward()
optG.step()

# %% freed | problems
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
scale = (w * 2).exp()
for batch in range(2):
    loss = (scale * torch.randn(3)).sum()
    loss.backward()  # <-

# %% freed | problems
torch.manual_seed(0)
enc, a, b = nn.Linear(2, 3), nn.Linear(3, 1), nn.Linear(3, 1)
h = torch.tanh(enc(torch.randn(4, 2)))
la, lb = a(h).mean(), b(h).mean()
la.backward()
lb.backward()  # <-

# %% modified | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 3), nn.Sigmoid(), nn.ReLU(inplace=True))
out = net(torch.randn(2, 3))  # <-
out.sum().backward()

# %% view-in-place | problems
x = torch.randn(2, 4, requires_grad=True)
y = x * 2
a, b = y.unbind(0)
a += b  # <-
y.sum().backward()
