"""Healthy programs: averages of weights, attention, targets, accumulation, adapters."""

# %% clip after backward over a list
torch.manual_seed(0)
net = nn.Linear(3, 1)
params = list(net.parameters())
opt = torch.optim.SGD(params, lr=0.01)
for _ in range(3):
    opt.zero_grad()
    (net(torch.randn(4, 3)) * 100).pow(2).mean().backward()
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    opt.step()

# %% attention with partly padded samples
torch.manual_seed(3)
att = nn.MultiheadAttention(8, 2, batch_first=True)
tokens = torch.randn(2, 4, 8)
pad = torch.arange(4)[None, :] >= torch.tensor([3, 1])[:, None]
out, _ = att(tokens, tokens, tokens, key_padding_mask=pad)
out.pow(2).mean().backward()

# %% safe root by two wheres
torch.manual_seed(0)
x = torch.tensor([0., 1., 4.], requires_grad=True)
ok = x > 0
safe = torch.where(ok, x, torch.ones_like(x))
torch.where(ok, safe.sqrt(), torch.zeros_like(x)).sum().backward()

# %% dqn with a target net moved by polyak
torch.manual_seed(0)
q, qt = nn.Linear(4, 2), nn.Linear(4, 2)
qt.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=1e-2)
for _ in range(4):
    s, s2, r = torch.randn(8, 4), torch.randn(8, 4), torch.randn(8)
    a = torch.randint(0, 2, (8, 1))
    with torch.no_grad():
        goal = r + 0.9 * qt(s2).max(1).values
    loss = F.smooth_l1_loss(q(s).gather(1, a).squeeze(1), goal)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for p, pt in zip(q.parameters(), qt.parameters()):
            pt.mul_(0.95).add_(0.05 * p)

# %% gan with detach and two optimizers
torch.manual_seed(0)
G, D = nn.Sequential(nn.Linear(2, 4), nn.LeakyReLU(0.2), nn.Linear(4, 3)), nn.Linear(3, 1)
oG, oD = torch.optim.Adam(G.parameters(), lr=0.01), torch.optim.Adam(D.parameters(), lr=0.01)
for it in range(3):
    fake = G(torch.randn(4, 2))
    oD.zero_grad()
    (F.softplus(-D(torch.randn(4, 3))).mean() + F.softplus(D(fake.detach())).mean()).backward()
    oD.step()
    oG.zero_grad()
    F.softplus(-D(fake)).mean().backward()
    oG.step()

# %% accumulation over micro batches
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for big in range(3):
    opt.zero_grad()
    for micro in range(4):
        (F.mse_loss(net(torch.randn(2, 3)), torch.randn(2, 1)) / 4).backward()
    opt.step()

# %% frozen backbone with eval
torch.manual_seed(0)
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.ReLU())
        self.head = nn.Linear(6, 2)
    def forward(self, x):
        return self.head(self.body(x))
model = Model()
model.body.requires_grad_(False)
model.body.eval()
opt = torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    F.cross_entropy(model(torch.randn(5, 6)), torch.randint(0, 2, (5,))).backward()
    opt.step()

# %% truncated backpropagation through time
torch.manual_seed(0)
gru, ro = nn.GRUCell(2, 4), nn.Linear(4, 1)
opt = torch.optim.Adam([*gru.parameters(), *ro.parameters()], lr=0.01)
h = torch.zeros(1, 4)
for chunk in torch.randn(3, 5, 1, 2):
    h = h.detach()
    loss = 0.
    for x in chunk:
        h = gru(x, h)
        loss = loss + (ro(h) - x.sum()).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% straight-through rounding
torch.manual_seed(0)
enc, dec = nn.Linear(4, 4), nn.Linear(4, 4)
opt = torch.optim.SGD([*enc.parameters(), *dec.parameters()], lr=0.1)
for _ in range(3):
    sig = torch.rand(3, 4)
    z = torch.sigmoid(enc(sig)) * 8
    z = z + (z.round() - z).detach()
    opt.zero_grad()
    F.mse_loss(dec(z / 8), sig).backward()
    opt.step()

# %% pairwise differences on purpose
torch.manual_seed(0)
score = nn.Linear(4, 1)
opt = torch.optim.SGD(score.parameters(), lr=0.1)
for _ in range(3):
    s = score(torch.randn(6, 4))
    rank = torch.arange(6.)
    diff = s - s.t()
    want = (rank[:, None] > rank[None, :]).float()
    opt.zero_grad()
    F.binary_cross_entropy_with_logits(diff, want).backward()
    opt.step()

# %% relu in place behind a linear layer
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 2))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    F.cross_entropy(net(torch.randn(6, 4)), torch.randint(0, 2, (6,))).backward()
    opt.step()

# %% some labels ignored, padding embedding
torch.manual_seed(0)
emb, out = nn.Embedding(10, 4, padding_idx=0), nn.Linear(4, 10)
opt = torch.optim.Adam([*emb.parameters(), *out.parameters()], lr=0.01)
ids = torch.tensor([[1, 2, 3, 0], [4, 5, 0, 0]])
tgt = torch.tensor([[2, 3, 9, -100], [5, 9, -100, -100]])
for _ in range(3):
    opt.zero_grad()
    F.cross_entropy(out(emb(ids)).flatten(0, 1), tgt.flatten()).backward()
    opt.step()

# %% a right custom function
torch.manual_seed(0)
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, k):
        ctx.save_for_backward(a)
        ctx.k = k
        return k * a ** 3
    @staticmethod
    def backward(ctx, g):
        a, = ctx.saved_tensors
        return g * ctx.k * 3 * a ** 2, None
w = torch.randn(4, requires_grad=True)
Cube.apply(w, 2.0).sum().backward()

# %% maml with create_graph
torch.manual_seed(0)
meta = torch.randn(3, requires_grad=True)
outer = torch.optim.Adam([meta], lr=0.01)
for task in range(3):
    xs, ys = torch.randn(6, 3), torch.randn(6)
    g, = torch.autograd.grad(((xs @ meta - ys) ** 2).mean(), meta, create_graph=True)
    fast = meta - 0.1 * g
    outer.zero_grad()
    ((torch.randn(6, 3) @ fast - torch.randn(6)) ** 2).mean().backward()
    outer.step()

# %% lora with one zero factor
torch.manual_seed(0)
class LoRA(nn.Module):
    def __init__(self, base, r=2):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(r, base.in_features) * 0.1)
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
    def forward(self, x):
        return self.base(x) + x @ self.A.T @ self.B.T
lora = LoRA(nn.Linear(4, 3))
opt = torch.optim.SGD([p for p in lora.parameters() if p.requires_grad], lr=0.5)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(lora(torch.randn(5, 4)), torch.randn(5, 3)).backward()
    opt.step()

# %% ema and evaluation between the epochs
torch.manual_seed(0)
net, ema = nn.Linear(3, 1), nn.Linear(3, 1)
for p in ema.parameters():
    p.requires_grad_(False)
ema.load_state_dict(net.state_dict())
opt = torch.optim.AdamW(net.parameters(), lr=0.01)
sched = torch.optim.lr_scheduler.StepLR(opt, 1, 0.9)
best = 1e9
for ep in range(4):
    net.train()
    opt.zero_grad(set_to_none=True)
    F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    opt.step()
    sched.step()
    with torch.no_grad():
        for a, b in zip(net.parameters(), ema.parameters()):
            b.lerp_(a, 0.1)
    net.eval()
    with torch.no_grad():
        val = F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).item()
    best = min(best, val)

# %% masked attention where each row keeps something, with -1e9
torch.manual_seed(0)
q, k, v = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
x = torch.randn(2, 5, 4)
causal = torch.tril(torch.ones(5, 5)).bool()
s = q(x) @ k(x).transpose(1, 2) / 2.
s = s.masked_fill(~causal, -1e9)
(s.softmax(-1) @ v(x)).pow(2).mean().backward()

# %% ppo with ratio clip
torch.manual_seed(0)
pi = nn.Linear(4, 2)
opt = torch.optim.Adam(pi.parameters(), lr=0.05)
obs = torch.randn(16, 4)
act = torch.randint(0, 2, (16,))
adv = torch.randn(16)
adv = (adv - adv.mean()) / (adv.std() + 1e-8)
with torch.no_grad():
    old = pi(obs).log_softmax(-1).gather(1, act[:, None]).squeeze(1)
for _ in range(5):
    new = pi(obs).log_softmax(-1).gather(1, act[:, None]).squeeze(1)
    ratio = (new - old).exp()
    loss = -torch.min(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% ema requires grad, never used in forward
torch.manual_seed(0)
net, ema = nn.Linear(3, 1), nn.Linear(3, 1)
ema.load_state_dict(net.state_dict())
opt = torch.optim.AdamW(net.parameters(), lr=0.01)
for ep in range(4):
    opt.zero_grad(set_to_none=True)
    F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    opt.step()
    with torch.no_grad():
        for a, b in zip(net.parameters(), ema.parameters()):
            b.mul_(0.9).add_(a, alpha=0.1)

# %% lerp, requires grad, deepcopy
import copy
torch.manual_seed(0)
net = nn.Linear(3, 1)
ema = copy.deepcopy(net)
opt = torch.optim.AdamW(net.parameters(), lr=0.01)
for ep in range(4):
    opt.zero_grad(set_to_none=True)
    F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    opt.step()
    with torch.no_grad():
        for a, b in zip(net.parameters(), ema.parameters()):
            b.lerp_(a, 0.1)

# %% data ema
import copy
torch.manual_seed(0)
net = nn.Linear(3, 1)
ema = copy.deepcopy(net)
opt = torch.optim.AdamW(net.parameters(), lr=0.01)
for ep in range(4):
    opt.zero_grad(set_to_none=True)
    F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    opt.step()
    for a, b in zip(net.parameters(), ema.parameters()):
        b.data = 0.9 * b.data + 0.1 * a.data

# %% ema copy_, requires_grad False
import copy
torch.manual_seed(0)
net = nn.Linear(3, 1)
ema = copy.deepcopy(net)
for p in ema.parameters():
    p.requires_grad = False
opt = torch.optim.AdamW(net.parameters(), lr=0.01)
for ep in range(4):
    opt.zero_grad(set_to_none=True)
    F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    opt.step()
    for a, b in zip(net.parameters(), ema.parameters()):
        b.copy_(0.9 * b + 0.1 * a.detach())

# %% swa dict of averages
torch.manual_seed(0)
net = nn.Linear(3, 1)
avg = {k: v.clone() for k, v in net.state_dict().items()}
opt = torch.optim.SGD(net.parameters(), lr=0.01)
for ep in range(4):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    opt.step()
    for k, v in net.state_dict().items():
        avg[k] = avg[k] * 0.9 + v * 0.1
net.load_state_dict(avg)
