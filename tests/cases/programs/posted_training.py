"""Training that does not learn, shapes and types that do not fit, as people post them."""

# %% not-zeroed | problems
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
X, Y = torch.randn(32, 10), torch.randn(32, 1)
for epoch in range(5):
    for i in range(0, 32, 8):
        pred = model(X[i:i + 8])
        loss = F.mse_loss(pred, Y[i:i + 8])
        loss.backward()  # <-
        optimizer.step()
    print(epoch, loss.item())

# %% softmax-dimension | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 4)
    def forward(self, x):
        return F.log_softmax(self.fc(x), dim=0)  # <-
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(2):
    opt.zero_grad()
    loss = nn.NLLLoss()(net(torch.randn(6, 5)), torch.randint(0, 4, (6,)))
    loss.backward()
    opt.step()

# %% never-updated | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(3, 4)
        self.hidden = {"a": nn.Linear(4, 4), "b": nn.Linear(4, 4)}  # <-
        self.out = nn.Linear(4, 1)
    def forward(self, x):
        h = torch.tanh(self.inp(x))
        for layer in self.hidden.values():
            h = torch.tanh(layer(h))
        return self.out(h)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
for _ in range(3):
    optimizer.zero_grad()
    F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    optimizer.step()

# %% never-updated | problems
torch.manual_seed(0)
encoder, decoder = nn.Linear(4, 2), nn.Linear(2, 4)
opt = torch.optim.Adam(encoder.parameters(), lr=1e-3)
for _ in range(4):
    x = torch.randn(8, 4)
    opt.zero_grad()
    loss = F.mse_loss(decoder(torch.tanh(encoder(x))), x)
    loss.backward()
    opt.step()

# %% broadcast | problems
torch.manual_seed(0)
model = nn.Linear(5, 1)
opt = torch.optim.SGD(model.parameters(), lr=1e-2)
X = torch.randn(20, 5)
y = X @ torch.randn(5)
for _ in range(3):
    opt.zero_grad()
    loss = ((model(X) - y) ** 2).sum() / len(y)  # <-
    loss.backward()
    opt.step()

# %% never-updated | problems
torch.manual_seed(0)
model = nn.Linear(4, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda e: 0.0)
x, y = torch.randn(8, 4), torch.randn(8, 1)
for _ in range(4):
    opt.zero_grad()
    F.mse_loss(model(x), y).backward()
    opt.step()
    sched.step()

# %% never-updated | problems
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
opt = torch.optim.Adam(model[2].parameters(), lr=0.1)
x, y = torch.randn(8, 4), torch.randn(8, 1)
for _ in range(4):
    opt.zero_grad()
    F.mse_loss(model(x), y).backward()
    opt.step()

# %% not-zeroed | problems
torch.manual_seed(0)
model = nn.Linear(4, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
x, y = torch.randn(8, 4), torch.randn(8, 1)
opt.zero_grad()
for epoch in range(3):
    loss = ((model(x) - y) ** 2).mean()
    loss.backward()  # <-
    opt.step()

# %% zeroed-before-step | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(4):
    loss = F.mse_loss(model(x), y)
    loss.backward()
    opt.zero_grad()  # <-
    opt.step()

# %% softmax-twice | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), nn.Softmax(dim=-1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
crit = nn.CrossEntropyLoss()
x, y = torch.randn(12, 4), torch.randint(0, 3, (12,))
for _ in range(3):
    opt.zero_grad()
    loss = crit(net(x), y)
    loss.backward()
    opt.step()

# %% dtype-mismatch | problems
data = np.random.rand(4, 3)
x = torch.from_numpy(data)
model = nn.Linear(3, 1)
out = model(x)  # <-

# %% dtype-mismatch | problems
torch.manual_seed(0)
emb = nn.Embedding(5, 2)
idx = torch.tensor([1.0, 2.0])
emb(idx)  # <-

# %% shape-mismatch | problems
torch.manual_seed(0)
conv = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2))
fc = nn.Linear(8 * 6 * 6, 10)
x = conv(torch.randn(4, 3, 16, 16))
out = fc(x.view(-1, 8 * 6 * 6))  # <-
F.cross_entropy(out, torch.tensor([1, 2, 3, 4])).backward()

# %% shape-mismatch | problems
torch.manual_seed(0)
conv = nn.Conv1d(4, 8, 3)
conv(torch.randn(2, 10, 4))  # <-

# %% out-of-range | problems
torch.manual_seed(0)
fc = nn.Linear(4, 3)
y = torch.tensor([1, 2, 3])
F.cross_entropy(fc(torch.randn(3, 4)), y)  # <-

# %% graph-kept | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.01)
running_loss = 0.0
for i in range(6):
    opt.zero_grad()
    loss = F.mse_loss(model(torch.randn(4, 3)), torch.randn(4, 1))
    loss.backward()
    opt.step()
    running_loss += loss  # <-
print(running_loss / 6)

# %% not-zeroed | problems
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.Adam(net.parameters(), 1e-2)
def train(x, y):
    loss = F.mse_loss(net(x), y)
    loss.backward()  # <-
    opt.step()
    return loss.item()
for _ in range(4):
    train(torch.randn(8, 3), torch.randn(8, 1))

# %% never-updated | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.w = torch.ones(3, requires_grad=True)  # <-
    def forward(self, x):
        return (self.fc(x) * self.w).sum(1)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    net(torch.randn(4, 3)).pow(2).mean().backward()
    opt.step()

# %% softmax-dimension | problems
torch.manual_seed(0)
net = nn.Linear(5, 3)
x, y = torch.randn(8, 5), torch.randint(0, 3, (8,))
p = nn.Softmax(dim=0)(net(x))  # <-
loss = F.nll_loss(torch.log(p), y)
loss.backward()

# %% softmax-twice | problems
torch.manual_seed(0)
net = nn.Linear(5, 1)
y = torch.randint(0, 2, (6, 1)).float()
out = torch.sigmoid(net(torch.randn(6, 5)))  # <-
loss = F.binary_cross_entropy_with_logits(out, y)
loss.backward()

# %% broadcast | problems
torch.manual_seed(0)
critic = nn.Linear(4, 1)
s, r = torch.randn(16, 4), torch.randn(16)
target = r + 0.99 * critic(s).detach().squeeze()
loss = F.smooth_l1_loss(critic(s), target)  # <-
loss.backward()

# %% broadcast | problems
torch.manual_seed(0)
critic = nn.Linear(4, 1)
s, s2, r = torch.randn(16, 4), torch.randn(16, 4), torch.randn(16)
target = r + 0.99 * critic(s2).detach()  # <-
loss = F.mse_loss(critic(s), target)
loss.backward()

# %% zeroed-before-step | problems
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.Adam(net.parameters())
for _ in range(3):
    F.mse_loss(net(torch.randn(8, 3)), torch.zeros(8, 1)).backward()
    for p in net.parameters():
        p.grad.zero_()  # <-
    opt.step()

# %% shape-mismatch | problems
torch.manual_seed(0)
fc = nn.Linear(10, 2)
fc(torch.randn(4, 8))  # <-

# %% shape-mismatch | problems
torch.manual_seed(0)
a, b = torch.randn(2, 3, requires_grad=True), torch.randn(2, 4)
torch.cat([a, b], dim=0)  # <-

# %% shape-mismatch | problems
x = torch.randn(4, 6, requires_grad=True)
x.view(5, 5)  # <-

# %% dtype-mismatch | problems
fc = nn.Linear(3, 3)
y = torch.tensor([0, 1, 2])
F.mse_loss(fc(torch.randn(3, 3)).argmax(1), y).backward()  # <-

# %% dtype-mismatch | problems
torch.manual_seed(0)
net = nn.Linear(3, 1)
y = torch.tensor([[1], [0], [1]])
loss = F.binary_cross_entropy_with_logits(net(torch.randn(3, 3)), y)  # <-
loss.backward()
