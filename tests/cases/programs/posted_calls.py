"""Calls left out, passes in vain, masks that are none, and ratios with nothing below: as people post them."""

# %% all-masked | why att.in_proj_weight.grad | softmax
torch.manual_seed(3)
att = nn.MultiheadAttention(8, 2, batch_first=True)
tokens = torch.randn(2, 4, 8)
lengths = torch.tensor([3, 0])
pad = torch.arange(4)[None, :] >= lengths[:, None]
out, _ = att(tokens, tokens, tokens, key_padding_mask=pad)  # <-
score = out[0].pow(2).mean()
score.backward()

# %% zero-times-inf | problems | mul
torch.manual_seed(0)
keep = torch.tensor([1., 1., 0., 1.])
bias = (1 - keep) * float('-inf')  # <-
proj = nn.Linear(6, 4)
logits = proj(torch.randn(3, 6)) + bias
loss = F.cross_entropy(logits, torch.tensor([0, 1, 3]))
loss.backward()

# %% log-of-zero | problems | log
class GeoMean(nn.Module):
    def forward(self, p):
        logs = torch.log(p)  # <-
        return logs.mean(-1).exp()

p = torch.tensor([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]], requires_grad=True)
loss = -GeoMean()(p).sum() * 0.1
loss.backward()

# %% division-by-zero | problems | div
torch.manual_seed(0)
student = torch.tensor([[150., 0., -10.]], requires_grad=True)
teacher = torch.tensor([[0.3, 0.3, 0.4]])
q = F.softmax(student, dim=1)
kl = (teacher * (teacher / q).log()).sum()  # <-
kl.backward()

# %% power | problems | pow
scores = torch.tensor([[40., -40.], [0.2, 0.1]], requires_grad=True)
truth = torch.tensor([0, 1])
def focal(s, t, gamma=0.5):
    p = s.softmax(-1).gather(1, t[:, None]).squeeze(1)
    weight = (1 - p) ** gamma  # <-
    return -(weight * p.log()).mean()
focal(scores, truth).backward()

# %% division-by-zero | problems | div
torch.manual_seed(0)
clf = nn.Linear(4, 1)
ys = torch.zeros(8, 1)
ratio = (ys == 0).sum() / (ys == 1).sum()  # <-
loss = F.binary_cross_entropy_with_logits(clf(torch.randn(8, 4)), ys, pos_weight=ratio)
loss.backward()

# %% all-masked | problems | logaddexp
s = torch.tensor([0.5, 1.0], requires_grad=True)
NEG = float('-inf')
alpha = [s[0], torch.tensor(NEG) + 0 * s[1]]
beta = torch.tensor([NEG, NEG]) + torch.stack([alpha[1], alpha[1]])
total = torch.logaddexp(beta[0], beta[1])  # <-
(torch.exp(total) + alpha[0]).backward()

# %% division-by-zero | problems | div
torch.manual_seed(0)
C = torch.tensor([[900., 800.], [700., 950.]], requires_grad=True)
K = torch.exp(-C / 1.0)
u = torch.ones(2)
for it in range(3):
    v = 0.5 / (K.t() @ u)  # <-
    u = 0.5 / (K @ v)
plan = u[:, None] * K * v[None, :]
(plan * C).sum().backward()

# %% never-updated | problems | hidden[0]
torch.manual_seed(0)
class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = [nn.Linear(4, 4) for _ in range(2)]  # <-
        self.last = nn.Linear(4, 1)
    def forward(self, x):
        for lay in self.hidden:
            x = lay(x).tanh()
        return self.last(x)

net = Deep()
sgd = torch.optim.SGD(net.parameters(), lr=0.05)
for _ in range(3):
    sgd.zero_grad()
    net(torch.randn(5, 4)).pow(2).mean().backward()
    sgd.step()

# %% detached | problems | detach
torch.manual_seed(0)
meta = torch.randn(3, requires_grad=True)
outer = torch.optim.Adam([meta], lr=0.01)
for task in range(2):
    xs, ys = torch.randn(6, 3), torch.randn(6)
    inner = ((xs @ meta - ys) ** 2).mean()
    g, = torch.autograd.grad(inner, meta)
    fast = (meta - 0.1 * g).detach().requires_grad_()  # <-
    outer.zero_grad()
    query = ((torch.randn(6, 3) @ fast - torch.randn(6)) ** 2).mean()
    query.backward()
    outer.step()

# %% root-without-graph | problems | max
torch.manual_seed(0)
qnet = nn.Linear(4, 3)
obs, rew = torch.randn(5, 4), torch.randn(5)
best = qnet(obs).max(1)[1]  # <-
td = F.mse_loss(best.float(), rew)
td.backward()

# %% clamped | problems | clamp
torch.manual_seed(0)
lv = nn.Linear(3, 2)
nn.init.constant_(lv.bias, 6.0)
raw = lv(torch.randn(5, 3) * 0.1)
logvar = torch.clamp(raw, min=-3., max=3.)  # <-
res = torch.randn(5, 2)
gnll = 0.5 * (logvar + res ** 2 / logvar.exp()).mean()
gnll.backward()

# %% times-zero | problems | mul
torch.manual_seed(0)
PAD = 1
dec = nn.Linear(4, 6)
target = torch.ones(5, dtype=torch.long)
keep = (target != PAD).float()
per = F.cross_entropy(dec(torch.randn(5, 4)), target, reduction='none')
loss = (per * keep).sum() / 5  # <-
loss.backward()

# %% not-zeroed | problems
torch.manual_seed(0)
class Trainer:
    def __init__(self, m):
        self.m, self.opt = m, torch.optim.SGD(m.parameters(), lr=0.01)
    def step(self, x, y):
        self.opt.zero_grad  # <-
        loss = F.mse_loss(self.m(x), y)
        loss.backward()
        self.opt.step()
        return loss.item()

m = nn.Linear(3, 1)
t = Trainer(m)
history = [t.step(torch.randn(4, 3), torch.randn(4, 1)) for _ in range(4)]

# %% two-passes | problems | theta
theta = torch.tensor([1., 2.], requires_grad=True)
obs = torch.tensor([0.5, 0.5])
loss = ((theta - obs) ** 2).sum()
loss.backward(retain_graph=True)
loss.backward()  # <-

# %% zeroed-before-step | problems | weight
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
accum = 4
for big in range(2):
    for micro in range(accum):
        opt.zero_grad()  # <-
        piece = net(torch.randn(2, 3)).pow(2).mean() / accum
        piece.backward()
    opt.step()

# %% freed | problems | adv
torch.manual_seed(0)
actor, critic = nn.Linear(3, 2), nn.Linear(3, 1)
states, R = torch.randn(5, 3), torch.randn(5)
adv = R - critic(states).squeeze(-1)
a_loss = -(actor(states).log_softmax(-1)[:, 0] * adv).mean()
c_loss = adv.pow(2).mean()
a_loss.backward()
c_loss.backward()  # <-

# %% broadcast | problems | sub
torch.manual_seed(0)
v = nn.Linear(4, 1)
rets = torch.arange(6.)
opt = torch.optim.Adam(v.parameters(), lr=1e-2)
for _ in range(3):
    advantage = rets - v(torch.randn(6, 4))  # <-
    opt.zero_grad()
    advantage.pow(2).mean().backward()
    opt.step()

# %% not-connected | problems
torch.manual_seed(0)
Dn = nn.Linear(3, 1)
real, fake = torch.randn(4, 3), torch.randn(4, 3)
mixup = (0.3 * real + 0.7 * fake).requires_grad_()
crit = Dn(real)
grads = torch.autograd.grad(crit.sum(), mixup, create_graph=True)[0]  # <-
gp = (grads.norm(2, dim=1) - 1).pow(2).mean()
gp.backward()

# %% constant | problems | mse_loss
torch.manual_seed(0)
ae = nn.Sequential(nn.Linear(6, 2), nn.Tanh(), nn.Linear(2, 6))
opt = torch.optim.SGD(ae.parameters(), lr=0.1)
for img in torch.rand(3, 4, 6):
    out = ae(img)
    loss = F.mse_loss(out, out)  # <-
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% no-backward | problems | Adam
torch.manual_seed(0)
mlp = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
opt = torch.optim.Adam(mlp.parameters())
for _ in range(3):
    opt.zero_grad()
    loss = mlp(torch.randn(2, 3)).pow(2).mean()
    loss.backward  # <-
    opt.step()

# %% never-updated | problems | step
torch.manual_seed(0)
g = nn.Linear(3, 1)
opt = torch.optim.SGD(g.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    g(torch.randn(2, 3)).pow(2).mean().backward()
    opt.step  # <-

# %% not-differentiable | problems | argmax
torch.manual_seed(0)
clf = nn.Linear(4, 3)
opt = torch.optim.SGD(clf.parameters(), lr=0.1)
X, Y = torch.randn(6, 4), torch.randint(0, 3, (6,))
for _ in range(2):
    guess = clf(X).argmax(1)  # <-
    wrong = (guess != Y).float().mean()
    wrong.requires_grad_(True)
    opt.zero_grad()
    wrong.backward()
    opt.step()

# %% no-grad | problems | inference
torch.manual_seed(0)
base, top = nn.Linear(4, 4), nn.Linear(4, 2)
with torch.inference_mode():
    feats = base(torch.randn(3, 4))
F.cross_entropy(top(feats), torch.tensor([0, 1, 0])).backward()  # <-

# %% clipped-in-vain | problems | clip_grad_norm_
torch.manual_seed(0)
n = nn.Linear(3, 1)
params = n.parameters()
opt = torch.optim.SGD(params, lr=0.01)
for _ in range(3):
    opt.zero_grad()
    (n(torch.randn(4, 3)) * 100).pow(2).mean().backward()
    torch.nn.utils.clip_grad_norm_(params, 1.0)  # <-
    opt.step()

# %% division-by-zero | problems | div
loc = torch.tensor([0.3], requires_grad=True)
raw = torch.tensor([-120.], requires_grad=True)
scale = F.softplus(raw)
def log_prob(x):
    return -((x - loc) ** 2) / (2 * scale ** 2) - scale.log()  # <-
lp = log_prob(torch.tensor([0.3])).sum()
lp.backward()

# %% division-by-zero | problems | div
torch.manual_seed(0)
gcn = nn.Linear(3, 2)
adj = torch.tensor([[0., 1., 0.], [1., 0., 0.], [0., 0., 0.]])
deg = adj.sum(1, keepdim=True)
hid = gcn(adj @ torch.randn(3, 3) / deg)  # <-
hid[:2].sum().backward()

# %% power | problems | pow
torch.manual_seed(0)
gcn = nn.Linear(3, 2)
A = torch.tensor([[0., 1., 0.], [1., 0., 0.], [0., 0., 0.]])
d = A.sum(1).pow(-0.5)  # <-
norm_adj = d[:, None] * A * d[None, :]
gcn(norm_adj @ torch.randn(3, 3)).sum().backward()

# %% leaf-in-place | problems
torch.manual_seed(0)
live, ema = nn.Linear(2, 2), nn.Linear(2, 2)
ema.load_state_dict(live.state_dict())
def track(src, dst, tau):
    for a, b in zip(src.parameters(), dst.parameters()):
        b.mul_(1 - tau).add_(tau * a)  # <-
live(torch.randn(3, 2)).sum().backward()
track(live, ema, 0.01)
