"""Healthy training as people post it: every optimiser, GANs, policies, physics, accumulation on purpose."""

# %% every optimizer
torch.manual_seed(0)
x, y = torch.randn(16, 3), torch.randn(16, 1)
for make in (lambda p: torch.optim.SGD(p, lr=0.05), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4),
             torch.optim.Adam, torch.optim.AdamW, torch.optim.Adamax, torch.optim.NAdam, torch.optim.RAdam, torch.optim.RMSprop,
             torch.optim.Rprop, torch.optim.Adagrad, torch.optim.Adadelta, torch.optim.ASGD):
    net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    opt = make(net.parameters())
    for _ in range(3):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()

# %% sigmoid GAN with BCE
torch.manual_seed(0)
G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())
og, od = torch.optim.Adam(G.parameters(), 2e-4, betas=(0.5, 0.999)), torch.optim.Adam(D.parameters(), 2e-4, betas=(0.5, 0.999))
bce = nn.BCELoss()
for _ in range(4):
    real = torch.randn(8, 2) + 2
    D.zero_grad()
    e = bce(D(real), torch.ones(8, 1)); e.backward()
    fake = G(torch.randn(8, 4))
    e2 = bce(D(fake.detach()), torch.zeros(8, 1)); e2.backward()
    od.step()
    G.zero_grad()
    g = bce(D(fake), torch.ones(8, 1)); g.backward()
    og.step()

# %% WGAN with clipping, n critic
torch.manual_seed(0)
G, C = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
og, oc = torch.optim.RMSprop(G.parameters(), 5e-5), torch.optim.RMSprop(C.parameters(), 5e-5)
for it in range(9):
    for p in C.parameters():
        p.data.clamp_(-0.01, 0.01)
    oc.zero_grad()
    loss = C(G(torch.randn(4, 2)).detach()).mean() - C(torch.randn(4, 2)).mean()
    loss.backward()
    oc.step()
    if it % 3 == 2:
        og.zero_grad()
        (-C(G(torch.randn(4, 2))).mean()).backward()
        og.step()

# %% beta VAE
torch.manual_seed(0)
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Linear(6, 8); self.mu = nn.Linear(8, 2); self.lv = nn.Linear(8, 2); self.d = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 6))
    def forward(self, x):
        h = torch.relu(self.e(x)); mu, lv = self.mu(h), self.lv(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * lv)
        return torch.sigmoid(self.d(z)), mu, lv
net = VAE(); opt = torch.optim.Adam(net.parameters(), 1e-3)
for _ in range(3):
    x = torch.rand(8, 6)
    r, mu, lv = net(x)
    loss = F.binary_cross_entropy(r, x, reduction="sum") - 0.5 * torch.sum(1 + lv - mu.pow(2) - lv.exp())
    opt.zero_grad(); loss.backward(); opt.step()

# %% LSTM classifier, packed by hand, gradient clipping
torch.manual_seed(0)
emb, lstm, fc = nn.Embedding(20, 6, padding_idx=0), nn.LSTM(6, 8, batch_first=True, bidirectional=True), nn.Linear(16, 3)
params = [*emb.parameters(), *lstm.parameters(), *fc.parameters()]
opt = torch.optim.Adam(params, 1e-2)
for _ in range(3):
    seq = torch.randint(1, 20, (4, 5)); seq[:, 4] = 0
    out, (h, c) = lstm(emb(seq))
    loss = F.cross_entropy(fc(out.mean(1)), torch.randint(0, 3, (4,)))
    opt.zero_grad(); loss.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    opt.step()

# %% attention from scratch with padding mask
torch.manual_seed(0)
q, k, v = (nn.Linear(8, 8) for _ in range(3))
opt = torch.optim.SGD([*q.parameters(), *k.parameters(), *v.parameters()], 0.1)
x = torch.randn(2, 5, 8)
pad = torch.tensor([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]).bool()
for _ in range(2):
    s = q(x) @ k(x).transpose(-2, -1) / 8 ** 0.5
    s = s.masked_fill(pad[:, None, :], float("-inf"))
    o = torch.softmax(s, dim=-1) @ v(x)
    loss = o[~pad].pow(2).mean()
    opt.zero_grad(); loss.backward(); opt.step()

# %% double backward, Hessian by rows
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = (x ** 3).sum() + x.prod()
g, = torch.autograd.grad(y, x, create_graph=True)
H = torch.stack([torch.autograd.grad(g[i], x, retain_graph=True)[0] for i in range(3)])

# %% gradient accumulation with remainder
torch.manual_seed(0)
model = nn.Linear(3, 1); opt = torch.optim.AdamW(model.parameters(), 1e-2)
opt.zero_grad()
for i in range(10):
    loss = F.mse_loss(model(torch.randn(4, 3)), torch.randn(4, 1)) / 4
    loss.backward()
    if (i + 1) % 4 == 0:
        opt.step(); opt.zero_grad()

# %% gradient accumulation, zero at the end with clip
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 1)); opt = torch.optim.SGD(model.parameters(), 1e-2)
for step in range(3):
    for micro in range(2):
        loss = F.l1_loss(model(torch.randn(4, 3)), torch.randn(4, 1)) / 2
        loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    opt.step()
    opt.zero_grad(set_to_none=True)

# %% EMA with deepcopy
import copy
torch.manual_seed(0)
net = nn.Linear(3, 2); ema = copy.deepcopy(net)
for p in ema.parameters(): p.requires_grad_(False)
opt = torch.optim.Adam(net.parameters())
for _ in range(4):
    x = torch.randn(5, 3)
    with torch.no_grad(): target = ema(x)
    loss = F.mse_loss(net(x), target + 0.1)
    opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        for a, b in zip(ema.parameters(), net.parameters()):
            a.mul_(0.99).add_(b, alpha=0.01)

# %% frozen backbone in eval and no_grad
torch.manual_seed(0)
body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
head = nn.Linear(4, 2)
opt = torch.optim.SGD(head.parameters(), 0.1)
for _ in range(3):
    with torch.no_grad():
        f = body(torch.randn(4, 1, 6, 6))
    loss = F.cross_entropy(head(f), torch.tensor([0, 1, 0, 1]))
    opt.zero_grad(); loss.backward(); opt.step()

# %% frozen backbone by filter
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
for p in net[0].parameters(): p.requires_grad = False
opt = torch.optim.SGD(filter(lambda p: p.requires_grad, net.parameters()), 0.1)
for _ in range(3):
    opt.zero_grad(); F.cross_entropy(net(torch.randn(4, 4)), torch.tensor([0, 1, 1, 0])).backward(); opt.step()

# %% REINFORCE over an episode
torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2)); opt = torch.optim.Adam(policy.parameters(), 1e-2)
for ep in range(3):
    logs, rewards = [], []
    s = torch.randn(3)
    for t in range(5):
        m = torch.distributions.Categorical(logits=policy(s))
        a = m.sample()
        logs.append(m.log_prob(a)); rewards.append(float(a.item()))
        s = torch.randn(3)
    R, returns = 0.0, []
    for r in rewards[::-1]:
        R = r + 0.9 * R; returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-6)
    loss = -(torch.stack(logs) * returns).sum()
    opt.zero_grad(); loss.backward(); opt.step()

# %% PPO clipped
torch.manual_seed(0)
pi, vf = nn.Linear(4, 2), nn.Linear(4, 1)
opt = torch.optim.Adam([*pi.parameters(), *vf.parameters()], 3e-3)
s = torch.randn(16, 4)
with torch.no_grad():
    d = torch.distributions.Categorical(logits=pi(s)); a = d.sample(); old = d.log_prob(a)
    adv = torch.randn(16); ret = torch.randn(16)
for _ in range(3):
    d = torch.distributions.Categorical(logits=pi(s))
    ratio = (d.log_prob(a) - old).exp()
    loss = -torch.min(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean() + 0.5 * F.mse_loss(vf(s).squeeze(-1), ret) - 0.01 * d.entropy().mean()
    opt.zero_grad(); loss.backward(); opt.step()

# %% DQN gather
torch.manual_seed(0)
qn, target = nn.Linear(3, 4), nn.Linear(3, 4)
target.load_state_dict(qn.state_dict())
opt = torch.optim.Adam(qn.parameters())
for i in range(4):
    s, a, r, s2 = torch.randn(8, 3), torch.randint(0, 4, (8, 1)), torch.randn(8), torch.randn(8, 3)
    qv = qn(s).gather(1, a).squeeze(1)
    with torch.no_grad(): t = r + 0.9 * target(s2).max(1)[0]
    loss = F.smooth_l1_loss(qv, t)
    opt.zero_grad(); loss.backward(); opt.step()

# %% physics informed
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 10), nn.Tanh(), nn.Linear(10, 1)); opt = torch.optim.Adam(net.parameters(), 1e-2)
for _ in range(3):
    t = torch.rand(12, 1, requires_grad=True)
    u = net(t)
    du = torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]
    d2 = torch.autograd.grad(du, t, torch.ones_like(du), create_graph=True)[0]
    loss = (d2 + u).pow(2).mean() + (net(torch.zeros(1, 1)) - 1).pow(2).mean()
    opt.zero_grad(); loss.backward(); opt.step()

# %% autoencoder with dropout
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.Dropout(0.3), nn.Linear(3, 6)); opt = torch.optim.SGD(net.parameters(), 0.1)
for _ in range(3):
    x = torch.rand(16, 6); loss = F.mse_loss(net(x), x)
    opt.zero_grad(); loss.backward(); opt.step()

# %% siamese with triplet loss
torch.manual_seed(0)
net = nn.Linear(4, 3); opt = torch.optim.SGD(net.parameters(), 0.1); crit = nn.TripletMarginLoss()
for _ in range(3):
    loss = crit(net(torch.randn(6, 4)), net(torch.randn(6, 4)), net(torch.randn(6, 4)))
    opt.zero_grad(); loss.backward(); opt.step()
