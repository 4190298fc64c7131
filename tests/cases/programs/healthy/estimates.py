"""Healthy programs: second passes, closures, estimates, teachers, steps that are left out."""

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

# %% reptile with an inner optimizer
torch.manual_seed(0)
import copy
net = nn.Linear(2, 1)
for task in range(3):
    inner = copy.deepcopy(net)
    opt = torch.optim.SGD(inner.parameters(), lr=0.1)
    for k in range(2):
        opt.zero_grad()
        F.mse_loss(inner(torch.randn(4, 2)), torch.randn(4, 1)).backward()
        opt.step()
    with torch.no_grad():
        for p, q in zip(net.parameters(), inner.parameters()):
            p += 0.5 * (q - p)

# %% gradient penalty done right
torch.manual_seed(0)
D = nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.Linear(8, 1))
opt = torch.optim.Adam(D.parameters(), lr=1e-3)
for i in range(3):
    real, fake = torch.randn(4, 3), torch.randn(4, 3)
    t = torch.rand(4, 1)
    mid = (t * real + (1 - t) * fake).requires_grad_()
    g = torch.autograd.grad(D(mid).sum(), mid, create_graph=True)[0]
    loss = D(fake).mean() - D(real).mean() + 10 * ((g.norm(2, dim=1) - 1) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% two losses with retain_graph and one step
torch.manual_seed(0)
trunk, a, b = nn.Linear(3, 3), nn.Linear(3, 1), nn.Linear(3, 1)
opt = torch.optim.SGD([*trunk.parameters(), *a.parameters(), *b.parameters()], lr=0.1)
for i in range(3):
    z = trunk(torch.randn(4, 3))
    la, lb = a(z).pow(2).mean(), (b(z) - 1).pow(2).mean()
    opt.zero_grad()
    la.backward(retain_graph=True)
    lb.backward()
    opt.step()

# %% pruning with a mask of parametrised weight
torch.manual_seed(0)
class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(2, 4))
        self.register_buffer('keep', (torch.arange(8).reshape(2, 4) % 2).float())
    def forward(self, x):
        return x @ (self.w * self.keep).T
net = Masked()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for i in range(3):
    opt.zero_grad()
    net(torch.randn(4, 4)).pow(2).mean().backward()
    opt.step()

# %% rounding for a metric only
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
hits = 0
for i in range(3):
    out = net(torch.randn(8, 3)).squeeze(1)
    y = (torch.rand(8) > 0.5).float()
    loss = F.binary_cross_entropy_with_logits(out, y)
    hits += (torch.sigmoid(out).round() == y).sum().item()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% clipping by a hook on every parameter
torch.manual_seed(0)
net = nn.Linear(3, 1)
for p in net.parameters():
    p.register_hook(lambda g: g.clamp(-1, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for i in range(3):
    opt.zero_grad()
    (net(torch.randn(4, 3)) * 0.1).pow(2).mean().backward()
    opt.step()

# %% beam of -inf scores with logsumexp where one stays finite
torch.manual_seed(0)
em = nn.Linear(3, 4)
alpha = torch.full((4,), float('-inf'))
alpha[0] = 0.
trans = torch.zeros(4, 4, requires_grad=True)
for x in torch.randn(3, 3):
    alpha = torch.logsumexp(alpha[:, None] + trans, 0) + em(x)
torch.logsumexp(alpha, 0).backward()

# %% dueling heads with mean subtracted
torch.manual_seed(0)
adv, val = nn.Linear(4, 3), nn.Linear(4, 1)
opt = torch.optim.Adam([*adv.parameters(), *val.parameters()], lr=0.01)
for i in range(3):
    s = torch.randn(5, 4)
    A = adv(s)
    Q = val(s) + A - A.mean(1, keepdim=True)
    loss = F.smooth_l1_loss(Q.gather(1, torch.randint(0, 3, (5, 1))), torch.randn(5, 1))
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% kl annealing that begins with weight 0
torch.manual_seed(0)
mu, lv, dec = nn.Linear(4, 2), nn.Linear(4, 2), nn.Linear(2, 4)
opt = torch.optim.Adam([*mu.parameters(), *lv.parameters(), *dec.parameters()], lr=0.01)
for i in range(4):
    x = torch.rand(6, 4)
    m, l = mu(x), lv(x)
    z = m + torch.randn_like(m) * torch.exp(0.5 * l)
    kl = -0.5 * (1 + l - m ** 2 - l.exp()).sum(1).mean()
    loss = F.mse_loss(dec(z), x) + min(i / 3, 1.0) * kl
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% best loss kept as a number
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
best = float('inf')
for i in range(4):
    loss = F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1))
    value = loss.item()
    if value < best:
        best = value
        keep = [p.detach().clone() for p in net.parameters()]
    opt.zero_grad()
    (loss * 1.0).backward()
    opt.step()
