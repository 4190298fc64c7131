"""Passes that raise: freed, written in place, without a graph, as people post them."""

# %% freed | problems | comes from before
torch.manual_seed(0)
model = nn.LSTM(3, 6, num_layers=2)
fc = nn.Linear(6, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(list(model.parameters()) + list(fc.parameters()), lr=1e-3)
def init_hidden():
    return (torch.zeros(2, 4, 6), torch.zeros(2, 4, 6))
hidden = init_hidden()
for epoch in range(2):
    for i in range(2):
        optimizer.zero_grad()
        out, hidden = model(torch.randn(5, 4, 3), hidden)
        loss = criterion(fc(out[-1]), torch.randn(4, 1))
        loss.backward()  # <-
        optimizer.step()

# %% root-without-graph | problems | max
torch.manual_seed(0)
model = nn.Linear(4, 3)
opt = torch.optim.Adam(model.parameters())
x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
for _ in range(2):
    out = model(x)
    _, predicted = torch.max(out, 1)  # <-
    loss = ((predicted - y) ** 2).float().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% root-without-graph | problems | frozen
torch.manual_seed(0)
model = nn.Linear(4, 1)
for p in model.parameters():
    p.requires_grad = False  # <-
x = torch.randn(3, 4)
loss = model(x).sum()
loss.backward()

# %% modified | problems
torch.manual_seed(0)
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
    def forward(self, x):
        out = torch.tanh(self.conv(x))
        res = out
        out = self.act(out)  # <-
        return out + res
net = Block()
net(torch.randn(1, 2, 4, 4)).sum().backward()

# %% modified | problems
torch.manual_seed(0)
lin = nn.Linear(3, 3)
x = torch.randn(2, 3)
h = [torch.zeros(2, 3)]
mem = torch.zeros(4, 2, 3)
for t in range(3):
    mem[t + 1] = torch.sigmoid(lin(mem[t]))  # <-
loss = mem.sum()
loss.backward()

# %% modified | problems
torch.manual_seed(0)
a = torch.randn(3, requires_grad=True)
b = a * a
c = b.sqrt()
b += 1
c -= 1  # <-
c.sum().backward()

# %% leaf-in-place | problems
w = torch.ones(3, requires_grad=True)
x = torch.randn(3)
for _ in range(2):
    loss = (w * x).sum()
    loss.backward()
    w -= 0.01 * w.grad  # <-

# %% leaf-in-place | problems
emb = nn.Embedding(4, 2)
emb.weight[0] = torch.zeros(2)  # <-

# %% view-in-place | problems
x = torch.randn(4, 3, requires_grad=True)
parts = (x * 2).chunk(2, dim=0)
parts[0].add_(1)  # <-
sum(p.sum() for p in parts).backward()

# %% root-without-graph | problems | addmm
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
def evaluate(x):
    torch.set_grad_enabled(False)
    return model(x).mean()
evaluate(torch.randn(2, 3))
loss = F.mse_loss(model(torch.randn(4, 3)), torch.zeros(4, 1))  # <-
loss.backward()

# %% freed | problems
w = torch.tensor(1.0, requires_grad=True)
x = torch.linspace(0, 1, 5)
features = torch.sin(w * x)
for step in range(3):
    loss = (features - x).pow(2).sum()
    loss.backward()  # <-
    w.data -= 0.1 * w.grad
    w.grad = None

# %% modified | problems
torch.manual_seed(0)
netG, netD = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 4), nn.LeakyReLU(0.2, inplace=True), nn.Linear(4, 1))
optG, optD = torch.optim.Adam(netG.parameters()), torch.optim.Adam(netD.parameters())
fake = netG(torch.randn(3, 2))
errD = F.softplus(netD(fake)).mean()
errG = F.softplus(-netD(fake)).mean()
errD.backward(retain_graph=True)
optD.step()  # <-
errG.backward()
optG.step()

# %% freed | problems
torch.manual_seed(0)
netG, netD = nn.Linear(2, 2), nn.Linear(2, 1)
fake = netG(torch.randn(3, 2))
errD = F.softplus(netD(fake)).mean()
errD.backward()
errG = F.softplus(-netD(fake)).mean()
errG.backward()  # <-

# %% root-without-graph | problems | new tensor
torch.manual_seed(0)
X, y = torch.randn(10, 2), torch.randn(10)
w = torch.zeros(2, requires_grad=True)
lr = 0.1
for epoch in range(3):
    loss = ((X @ w - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w = w - lr * w.grad  # <-

# %% not-scalar | problems
torch.manual_seed(0)
model = nn.Linear(3, 2)
crit = nn.MSELoss(reduction="none")
loss = crit(model(torch.randn(4, 3)), torch.zeros(4, 2))
loss.backward()  # <-

# %% root-without-graph | problems | multinomial
torch.manual_seed(0)
policy = nn.Linear(4, 2)
opt = torch.optim.Adam(policy.parameters())
state = torch.randn(5, 4)
action = torch.distributions.Categorical(logits=policy(state)).sample()  # <-
reward = torch.randn(5)
loss = -(action * reward).mean()
opt.zero_grad()
loss.backward()

# %% root-without-graph | problems | gt
torch.manual_seed(0)
net = nn.Linear(3, 1)
y = torch.tensor([[1.0], [0.0], [1.0]])
pred = (torch.sigmoid(net(torch.randn(3, 3))) > 0.5).float()  # <-
loss = F.mse_loss(pred, y)
loss.backward()

# %% modified | problems
torch.manual_seed(0)
x = torch.randn(4, 3, requires_grad=True)
w = torch.randn(3, 3, requires_grad=True)
y = x @ w
y[:, 0] = y[:, 0] ** 2
z = torch.exp(y)
z[z > 2] = 2.0  # <-
z.sum().backward()

# %% modified | problems
torch.manual_seed(0)
policy, value = nn.Linear(3, 2), nn.Linear(3, 1)
po, vo = torch.optim.Adam(policy.parameters()), torch.optim.Adam(value.parameters())
s = torch.randn(4, 3)
v = value(torch.relu(value.weight * s))
adv = 1.0 - v
vl = adv.pow(2).mean()
pl = -(torch.log_softmax(policy(s), 1)[:, 0] * adv.squeeze(1)).mean()
vl.backward(retain_graph=True)
vo.step()  # <-
pl.backward()
po.step()

# %% modified | problems
torch.manual_seed(0)
bn = nn.BatchNorm1d(3)
x = torch.randn(4, 3, requires_grad=True)
a = torch.tanh(x)
b = a.sub_(1)  # <-
bn(b).pow(2).sum().backward()

# %% freed | problems
torch.manual_seed(0)
model, ema_loss = nn.Linear(3, 1), 0
opt = torch.optim.SGD(model.parameters(), 0.1)
for _ in range(3):
    loss = model(torch.randn(4, 3)).pow(2).mean()
    ema_loss = 0.9 * ema_loss + 0.1 * loss
    opt.zero_grad()
    ema_loss.backward()  # <-
    opt.step()

# %% freed | problems
torch.manual_seed(0)
x = torch.randn(3, requires_grad=True)
y = x.pow(2).sum()
g = torch.autograd.grad(y, x)[0]
h = torch.autograd.grad(y, x)[0]  # <-

# %% root-without-graph | problems
torch.manual_seed(0)
x = torch.randn(3, requires_grad=True)
y = x.pow(2).sum()
g, = torch.autograd.grad(y, x)  # <-
g.sum().backward()

# %% root-without-graph | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
model.eval()
with torch.no_grad():
    pred = model(torch.randn(4, 3))  # <-
loss = nn.MSELoss()(pred, torch.zeros(4, 1))
loss.backward()

# %% root-without-graph | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
loss = torch.tensor(0.0)
for _ in range(3):
    loss += F.mse_loss(model(torch.randn(4, 3)), torch.zeros(4, 1)).item()  # <-
loss.backward()

# %% root-without-graph | problems | argsort
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
idx = torch.argsort(w)  # <-
loss = (idx.float() - torch.tensor([0.0, 1.0, 2.0])).pow(2).sum()
loss.backward()

# %% root-without-graph | problems | topk
torch.manual_seed(0)
logits = nn.Linear(3, 4)(torch.randn(5, 3))
top, arg = logits.topk(2, dim=1)  # <-
loss = arg.float().mean()
loss.backward()

# %% root-without-graph | problems
torch.manual_seed(0)
x = torch.linspace(0, 1, 10)
w = torch.rand(1)  # <-
loss = ((w * x - 2 * x) ** 2).mean()
loss.backward()
