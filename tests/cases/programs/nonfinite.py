"""Programs after which a value or a gradient is NaN or infinite."""

# %% masked-nan | why x.grad | sqrt
x = torch.tensor([0.0, 4.0], requires_grad=True)
y = torch.where(x > 0, x.sqrt(), torch.zeros(2))  # <-
y.sum().backward()

# %% masked-nan | why x.grad | log
x = torch.tensor([0.0, 4.0], requires_grad=True)
logs = x.log()  # <-
y = torch.where(x > 0, logs, torch.zeros(2))
y.sum().backward()

# %% masked-nan | problems | reciprocal
x = torch.tensor([0.0, 4.0], requires_grad=True)
inverse = 1 / x  # <-
y = torch.where(x == 0, torch.zeros(2), inverse)
y.sum().backward()

# %% masked-nan | why x.grad | sqrt
x = torch.tensor([0.0, 4.0], requires_grad=True)
mask = torch.tensor([0.0, 1.0])
y = x.sqrt() * mask  # <-
y.sum().backward()

# %% masked-nan | why x.grad | exp
x = torch.tensor([100.0, 1.0], requires_grad=True)
e = torch.exp(x)  # <-
y = torch.where(x > 50, x, e)
y.sum().backward()

# %% log-of-zero | value loss | log
p = torch.tensor([0.0, 1.0], requires_grad=True)
loss = -(torch.tensor([1.0, 0.0]) * torch.log(p)).sum()  # <-
loss.backward()

# %% log-of-zero | problems | log
logits = torch.tensor([200.0, -200.0], requires_grad=True)
p = torch.softmax(logits, 0)
loss = -torch.log(p)[1]  # <-
loss.backward()

# %% log-of-zero | value loss | log
q = torch.tensor([0.0, 0.5], requires_grad=True)
entropy = -(q * q.log())  # <-
loss = entropy.sum()

# %% log-of-negative | value y | log
x = torch.tensor([-1.0, 2.0], requires_grad=True)
y = x.log()  # <-

# %% sqrt-at-zero | why x.grad | sqrt
x = torch.tensor([0.0, 0.0], requires_grad=True)
d = ((x ** 2).sum()).sqrt()  # <-
d.backward()

# %% sqrt-of-negative | value y | sqrt
x = torch.tensor([-1.0, 2.0], requires_grad=True)
y = x.sqrt()  # <-

# %% division-by-zero | value y | div
x = torch.tensor([1.0, 2.0], requires_grad=True)
n = torch.tensor([0.0, 1.0])
y = x / n  # <-
y.sum().backward()

# %% division-by-zero | value unit | div
v = torch.zeros(3, requires_grad=True)
unit = v / v.norm()  # <-
unit.sum().backward()

# %% kink | why x.grad | std
x = torch.ones(3, requires_grad=True)
s = x.std()  # <-
s.backward()

# %% empty | value m | mean
x = torch.ones(3, requires_grad=True)
m = x[x > 5].mean()  # <-
m.backward()

# %% empty | value s | std
x = torch.ones(1, requires_grad=True)
s = x.std()  # <-

# %% empty | value z | std
x = torch.randn(1, 4, requires_grad=True)
z = (x - x.mean(0)) / x.std(0)  # <-

# %% log-of-zero | value w | log
w = torch.zeros(1, requires_grad=True)
for _ in range(2):
    p = torch.sigmoid(w * 1.0)
    loss = -torch.log(1 - p).sum()  # <-
    loss.backward()
    with torch.no_grad():
        w = w - 1000.0 * w.grad + 1000.0
        w.requires_grad_()

# %% exp-overflow | value y | exp
x = torch.tensor([1000.0, 1.0], requires_grad=True)
y = x.exp()  # <-
y.sum().backward()

# %% exp-overflow | value p | exp
x = torch.tensor([1000.0, 1.0], requires_grad=True)
e = torch.exp(x)  # <-
p = e / e.sum()
p[0].backward()

# %% overflow | value y | mul
x = torch.tensor([60000.0], dtype=torch.float16, requires_grad=True)
y = x * 2  # <-

# %% power | why x.grad | pow
x = torch.tensor([0.0, 1.0], requires_grad=True)
(x ** 0.5).sum().backward()  # <-

# %% domain | why x.grad | acos
x = torch.tensor([1.0, 0.5], requires_grad=True)
angle = torch.acos(x)  # <-
angle.sum().backward()

# %% input | value loss
x = torch.tensor([1.0, float("nan")])  # <-
w = torch.ones(2, requires_grad=True)
loss = (x * w).sum()
loss.backward()

# %% all-masked | value a | _softmax
scores = torch.zeros(2, 3, requires_grad=True)
mask = torch.tensor([[True, True, True], [False, False, True]])
a = torch.softmax(scores.masked_fill(mask, float("-inf")), -1)  # <-
a.sum().backward()

# %% inf-minus-inf | value y | sub
x = torch.full((2,), float("inf"))
w = torch.ones(2, requires_grad=True)
y = x * w - x  # <-

# %% overflow | problems | pow
w = torch.tensor(2.0, requires_grad=True)
for step in range(40):
    loss = w ** 4
    grad, = torch.autograd.grad(loss, w)
    with torch.no_grad():
        w -= 5.0 * grad

# %% overflow | problems | diverges
torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=1e3)
x, y = torch.randn(8, 2) * 10, torch.randn(8, 1)
for _ in range(30):
    opt.zero_grad()
    loss = ((model(x) - y) ** 2).mean()  # <-
    loss.backward()
    opt.step()

# %% division-by-zero | value z | div
x = torch.ones(3, requires_grad=True)
z = (x - x.mean()) / x.std()  # <-
z.sum().backward()

# %% empty | value loss | nll_loss
w = torch.randn(2, 3, requires_grad=True)
loss = F.cross_entropy(w, torch.tensor([-100, -100]))  # <-
loss.backward()

# %% sqrt-at-zero | why a.grad | sqrt
a = torch.randn(3, 2, requires_grad=True)
d = ((a[:, None] - a[None]) ** 2).sum(-1).sqrt()  # <-
d.sum().backward()

# %% masked-nan | why a.grad
a = torch.tensor([100.0, -1.0], requires_grad=True)
b = torch.where(a <= 0, torch.exp(a), 1 + a)  # <-
b.sum().backward()

# %% masked-nan | why x.grad
x = torch.tensor([-10.0, 5.0, 100.0], requires_grad=True)
y = torch.exp(x)  # <-
z = y.clamp(max=1)
z.sum().backward()

# %% masked-nan | why x1.grad
x1 = torch.tensor([0.0, 2.0, 3.0], requires_grad=True)
y1 = torch.where(x1 > 2, torch.log2(x1), 2 * x1)  # <-
y1.sum().backward()

# %% exp-overflow | value kl
mu = torch.zeros(2, requires_grad=True)
logvar = torch.tensor([100.0, 1.0], requires_grad=True)
kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum()  # <-
kl.backward()

# %% all-masked | value att
q = torch.randn(2, 4, requires_grad=True)
scores = q @ q.T
mask = torch.tensor([[True, True], [False, False]])
scores = scores.masked_fill(~mask, float("-inf"))
att = scores.softmax(-1)  # <-
att.sum().backward()

# %% division-by-zero | value normalized
x = torch.tensor([[1.0, 2.0], [3.0, 3.0]], requires_grad=True)
span = x.max(1, keepdim=True).values - x.min(1, keepdim=True).values
normalized = (x - x.min(1, keepdim=True).values) / span  # <-
normalized.sum().backward()

# %% input | why w.grad
w = torch.tensor([0.0, 1.0], requires_grad=True)
big = torch.tensor([float("inf"), 2.0])  # <-
y = w * big
y.sum().backward()

# %% division-by-zero | value weights
d = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
weights = (1 / d) / (1 / d).sum()  # <-
weights.sum().backward()

# %% power | why x.grad
x = torch.tensor([-8.0, 4.0], requires_grad=True)
y = x ** (1 / 3)  # <-
y.sum().backward()

# %% exp-overflow | why x.grad[0] | exp
x = torch.tensor([1000.0, 4.0], requires_grad=True)
p = torch.exp(x) / torch.exp(x).sum()  # <-
p[0].backward()
