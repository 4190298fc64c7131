"""Training as in questions of forums: what does not learn, and losses given something else."""

# %% never-updated | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(2, 4), nn.Linear(4, 1)]  # <-
        self.out = nn.Linear(1, 1)
    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.out(x)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(8, 2), torch.randn(8, 1)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(net(x), y).backward()
    opt.step()

# %% never-updated | problems
torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
model.weight = nn.Parameter(torch.randn(1, 2))  # <-
x, y = torch.randn(4, 2), torch.randn(4, 1)
for _ in range(3):
    opt.zero_grad()
    model.zero_grad()
    F.mse_loss(model(x), y).backward()
    opt.step()

# %% shape-mismatch | problems
model = nn.Linear(2, 2)
logits = model(torch.randn(4, 2))
target = torch.tensor([0.0, 1.0, 1.0, 0.0])
loss = F.cross_entropy(logits, target.unsqueeze(1))  # <-
loss.backward()

# %% shape-mismatch | problems
model = nn.Linear(3, 1)
x, y = torch.randn(4, 3), torch.ones(4)
loss = F.binary_cross_entropy_with_logits(model(x), y)  # <-
loss.backward()

# %% dtype-mismatch | problems
model = nn.Linear(3, 1)
x, y = torch.randn(4, 3).double(), torch.ones(4, 1)
loss = F.mse_loss(model(x), y)  # <-
loss.backward()

# %% softmax-twice | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.soft = nn.Softmax(dim=1)
    def forward(self, x):
        return self.soft(self.fc(x))  # <-
net, crit = Net(), nn.CrossEntropyLoss()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(6, 4), torch.randint(0, 3, (6,))
for _ in range(2):
    opt.zero_grad()
    crit(net(x), y).backward()
    opt.step()

# %% softmax-twice | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(dim=0))
x, y = torch.randn(6, 4), torch.randint(0, 3, (6,))
F.cross_entropy(net(x), y).backward()

# %% broadcast | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(10, 3), torch.randn(10)
for _ in range(2):
    pred = model(x)
    loss = torch.mean((pred - y) ** 2)  # <-
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% broadcast | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
x, y = torch.randn(10, 3), torch.randn(10)
loss = nn.SmoothL1Loss()(model(x), y)  # <-
loss.backward()

# %% graph-kept | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.01)
losses = []
total = 0
for _ in range(5):
    loss = model(torch.randn(4, 3)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    total += loss  # <-

# %% not-zeroed | problems
w = torch.tensor(0.5, requires_grad=True)
x, y = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0])
for _ in range(4):
    loss = ((w * x - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad

# %% not-zeroed | problems
torch.manual_seed(0)
G, D = nn.Linear(2, 2), nn.Linear(2, 1)
og, od = torch.optim.SGD(G.parameters(), 0.1), torch.optim.SGD(D.parameters(), 0.1)
for _ in range(3):
    fake = G(torch.randn(4, 2))
    d = F.softplus(D(fake.detach())).mean() + F.softplus(-D(torch.randn(4, 2))).mean()
    d.backward()
    od.step()
    og.zero_grad()
    F.softplus(-D(fake)).mean().backward()
    og.step()

# %% zeroed-before-step | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(3):
    loss = model(torch.randn(4, 3)).pow(2).mean()
    loss.backward()
    model.zero_grad()  # <-
    opt.step()

# %% unused-parameter | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 1)
        self.scale = nn.Parameter(torch.ones(1))
    def forward(self, x):
        return self.b(self.a(x))
net = Net()
opt = torch.optim.SGD(net.parameters(), 0.1)
for _ in range(2):
    opt.zero_grad()
    net(torch.randn(4, 3)).mean().backward()
    opt.step()

# %% never-updated | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
model = nn.Linear(3, 1)  # <-
for _ in range(3):
    loss = model(torch.randn(4, 3)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% unused-parameter | problems
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.ws = [nn.Parameter(torch.randn(2, 2)) for _ in range(2)]
net = Net()
opt = torch.optim.Adam(net.parameters())  # <-

# %% dtype-mismatch | problems
torch.manual_seed(0)
logits = nn.Linear(3, 2)(torch.randn(4, 3))
y = torch.tensor([0.0, 1.0, 1.0, 0.0])
loss = F.nll_loss(F.log_softmax(logits, 1), y)  # <-
loss.backward()

# %% out-of-range | problems
torch.manual_seed(0)
logits = nn.Linear(3, 2)(torch.randn(4, 3))
loss = F.cross_entropy(logits, torch.tensor([1, 2, 0, 1]))  # <-

# %% out-of-range | problems
emb = nn.Embedding(5, 3)
emb(torch.tensor([1, 5]))  # <-

# %% shape-mismatch | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 10))
net(torch.randn(2, 1, 8, 8))  # <-

# %% shape-mismatch | problems
x, w = torch.randn(4, 3), torch.randn(4, 3, requires_grad=True)
y = x @ w  # <-

# %% shape-mismatch | problems
a = torch.randn(4, 3, requires_grad=True)
b = a + torch.randn(4)  # <-

# %% shape-mismatch | problems
lstm = nn.LSTM(3, 5)
out, _ = lstm(torch.randn(7, 2, 4))  # <-

# %% graph-kept | problems
torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), 0.01)
losses = []
for _ in range(6):
    loss = model(torch.randn(4, 2)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    losses.append(loss)
mean = sum(losses) / len(losses)  # <-

# %% broadcast | problems
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
x, y = torch.randn(10, 3), torch.randint(0, 2, (10,)).float()
loss = (torch.sigmoid(model(x)) - y).abs().mean()  # <-
loss.backward()

# %% softmax-twice | problems
torch.manual_seed(0)
x, y = torch.randn(10, 3), torch.randint(0, 2, (10, 1)).float()
p = torch.sigmoid(nn.Linear(3, 1)(x))  # <-
loss = nn.BCEWithLogitsLoss()(p, y)
loss.backward()

# %% not-zeroed | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.Adam(model.parameters(), 0.01)
for _ in range(4):
    loss = model(torch.randn(4, 3)).pow(2).mean()
    loss.backward()
    opt.step()
