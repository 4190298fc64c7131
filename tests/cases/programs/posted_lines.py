"""The line to change: an optimizer made too early or of too little, a loop that grows: as people post them."""

# %% never-updated | problems | fc.weight
torch.manual_seed(0)
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.fc = nn.Linear(8, 10)
    def forward(self, x):
        return self.fc(torch.relu(self.body(x)))
model = M()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
model.fc = nn.Linear(8, 2)  # <-
for _ in range(3):
    x, y = torch.randn(6, 4), torch.randint(0, 2, (6,))
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()

# %% never-updated | problems | head.weight
torch.manual_seed(0)
body, head = nn.Linear(4, 8), nn.Linear(8, 2)
optimizer = torch.optim.SGD(body.parameters(), lr=0.1)  # <-
for _ in range(3):
    x, y = torch.randn(6, 4), torch.randint(0, 2, (6,))
    optimizer.zero_grad()
    F.cross_entropy(head(torch.relu(body(x))), y).backward()
    optimizer.step()

# %% overflow | problems | rounds
torch.manual_seed(0)
W = (torch.randn(8, 8)).requires_grad_()
U = torch.randn(8, 3, requires_grad=True)
h = torch.zeros(8)
for t in range(60):
    h = W @ h + U @ torch.randn(3)  # <-
loss = h.pow(2).mean()
loss.backward()

# %% not-averaged | problems | 4 mean losses
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.01)
data = [(torch.randn(4, 3), torch.randn(4, 1)) for _ in range(8)]
opt.zero_grad()
for i, (x, y) in enumerate(data):
    loss = F.mse_loss(model(x), y)
    loss.backward()  # <-
    if (i + 1) % 4 == 0:
        opt.step()
        opt.zero_grad()

# %% never-updated | problems | made anew
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)
    def forward(self, x):
        out = nn.Linear(4, 1)  # <-
        return out(torch.tanh(self.fc(x)))
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1)).backward()
    opt.step()

# %% scheduled-early | problems | scheduler
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=10, gamma=0.1)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(3):
    sched.step()  # <-
    opt.zero_grad()
    F.mse_loss(model(x), y).backward()
    opt.step()
