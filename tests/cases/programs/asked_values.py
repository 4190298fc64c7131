"""Numbers as in questions of forums: losses that become NaN, gradients that are zero."""

# %% exp-overflow | problems
torch.manual_seed(0)
net = nn.Linear(4, 3)
opt = torch.optim.SGD(net.parameters(), lr=100.0)
x, y = 50 * torch.randn(6, 4), torch.randint(0, 3, (6,))
for _ in range(4):
    loss = torch.exp(F.cross_entropy(net(x), y) / 2)  # <-
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% overflow | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
opt = torch.optim.SGD(net.parameters(), lr=50.0)
x, y = torch.randn(16, 4), torch.randn(16, 1)
for _ in range(30):
    loss = F.mse_loss(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% log-of-zero | problems
torch.manual_seed(0)
logits = torch.tensor([[200.0, -200.0], [0.0, 0.0]], requires_grad=True)
p = torch.softmax(logits, 1)
loss = -(torch.tensor([[0.0, 1.0], [1.0, 0.0]]) * torch.log(p)).sum()  # <-
loss.backward()

# %% log-of-zero | problems
p = torch.tensor([0.5, 0.0, 0.5], requires_grad=True)
ent = -(p * p.log()).sum()  # <-
ent.backward()

# %% empty | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
x, y = torch.randn(4, 3), torch.randn(4, 1)
mask = y > 100
loss = (model(x) - y)[mask].pow(2).mean()  # <-
loss.backward()

# %% empty | problems
bn = nn.BatchNorm1d(4)
y = bn(torch.randn(1, 4))  # <-
y.sum().backward()

# %% empty | problems
x = torch.randn(1, 4, requires_grad=True)
loss = x.std(dim=0).sum()  # <-
loss.backward()

# %% power | problems
x = torch.tensor([-2.0, 3.0], requires_grad=True)
y = x ** 1.5  # <-
y.sum().backward()

# %% sqrt-at-zero | problems
a = torch.randn(3, 2, requires_grad=True)
d = ((a[:, None] - a[None]) ** 2).sum(-1).sqrt()  # <-
d.mean().backward()

# %% division-by-zero | problems
e = torch.zeros(3, 4, requires_grad=True)
n = e / e.norm(dim=1, keepdim=True)  # <-
n.sum().backward()

# %% domain | problems
u = torch.tensor([1.0, 0.0], requires_grad=True)
v = torch.tensor([1.0, 0.0])
angle = torch.acos((u * v).sum() / (u.norm() * v.norm()))  # <-
angle.backward()

# %% vanishing | problems
torch.manual_seed(0)
net = nn.Sequential(*[m for _ in range(20) for m in (nn.Linear(8, 8), nn.Sigmoid())], nn.Linear(8, 1))
net(torch.randn(16, 8)).pow(2).mean().backward()

# %% dead-relu | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
with torch.no_grad():
    net[0].bias -= 100
for _ in range(2):
    F.mse_loss(net(torch.randn(8, 4)), torch.ones(8, 1)).backward()
    net.zero_grad()

# %% times-zero | why net.0.weight.grad
net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
for m in net:
    nn.init.zeros_(m.weight)
net(torch.randn(5, 3)).sum().backward()

# %% hook | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
y = w * 2
y.register_hook(lambda g: g * 0)
y.sum().backward()

# %% clamped | why w.grad
w = torch.tensor([3.0], requires_grad=True)
p = torch.clamp(w, 0.0, 1.0)  # <-
F.binary_cross_entropy(p, torch.zeros(1)).backward()

# %% saturated | why w.grad
w = torch.tensor([80.0], requires_grad=True)
p = torch.sigmoid(w)  # <-
F.mse_loss(p, torch.zeros(1)).backward()

# %% constant | why w.grad
w = torch.randn(3, requires_grad=True)
p = torch.softmax(w, 0)  # <-
p.sum().backward()

# %% input | problems
x = torch.tensor([[1.0, 2.0], [float("nan"), 1.0]])  # <-
model = nn.Linear(2, 1)
loss = model(x).mean()
loss.backward()

# %% division-by-zero | problems
x = torch.tensor([[1.0, 1.0], [1.0, 2.0]])
w = torch.ones(2, requires_grad=True)
n = (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)  # <-
(n * w).sum().backward()

# %% all-masked | problems
torch.manual_seed(0)
q = torch.randn(2, 3, requires_grad=True)
mask = torch.tensor([[True, True, True], [False, True, False]])
a = q.masked_fill(mask, float("-inf")).softmax(-1)  # <-
a.sum().backward()

# %% log-of-zero | problems
w = torch.full((4,), 0.01, requires_grad=True)
p = torch.prod(torch.full((40,), 0.01) * w[0])
loss = -torch.log(p)  # <-
loss.backward()

# %% domain | problems
torch.manual_seed(0)
logits = nn.Linear(3, 1)(torch.randn(4, 3))
loss = F.binary_cross_entropy(logits * 3, torch.ones(4, 1))  # <-
loss.backward()

# %% log-of-zero | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
loss = -torch.log(net(torch.randn(6, 3))).mean()  # <-
loss.backward()

# %% log-of-negative | problems
torch.manual_seed(0)
net = nn.Linear(3, 3)
loss = -torch.log(net(torch.randn(6, 3))).mean()  # <-
loss.backward()

# %% sqrt-of-negative | problems
torch.manual_seed(0)
x = torch.randn(6, 3, requires_grad=True)
var = (x ** 2).mean(0) - 4 * x.mean(0) ** 2 - 1
s = torch.sqrt(var)  # <-
s.sum().backward()

# %% exp-overflow | problems
x = torch.tensor([[1000.0, 10.0]], requires_grad=True)
p = x.exp() / x.exp().sum(1, keepdim=True)  # <-
p[0, 0].backward()

# %% exp-overflow | problems
logvar = torch.tensor([200.0], requires_grad=True)
mu = torch.tensor([1.0], requires_grad=True)
kl = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum()  # <-
kl.backward()

# %% log-of-zero | problems
p = torch.tensor([0.0, 1.0], requires_grad=True)
t = torch.tensor([0.0, 1.0])
loss = -(t * torch.log(p) + (1 - t) * torch.log(1 - p)).sum()  # <-
loss.backward()

# %% masked-nan | problems
x = torch.tensor([1.0, 0.0], requires_grad=True)
y = torch.where(x != 0, 1 / x, torch.zeros(2)).sum()  # <-
y.backward()

# %% power | problems
x = torch.tensor([0.0, 4.0], requires_grad=True)
y = (x ** 0.5).sum()  # <-
y.backward()

# %% input | problems
torch.manual_seed(0)
data = np.array([[1.0, 2.0], [np.nan, 3.0]], dtype=np.float32)
x = torch.from_numpy(data)  # <-
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    loss = model(x).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% dead-relu | why w.grad
w = torch.tensor([0.0, 0.0], requires_grad=True)
y = torch.relu(w)  # <-
y.sum().backward()
