"""Graphs that are cut off or left, as people post them."""

# %% left-torch | problems
torch.manual_seed(0)
model = nn.Linear(4, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
def my_loss(out, target):
    diff = out.detach().numpy() - target.numpy()  # <-
    return torch.tensor(np.mean(diff ** 2), requires_grad=True)
for _ in range(3):
    opt.zero_grad()
    loss = my_loss(model(torch.randn(8, 4)), torch.randn(8, 1))
    loss.backward()
    opt.step()

# %% left-torch | why model.weight.grad
torch.manual_seed(0)
model = nn.Linear(3, 1)
outputs = model(torch.randn(4, 3))
loss = torch.tensor(F.mse_loss(outputs, torch.zeros(4, 1)), requires_grad=True)  # <-
loss.backward()

# %% integer | problems
labels = torch.arange(4, requires_grad=True)  # <-
(labels * 2.0).sum().backward()

# %% data | why fc.weight.grad
torch.manual_seed(0)
fc, out = nn.Linear(3, 3), nn.Linear(3, 1)
x = torch.randn(2, 3)
h = fc(x)
h = torch.relu(h.data)  # <-
out(h).sum().backward()

# %% detached | why enc.weight.grad | detach
torch.manual_seed(0)
enc, dec = nn.Linear(3, 2), nn.Linear(2, 3)
z = enc(torch.randn(4, 3)).detach().cpu().numpy()  # <-
z = torch.from_numpy(z / np.abs(z).max())
F.mse_loss(dec(z), torch.randn(4, 3)).backward()

# %% no-requires-grad | why w.grad
w = torch.randn(3)  # <-
x = torch.randn(3, requires_grad=True)
loss = (w * x).sum()
w.requires_grad_(True)
loss.backward()

# %% frozen | why backbone.weight.grad
torch.manual_seed(0)
backbone, head = nn.Linear(4, 4), nn.Linear(4, 2)
for param in backbone.parameters():
    param.requires_grad = False
F.cross_entropy(head(torch.relu(backbone(torch.randn(3, 4)))), torch.tensor([0, 1, 1])).backward()

# %% no-backward | problems
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
loss = (w ** 2).sum()
with torch.no_grad():
    w -= 0.1 * w.grad  # <-

# %% not-a-leaf | problems
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
w = w * 2  # <-
loss = (w ** 2).sum()
loss.backward()
with torch.no_grad():
    w -= 0.1 * w.grad

# %% detached | problems
torch.manual_seed(0)
G, D = nn.Linear(2, 2), nn.Linear(2, 1)
og, od = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
for _ in range(3):
    fake = G(torch.randn(4, 2)).detach()  # <-
    od.zero_grad()
    (F.softplus(D(fake)).mean() + F.softplus(-D(torch.randn(4, 2))).mean()).backward()
    od.step()
    og.zero_grad()
    F.softplus(-D(fake)).mean().backward()
    og.step()

# %% no-grad | why model.weight.grad
torch.manual_seed(0)
model, head = nn.Linear(3, 2), nn.Linear(2, 1)
@torch.no_grad()
def features(x):
    return torch.relu(model(x))  # <-
loss = head(features(torch.randn(4, 3))).mean()
loss.backward()

# %% cleared | why w.grad
w = torch.ones(2, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
(w ** 2).sum().backward()
opt.zero_grad(set_to_none=True)  # <-
opt.step()

# %% left-torch | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.fc = nn.Linear(3, 1)
    def forward(self, x):
        return self.fc(x) * float(self.scale)  # <-
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(2):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(4, 3)), torch.zeros(4, 1)).backward()
    opt.step()

# %% detached | why enc.weight.grad
torch.manual_seed(0)
enc, dec = nn.Linear(4, 2), nn.Linear(2, 4)
x = torch.randn(3, 4)
z = enc(x)
q = torch.round(z).detach()  # <-
F.mse_loss(dec(q), x).backward()

# %% left-torch | problems
torch.manual_seed(0)
net = nn.Linear(4, 2)
opt = torch.optim.SGD(net.parameters(), 0.1)
for _ in range(2):
    out = net(torch.randn(3, 4))
    loss = sum([o.item() ** 2 for o in out.flatten()])  # <-
    loss = torch.tensor(loss, requires_grad=True)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% left-torch | problems
torch.manual_seed(0)
net = nn.Linear(4, 1)
pred = net(torch.randn(3, 4))
corr = np.corrcoef(pred.detach().numpy().ravel(), np.arange(3))[0, 1]  # <-
loss = torch.tensor(1 - corr, requires_grad=True)
loss.backward()

# %% data | why net.weight.grad
torch.manual_seed(0)
net, head = nn.Linear(4, 4), nn.Linear(4, 1)
feats = net(torch.randn(3, 4)).data  # <-
loss = head(feats).mean()
loss.backward()

# %% not-a-leaf | why w.grad
w = torch.ones(3, requires_grad=True).to(torch.float64)  # <-
(w * 2).sum().backward()

# %% not-a-leaf | why y.grad
x = torch.ones(3, requires_grad=True)
y = x * 2  # <-
z = y.sum()
z.backward()

# %% no-requires-grad | why w.grad
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.w = torch.ones(3)  # <-
    def forward(self, x):
        return (self.fc(x) * self.w).sum(1)
net = Net()
net(torch.randn(4, 3)).pow(2).mean().backward()

# %% frozen | why fc.weight.grad
torch.manual_seed(0)
fc = nn.Linear(3, 2).requires_grad_(False)
head = nn.Linear(2, 1)
head(fc(torch.randn(3, 3))).sum().backward()

# %% not-connected | why w2.grad
w1, w2 = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
penalty = (w2 ** 2).sum()  # <-
loss = (w1 * 3).sum()
loss.backward()
