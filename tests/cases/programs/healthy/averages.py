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

# %% sharpness aware minimisation
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for _ in range(3):
    x, y = torch.randn(8, 3), torch.randn(8, 1)
    def run():
        loss = F.mse_loss(net(x), y)
        loss.backward()
        return loss
    opt.zero_grad()
    run()
    with torch.no_grad():
        norm = torch.stack([p.grad.norm() for p in net.parameters()]).norm() + 1e-12
        moves = [0.05 * p.grad / norm for p in net.parameters()]
        for p, e in zip(net.parameters(), moves):
            p.add_(e)
    opt.zero_grad()
    run()
    with torch.no_grad():
        for p, e in zip(net.parameters(), moves):
            p.sub_(e)
    opt.step()

# %% lbfgs with a right closure
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
A, b = torch.randn(6, 3), torch.randn(6)
opt = torch.optim.LBFGS([w], lr=0.5, max_iter=4)
def closure():
    opt.zero_grad()
    loss = ((A @ w - b) ** 2).mean()
    loss.backward()
    return loss
for i in range(3):
    opt.step(closure)

# %% pgd attack done right
torch.manual_seed(0)
net = nn.Linear(4, 2)
adv = torch.rand(1, 4)
for step in range(3):
    adv = adv.detach().requires_grad_()
    loss = F.cross_entropy(net(adv), torch.tensor([1]))
    g, = torch.autograd.grad(loss, adv)
    adv = (adv + 0.1 * g.sign()).clamp(0, 1)

# %% norms at zero have a subgradient
x = torch.zeros(3, requires_grad=True)
y = torch.tensor([1.0, 2.0], requires_grad=True)
(torch.norm(x) + torch.linalg.norm(y)).backward()

# %% one helper optimises both nets of a gan
torch.manual_seed(0)
G, D = nn.Linear(2, 3), nn.Linear(3, 1)
oG, oD = torch.optim.Adam(G.parameters(), lr=0.01), torch.optim.Adam(D.parameters(), lr=0.01)
def optimise(loss, opt):
    opt.zero_grad()
    loss.backward()
    opt.step()
for it in range(4):
    optimise(D(G(torch.randn(4, 2))).mean() - D(torch.randn(4, 3)).mean(), oD)
    with torch.no_grad():
        for p in D.parameters():
            p.clamp_(-0.1, 0.1)
    if it % 2:
        optimise(-D(G(torch.randn(4, 2))).mean(), oG)

# %% steps with bad batches left out
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
skipped = 0
for i in range(6):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1)).backward()
    size = torch.nn.utils.clip_grad_norm_(net.parameters(), 100.)
    if size > 1.5:
        skipped += 1
        continue
    opt.step()

# %% warm-up that begins at rate 0
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.AdamW(net.parameters(), lr=0.01)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(s / 3, 1.0))
for i in range(5):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1)).backward()
    opt.step()
    sched.step()

# %% residual block whose last layer starts at zero
torch.manual_seed(0)
class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.a, self.b = nn.Linear(d, d), nn.Linear(d, d)
        nn.init.zeros_(self.b.weight)
        nn.init.zeros_(self.b.bias)
    def forward(self, x):
        return x + self.b(F.gelu(self.a(x)))
net = nn.Sequential(Block(4), Block(4), nn.Linear(4, 1))
opt = torch.optim.Adam(net.parameters(), lr=0.01)
for i in range(3):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(6, 4)), torch.randn(6, 1)).backward()
    opt.step()

# %% distillation from a frozen teacher
torch.manual_seed(0)
teacher, student = nn.Linear(4, 3), nn.Linear(4, 3)
teacher.eval()
opt = torch.optim.SGD(student.parameters(), lr=0.1)
for i in range(3):
    x = torch.randn(5, 4)
    with torch.no_grad():
        soft = F.softmax(teacher(x) / 2., -1)
    loss = F.kl_div(F.log_softmax(student(x) / 2., -1), soft, reduction='batchmean') * 4.
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% a jacobian row by row
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
x = torch.randn(3, requires_grad=True)
y = net(x)
rows = []
for i in range(2):
    x.grad = None
    y[i].backward(retain_graph=True)
    rows.append(x.grad.clone())
J = torch.stack(rows)

# %% hard gumbel with a straight-through estimate
torch.manual_seed(0)
logits, read = nn.Linear(3, 4), nn.Linear(4, 1)
opt = torch.optim.SGD([*logits.parameters(), *read.parameters()], lr=0.1)
for i in range(3):
    soft = (logits(torch.randn(5, 3)) - torch.log(-torch.log(torch.rand(5, 4) * 0.98 + 0.01))).softmax(-1)
    hard = F.one_hot(soft.argmax(-1), 4).float()
    st = hard + soft - soft.detach()
    opt.zero_grad()
    (read(st) - 1).pow(2).mean().backward()
    opt.step()

# %% a look at the gradients before training
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 4), nn.Sigmoid(), nn.Linear(4, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
def loss_of(n):
    return F.mse_loss(net(torch.randn(n, 4)), torch.zeros(n, 1))
loss_of(3).backward()
print([p.grad.abs().mean().item() for p in net.parameters()])
opt.zero_grad()
for i in range(3):
    opt.zero_grad()
    loss_of(8).backward()
    opt.step()

# %% vq-vae with commitment and straight-through
torch.manual_seed(0)
enc, dec, book = nn.Linear(4, 2), nn.Linear(2, 4), nn.Embedding(5, 2)
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters(), *book.parameters()], lr=0.01)
for i in range(3):
    x = torch.randn(6, 4)
    z = enc(x)
    idx = torch.cdist(z, book.weight).argmin(1)
    q = book(idx)
    st = z + (q - z).detach()
    loss = F.mse_loss(dec(st), x) + F.mse_loss(q, z.detach()) + 0.25 * F.mse_loss(z, q.detach())
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% byol: the target follows the online net
torch.manual_seed(0)
import copy
online = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3))
target = copy.deepcopy(online)
pred = nn.Linear(3, 3)
opt = torch.optim.SGD([*online.parameters(), *pred.parameters()], lr=0.1)
for i in range(3):
    a, b = torch.randn(6, 4), torch.randn(6, 4)
    z = F.normalize(pred(online(a)), dim=-1)
    with torch.no_grad():
        t = F.normalize(target(b), dim=-1)
    loss = 2 - 2 * (z * t).sum(-1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for po, pt in zip(online.parameters(), target.parameters()):
            pt.copy_(0.9 * pt + 0.1 * po)

# %% safe cosine of empty rows
torch.manual_seed(0)
lin = nn.Linear(3, 2, bias=False)
x = torch.randn(4, 3)
x[1] = 0
z = F.normalize(lin(x), dim=1, eps=1e-6)
(z @ z.T).sum().backward()

# %% checkpoint without reentry
torch.manual_seed(0)
from torch.utils.checkpoint import checkpoint
blk, fin = nn.Linear(4, 4), nn.Linear(4, 1)
h = checkpoint(blk, torch.randn(2, 4), use_reentrant=False)
fin(torch.relu(h)).sum().backward()

# %% lookahead: slow weights every second step
torch.manual_seed(0)
net = nn.Linear(3, 1)
slow = [p.detach().clone() for p in net.parameters()]
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for i in range(6):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1)).backward()
    opt.step()
    if i % 2:
        for s, p in zip(slow, net.parameters()):
            s += 0.5 * (p.detach() - s)
            p.data.copy_(s)

# %% generator of parameters given once, list for the clip
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD((p for p in net.parameters() if p.requires_grad), lr=0.1)
for i in range(3):
    opt.zero_grad()
    (100 * net(torch.randn(4, 3))).pow(2).mean().backward()
    nn.utils.clip_grad_norm_((p for p in net.parameters() if p.requires_grad), 1.0)
    opt.step()

# %% numbers that are logged, and a constant in the loss
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
log = []
for i in range(3):
    base = F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1)); log.append(base.item())
    size = sum(p.pow(2).sum().item() for p in net.parameters())
    log.append(size)
    loss = (base - 0.05).abs() + 0.05
    opt.zero_grad()
    loss.backward()
    opt.step()
