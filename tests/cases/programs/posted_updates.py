"""Steps and clips in vain, losses of the wrong form, numbers taken out: as people post them."""

# %% clipped-in-vain | problems | clip_grad_norm_
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(16, 4), torch.randn(16, 1)
for epoch in range(4):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # <-
    loss.backward()
    optimizer.step()

# %% undone | problems | weight
torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
best = {k: v.clone() for k, v in model.state_dict().items()}
data = [(torch.randn(4, 3), torch.randn(4, 1)) for _ in range(4)]
for x, y in data:
    model.load_state_dict(best)  # <-
    loss = F.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% undone | problems | w
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
w0 = w.detach().clone()
opt = torch.optim.SGD([w], lr=0.1)
X, y = torch.randn(8, 3), torch.randn(8)
for t in range(5):
    w.data.copy_(w0)  # <-
    loss = ((X @ w - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% clipped-in-vain | problems | zeroed
torch.manual_seed(0)
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for i in range(3):
    out = model(torch.randn(8, 4) * 100)
    loss = out.pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    nn.utils.clip_grad_value_(model.parameters(), 0.5)  # <-

# %% never-updated | problems | body.weight
torch.manual_seed(0)
body, head = nn.Linear(4, 8), nn.Linear(8, 2)
optimizer = torch.optim.SGD([{'params': body.parameters(), 'lr': 0.0}, {'params': head.parameters()}], lr=0.1)  # <-
for _ in range(3):
    x, y = torch.randn(6, 4), torch.randint(0, 2, (6,))
    optimizer.zero_grad()
    F.cross_entropy(head(torch.relu(body(x))), y).backward()
    optimizer.step()

# %% never-updated | problems | fell
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=1, gamma=0.01)  # <-
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(12):
    opt.zero_grad()
    F.mse_loss(model(x), y).backward()
    opt.step()
    sched.step()

# %% stepped-twice | problems | weight
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    loss = model(torch.randn(4, 3)).pow(2).mean()
    loss.backward()
    opt.step()
    opt.step()  # <-

# %% stepped-twice | problems | enc.weight
torch.manual_seed(0)
enc = nn.Linear(4, 4, bias=False)
dec = nn.Linear(4, 4, bias=False)
dec.weight = enc.weight
opt = torch.optim.SGD(list(enc.parameters()) + list(dec.parameters()), lr=0.1)  # <-
for _ in range(3):
    x = torch.randn(5, 4)
    opt.zero_grad()
    F.mse_loss(dec(torch.tanh(enc(x))), x).backward()
    opt.step()

# %% dead-relu | problems | died
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.SGD(net.parameters(), lr=50.0)
x, y = torch.rand(16, 4), torch.rand(16, 1)
for _ in range(4):
    opt.zero_grad()
    loss = F.mse_loss(net(x), y)  # <-
    loss.backward()
    opt.step()

# %% underflow | why w.grad | pow
torch.manual_seed(0)
w = torch.full((4,), 1e-4, dtype=torch.float16, requires_grad=True)
x = torch.full((4,), 1e-3, dtype=torch.float16)
loss = ((w * x) ** 2).sum() * 1e-3  # <-
loss.backward()

# %% left-torch | problems | torch.tensor
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
losses = [model(torch.randn(4, 3)).pow(2).mean() for _ in range(3)]
total = torch.tensor(losses, requires_grad=True).mean()  # <-
opt.zero_grad()
total.backward()
opt.step()

# %% root-without-graph | problems | numpy
torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=-1))
opt = torch.optim.Adam(policy.parameters(), lr=1e-2)
state = torch.randn(4)
probs = policy(state).detach().numpy()  # <-
action = int(np.argmax(probs))
loss = -torch.log(torch.tensor(probs[action])) * 1.0
opt.zero_grad()
loss.backward()

# %% no-requires-grad | problems | x
x = torch.tensor([1.0, 2.0])  # <-
y = (x ** 2).sum()
x.requires_grad_(True)
z = y * torch.tensor(3.0, requires_grad=True)
z.backward()

# %% hook | problems | 0.weight
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
mask = torch.zeros(4, 3)
net[0].weight.register_hook(lambda g: g * mask)  # <-
net(torch.randn(8, 3)).pow(2).mean().backward()

# %% no-create-graph | problems | autograd.grad
torch.manual_seed(0)
D = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
opt = torch.optim.Adam(D.parameters(), lr=1e-3)
x = torch.randn(6, 2, requires_grad=True)
for _ in range(2):
    out = D(x)
    g, = torch.autograd.grad(out.sum(), x, retain_graph=True)  # <-
    gp = ((g.norm(2, dim=1) - 1) ** 2).mean()
    loss = out.mean() + 10 * gp
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% softmax-dimension | problems | att
torch.manual_seed(0)
q = nn.Linear(4, 4)
k = nn.Linear(4, 4)
v = nn.Linear(4, 4)
opt = torch.optim.SGD([*q.parameters(), *k.parameters(), *v.parameters()], lr=0.1)
x = torch.randn(2, 5, 4)
for _ in range(2):
    scores = q(x) @ k(x).transpose(-2, -1) / 2.0
    att = torch.softmax(scores, dim=1)  # <-
    loss = (att @ v(x)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% clipped-scores | problems | relu
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.ReLU())
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(32, 4), torch.randint(0, 3, (32,))
for _ in range(3):
    loss = nn.CrossEntropyLoss()(net(x), y)  # <-
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% ascended | problems | 
torch.manual_seed(0)
model = nn.Linear(4, 3)
opt = torch.optim.SGD(model.parameters(), lr=0.5)
x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
for _ in range(6):
    logp = F.log_softmax(model(x), 1)
    loss = logp[torch.arange(8), y].mean()  # <-
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% not-differentiable | problems | sample
torch.manual_seed(0)
mu = nn.Linear(3, 2)
opt = torch.optim.SGD(mu.parameters(), lr=0.1)
x = torch.randn(4, 3)
for _ in range(2):
    z = torch.normal(mu(x), torch.ones(4, 2))  # <-
    loss = z.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% padding | why emb.weight.grad | row 0
torch.manual_seed(0)
emb = nn.Embedding(4, 3, padding_idx=0)
head = nn.Linear(3, 2)
out = head(emb(torch.tensor([0, 0, 0])))  # <-
loss = F.cross_entropy(out, torch.tensor([0, 1, 0]))
loss.backward()

# %% freed | problems | running
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
running = 0
for i in range(3):
    x = torch.randn(4, 3)
    loss = model(x).pow(2).mean()
    running = running + loss
    opt.zero_grad()
    running.backward()  # <-
    opt.step()

# %% freed | problems | hidden
torch.manual_seed(0)
lstm = nn.LSTM(3, 4, batch_first=True)
head = nn.Linear(4, 1)
params = list(lstm.parameters()) + list(head.parameters())
opt = torch.optim.SGD(params, lr=0.1)
hidden = (torch.zeros(1, 2, 4), torch.zeros(1, 2, 4))
for x in torch.randn(3, 2, 5, 3):
    opt.zero_grad()
    out, hidden = lstm(x, hidden)
    loss = head(out[:, -1]).pow(2).mean()
    loss.backward()  # <-
    opt.step()
