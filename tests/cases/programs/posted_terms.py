"""States carried over, terms that are numbers, layers that nothing trains: as people post them."""

# %% all-masked | problems | softmax
torch.manual_seed(0)
class Causal(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.qkv = nn.Linear(d, 3 * d)
    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        att = q @ k.transpose(-2, -1) / x.size(-1) ** 0.5
        hide = torch.triu(torch.ones(x.size(1), x.size(1))).bool()
        att = att.masked_fill(hide, float('-inf'))
        w = att.softmax(-1)  # <-
        return w @ v
net = Causal(4)
net(torch.randn(2, 5, 4)).mean().backward()

# %% no-requires-grad | problems | mid
torch.manual_seed(0)
critic = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
def penalty(real, fake):
    t = torch.rand(real.size(0), 1)
    mid = t * real + (1 - t) * fake  # <-
    score = critic(mid)
    g = torch.autograd.grad(score.sum(), mid, create_graph=True)[0]
    return (g.norm(dim=1) - 1).pow(2).mean()
penalty(torch.randn(4, 3), torch.randn(4, 3)).backward()

# %% modified | problems | add_
torch.manual_seed(0)
cell, out = nn.RNNCell(2, 3), nn.Linear(3, 1)
opt = torch.optim.SGD([*cell.parameters(), *out.parameters()], lr=0.1)
h = torch.zeros(1, 3)
for t in range(3):
    h = cell(torch.randn(1, 2), h)
    loss = out(h).pow(2).mean()
    opt.zero_grad()
    loss.backward(retain_graph=True)
    opt.step()  # <-

# %% freed | problems | old
torch.manual_seed(0)
pi = nn.Linear(4, 2)
opt = torch.optim.Adam(pi.parameters(), lr=0.01)
s, a, adv = torch.randn(8, 4), torch.randint(0, 2, (8, 1)), torch.randn(8, 1)
old = pi(s).log_softmax(1).gather(1, a)
for k in range(3):
    new = pi(s).log_softmax(1).gather(1, a)
    ratio = torch.exp(new - old)
    loss = -torch.min(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean()
    opt.zero_grad()
    loss.backward()  # <-
    opt.step()

# %% left-torch | problems | probs
torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=-1))
opt = torch.optim.Adam(policy.parameters(), lr=0.01)
logps, rewards = [], []
for t in range(3):
    probs = policy(torch.randn(4))
    act = int(torch.multinomial(probs, 1))
    logps.append(np.log(probs[act].item()))  # <-
    rewards.append(1.0)
loss = -(torch.tensor(logps, requires_grad=True) * torch.tensor(rewards)).sum()
opt.zero_grad()
loss.backward()
opt.step()

# %% no-requires-grad | problems | img
torch.manual_seed(0)
clf = nn.Sequential(nn.Flatten(), nn.Linear(9, 3))
img = torch.rand(1, 3, 3)  # <-
logits = clf(img)
img.requires_grad_()
logits[0, 1].backward()
sal = img.grad

# %% not-zeroed | problems | w.grad
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
A, b = torch.randn(6, 3), torch.randn(6)
opt = torch.optim.LBFGS([w], lr=0.5, max_iter=4)
def closure():
    loss = ((A @ w - b) ** 2).mean()
    loss.backward()  # <-
    return loss
for i in range(2):
    opt.step(closure)

# %% never-updated | problems
torch.manual_seed(0)
class Gates(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = {k: nn.Parameter(torch.randn(3, 3)) for k in 'io'}  # <-
        self.out = nn.Linear(3, 1)
    def forward(self, x):
        return self.out(torch.sigmoid(x @ self.w['i']) * torch.tanh(x @ self.w['o']))
gates = Gates()
opt = torch.optim.RMSprop(gates.parameters(), lr=0.01)
for i in range(3):
    opt.zero_grad()
    gates(torch.randn(4, 3)).pow(2).mean().backward()
    opt.step()

# %% never-updated | problems | clipped
torch.manual_seed(0)
f = nn.Linear(3, 1)
opt = torch.optim.SGD(f.parameters(), lr=1e-2)
for i in range(3):
    opt.zero_grad()
    F.mse_loss(f(torch.randn(4, 3)), torch.randn(4, 1)).backward()
    nn.utils.clip_grad_norm_(f.parameters(), 1e-10)  # <-
    opt.step()

# %% log-of-zero | problems | log
torch.manual_seed(0)
theta = torch.zeros(4, requires_grad=True)
p = theta.softmax(0)
like = torch.ones(())
for sym in torch.randint(0, 4, (120,)):
    like = like * p[sym]
nll = -torch.log(like)  # <-
nll.backward()

# %% hook | problems
torch.manual_seed(0)
body, top = nn.Linear(3, 3), nn.Linear(3, 1)
body.register_full_backward_hook(lambda mod, gi, go: tuple(torch.zeros_like(g) if g is not None else None for g in gi))  # <-
x = torch.randn(2, 3, requires_grad=True)
top(body(x)).sum().backward()

# %% times-zero | problems | reward
torch.manual_seed(0)
actor = nn.Linear(4, 2)
opt = torch.optim.Adam(actor.parameters(), lr=0.1)
for ep in range(3):
    obs = torch.randn(5, 4)
    dist = torch.distributions.Categorical(logits=actor(obs))
    act = dist.sample()
    reward = torch.zeros(5)
    loss = -(dist.log_prob(act) * reward).mean()  # <-
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% modified | problems | prob
torch.manual_seed(0)
head = nn.Linear(4, 5)
prob = head(torch.randn(3, 4)).softmax(1)
prob[prob < 0.15] = 0  # <-
prob.pow(2).sum().backward()

# %% modified | problems | elu
torch.manual_seed(0)
conv = nn.Linear(4, 4)
gate = nn.Parameter(torch.ones(4))
pre = conv(torch.randn(2, 4))
scaled = pre * gate
act = F.elu(pre, inplace=True)  # <-
(scaled + act).sum().backward()

# %% never-updated | problems | log_vars
torch.manual_seed(0)
trunk, ha, hb = nn.Linear(4, 4), nn.Linear(4, 1), nn.Linear(4, 1)
log_vars = nn.Parameter(torch.zeros(2))  # <-
opt = torch.optim.Adam([*trunk.parameters(), *ha.parameters(), *hb.parameters()], lr=1e-2)  # <-
for i in range(3):
    z = trunk(torch.randn(6, 4)).relu()
    la, lb = ha(z).pow(2).mean(), (hb(z) - 1).pow(2).mean()
    loss = (torch.stack([la, lb]) * torch.exp(-log_vars) + log_vars).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% norm-at-zero | problems | hypot
dx = torch.tensor([3.0, 0.0], requires_grad=True)
dy = torch.tensor([4.0, 0.0], requires_grad=True)
r = torch.hypot(dx, dy)  # <-
r.sum().backward()

# %% cancelled | problems
torch.manual_seed(0)
enc, dec = nn.Linear(4, 4), nn.Linear(4, 4)
x = torch.rand(3, 4)
z = enc(x)
zq = z + torch.round(z).detach() - z  # <-
F.mse_loss(dec(zq), x).backward()

# %% not-differentiable | problems | argmax
torch.manual_seed(0)
logits, read = nn.Linear(3, 4), nn.Linear(4, 1)
u = torch.rand(5, 4)
noisy = logits(torch.randn(5, 3)) - torch.log(-torch.log(u))
hard = F.one_hot(noisy.argmax(-1), 4).float()  # <-
read(hard).pow(2).mean().backward()

# %% left-torch | problems | item
torch.manual_seed(0)
mlp = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
opt = torch.optim.SGD(mlp.parameters(), lr=0.1)
for i in range(3):
    loss = mlp(torch.randn(4, 3)).pow(2).mean()
    reg = sum(p.pow(2).sum().item() for p in mlp.parameters())  # <-
    loss = loss + 0.01 * reg
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% no-grad | problems | checkpoint
torch.manual_seed(0)
from torch.utils.checkpoint import checkpoint
blk, fin = nn.Linear(4, 4), nn.Linear(4, 1)
h = checkpoint(blk, torch.randn(2, 4), use_reentrant=True)  # <-
fin(h).sum().backward()

# %% never-updated | problems | step
torch.manual_seed(0)
s = nn.Linear(3, 1)
opt = torch.optim.Adam(s.parameters(), lr=0.1)
train_mode = False
for i in range(4):
    opt.zero_grad()
    s(torch.randn(4, 3)).pow(2).mean().backward()  # <-
    if train_mode:
        opt.step()

# %% left-torch | problems | nll_loss
torch.manual_seed(0)
enc, dec = nn.GRU(2, 4, batch_first=True), nn.Linear(4, 3)
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters()], lr=0.01)
src, tgt = torch.randn(2, 5, 2), torch.randint(0, 3, (2, 5))
hs, _ = enc(src)
total = 0.0
for t in range(5):
    total += F.cross_entropy(dec(hs[:, t]), tgt[:, t]).item()  # <-
loss = torch.tensor(total / 5, requires_grad=True)
loss.backward()
opt.step()

# %% dead-relu | problems | relu
torch.manual_seed(0)
net = nn.Linear(3, 2)
a, p, n = torch.randn(4, 3), torch.randn(4, 3), torch.randn(4, 3) * 500
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for i in range(3):
    dp, dn = (net(a) - net(p)).pow(2).sum(1), (net(a) - net(n)).pow(2).sum(1)
    loss = F.relu(dp - dn + 1.0).mean()  # <-
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% freed | problems | state
torch.manual_seed(0)
r, o = nn.LSTMCell(2, 3), nn.Linear(3, 1)
state = (torch.zeros(1, 3), torch.zeros(1, 3))
for epoch in range(2):
    outs = []
    for t in range(3):
        state = r(torch.randn(1, 2), state)
        outs.append(o(state[0]))
    torch.cat(outs).pow(2).mean().backward()  # <-

# %% data | problems | lr
torch.manual_seed(0)
lr = torch.tensor(0.1, requires_grad=True)
w = torch.randn(3, requires_grad=True)
x, y = torch.randn(8, 3), torch.randn(8)
g = torch.autograd.grad(((x @ w - y) ** 2).mean(), w)[0]
w.data = w.data - lr.data * g  # <-
val = ((x @ w - y) ** 2).mean()
val.backward()

# %% root-without-graph | problems | .long()
scale = torch.tensor(2.5, requires_grad=True)
feats = torch.tensor([1.2, 3.4])
buckets = (feats * scale).long()  # <-
loss = (buckets.float() - 3).pow(2).sum()
loss.backward()

# %% broadcast | problems | sub
torch.manual_seed(0)
actor, critic = nn.Linear(4, 2), nn.Linear(4, 1)
obs, ret = torch.randn(6, 4), torch.randn(6)
logp = actor(obs).log_softmax(-1)[:, 0]
with torch.no_grad():
    base = critic(obs)
loss = -(logp * (ret - base)).mean()  # <-
loss.backward()

# %% overflow | problems | diverges
torch.manual_seed(0)
big = nn.Linear(4, 1)
opt = torch.optim.SGD(big.parameters(), lr=0.1, weight_decay=100.)
for _ in range(60):
    opt.zero_grad()
    big(torch.randn(8, 4)).pow(2).mean().backward()  # <-
    opt.step()
