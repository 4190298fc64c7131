"""Gradients that are zero, as people post them."""

# %% hook | why net.0.weight.grad
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
net[0].weight.register_hook(lambda g: torch.zeros_like(g))
net(torch.randn(5, 3)).sum().backward()

# %% shared | why enc.weight.grad
torch.manual_seed(0)
enc, dec = nn.Embedding(6, 3), nn.Linear(3, 6, bias=False)
dec.weight = enc.weight
loss = F.cross_entropy(dec(enc(torch.tensor([1, 2]))), torch.tensor([2, 3]))
loss.backward()

# %% flat | why net.weight.grad
torch.manual_seed(0)
net = nn.Linear(3, 1)
pred = torch.sign(net(torch.randn(6, 3)))  # <-
F.mse_loss(pred, torch.ones(6, 1)).backward()

# %% dead-relu | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
nn.init.constant_(net[0].bias, -20.0)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(16, 3), torch.randn(16, 1)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(net(x), y).backward()
    opt.step()

# %% underflow | problems | mm
torch.manual_seed(0)
rnn = nn.RNN(3, 8)
with torch.no_grad():
    for p in rnn.parameters():
        p.mul_(0.1)
emb = nn.Linear(2, 3)
x = emb(torch.randn(1, 1, 2))
seq = torch.cat([x, torch.zeros(40, 1, 3)])
out, h = rnn(seq)
out[-1].pow(2).sum().backward()

# %% cancelled | why x.grad
torch.manual_seed(0)
x = torch.randn(8, 3, requires_grad=True)
bn = nn.BatchNorm1d(3)
bn(x).sum().backward()

# %% constant | problems
torch.manual_seed(0)
fc = nn.Linear(4, 1)
opt = torch.optim.SGD(fc.parameters(), lr=0.1)
x, y = torch.randn(6, 4), torch.randint(0, 2, (6, 1)).float()
for _ in range(3):
    p = F.softmax(fc(x), dim=1)  # <-
    loss = F.mse_loss(p, y)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% constant | problems
torch.manual_seed(0)
fc = nn.Linear(4, 1)
opt = torch.optim.SGD(fc.parameters(), lr=0.1)
x = torch.randn(6, 4)
y = torch.zeros(6, dtype=torch.long)
for _ in range(3):
    loss = F.cross_entropy(fc(x), y)  # <-
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% masked | why emb.weight.grad[0]
torch.manual_seed(0)
emb = nn.Embedding(10, 3, padding_idx=0)
emb(torch.tensor([[0, 2, 3], [0, 0, 4]])).sum().backward()  # <-

# %% not-chosen | why conv.weight.grad[0]
torch.manual_seed(0)
conv = nn.Conv1d(1, 2, 1, bias=False)
with torch.no_grad():
    conv.weight[0], conv.weight[1] = -1.0, 1.0
x = torch.ones(1, 1, 4)
y = conv(x).max(dim=1).values  # <-
y.sum().backward()

# %% times-zero | why a.grad
a = torch.ones(3, requires_grad=True)
alpha = torch.tensor(0.0)
loss = (a * 2).sum() * alpha  # <-
loss.backward()

# %% times-zero | why fc2.weight.grad
torch.manual_seed(0)
fc1, fc2 = nn.Linear(3, 4), nn.Linear(4, 1)
nn.init.zeros_(fc1.weight)
nn.init.zeros_(fc1.bias)
h = torch.tanh(fc1(torch.randn(2, 3)))
fc2(h).sum().backward()

# %% clamped | why log_std.grad
log_std = torch.tensor([5.0], requires_grad=True)
std = log_std.clamp(-20, 2).exp()  # <-
(std * 3).sum().backward()

# %% clamped | why w.grad
w = torch.tensor([-3.0, 7.0], requires_grad=True)
F.relu6(w).sum().backward()  # <-

# %% clamped | why w.grad | clamp
w = torch.tensor([-3.0, -7.0], requires_grad=True)
loss = torch.clamp(w, min=0).sum()  # <-
loss.backward()

# %% zeroed | why w.grad
w = torch.ones(3, requires_grad=True)
(w ** 2).sum().backward()
w.grad.data.zero_()  # <-

# %% two-passes | why w.grad
w = torch.tensor(3.0, requires_grad=True)
y = w ** 2
y.backward(retain_graph=True)
y.backward()  # <-

# %% vanishing | problems
torch.manual_seed(0)
cell = nn.RNNCell(2, 4)
inp = nn.Linear(2, 2)
with torch.no_grad():
    cell.weight_hh.mul_(0.3)
h = cell(inp(torch.randn(1, 2)), torch.zeros(1, 4))
for _ in range(25):
    h = cell(torch.zeros(1, 2), h)
h.sum().backward()

# %% hook | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
net[2].register_full_backward_hook(lambda m, gi, go: (torch.zeros_like(gi[0]),))
opt = torch.optim.SGD(net.parameters(), 0.1)
for _ in range(3):
    opt.zero_grad()
    net(torch.randn(5, 3)).pow(2).mean().backward()
    opt.step()
