"""Healthy models as people post them: contrastive, flows, mixtures, U-Net, seq2seq, diffusion, actors."""

# %% SimCLR
torch.manual_seed(0)
net = nn.Linear(6, 4); opt = torch.optim.Adam(net.parameters())
for _ in range(2):
    x = torch.randn(8, 6)
    z = F.normalize(net(torch.cat([x, x + 0.1 * torch.randn_like(x)])), dim=1)
    s = z @ z.T / 0.5
    s = s.masked_fill(torch.eye(16, dtype=torch.bool), -1e9)
    loss = F.cross_entropy(s, torch.arange(16).roll(8))
    opt.zero_grad(); loss.backward(); opt.step()

# %% scheduler with warm-up, OneCycle, cosine
torch.manual_seed(0)
for make in (lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 4), lambda o: torch.optim.lr_scheduler.StepLR(o, 2), lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda e: min(1.0, e / 3))):
    net = nn.Linear(3, 1); opt = torch.optim.SGD(net.parameters(), 0.1); sched = make(opt)
    for _ in range(4):
        opt.zero_grad(); F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1)).backward(); opt.step(); sched.step()

# %% per-parameter groups, one with lr 0 on purpose
torch.manual_seed(0)
a, b = nn.Linear(3, 3), nn.Linear(3, 1)
opt = torch.optim.SGD([{"params": a.parameters(), "lr": 1e-3}, {"params": b.parameters()}], lr=0.1)
for _ in range(3):
    opt.zero_grad(); F.mse_loss(b(torch.relu(a(torch.randn(8, 3)))), torch.zeros(8, 1)).backward(); opt.step()

# %% multi-task, sum of losses, one backward each with retain
torch.manual_seed(0)
trunk, h1, h2 = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(4, 3)
opt = torch.optim.Adam([*trunk.parameters(), *h1.parameters(), *h2.parameters()])
for _ in range(3):
    f = torch.relu(trunk(torch.randn(6, 3)))
    l1 = F.mse_loss(h1(f).squeeze(-1), torch.randn(6)); l2 = F.cross_entropy(h2(f), torch.randint(0, 3, (6,)))
    opt.zero_grad(); l1.backward(retain_graph=True); l2.backward(); opt.step()

# %% matrix factorisation with embeddings
torch.manual_seed(0)
U, V = nn.Embedding(8, 3), nn.Embedding(9, 3)
opt = torch.optim.Adagrad([*U.parameters(), *V.parameters()], 0.1)
for _ in range(3):
    u, v, r = torch.randint(0, 8, (5,)), torch.randint(0, 9, (5,)), torch.rand(5)
    loss = F.mse_loss((U(u) * V(v)).sum(1), r)
    opt.zero_grad(); loss.backward(); opt.step()

# %% neural ODE by Euler steps
torch.manual_seed(0)
f = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)); opt = torch.optim.Adam(f.parameters(), 1e-2)
for _ in range(2):
    z = torch.tensor([[1.0, 0.0]])
    for _ in range(20): z = z + 0.1 * f(z)
    loss = (z - torch.tensor([[0.0, 1.0]])).pow(2).sum()
    opt.zero_grad(); loss.backward(); opt.step()

# %% deep residual net, 20 blocks with layer norm
torch.manual_seed(0)
blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)) for _ in range(20)); head = nn.Linear(8, 2)
opt = torch.optim.AdamW([*blocks.parameters(), *head.parameters()], 1e-3)
for _ in range(2):
    h = torch.randn(4, 8)
    for b in blocks: h = h + b(h)
    loss = F.cross_entropy(head(h), torch.tensor([0, 1, 0, 1]))
    opt.zero_grad(); loss.backward(); opt.step()

# %% normalising flow, log det
torch.manual_seed(0)
s, t = nn.Linear(1, 1), nn.Linear(1, 1); opt = torch.optim.Adam([*s.parameters(), *t.parameters()], 1e-2)
for _ in range(3):
    x = torch.randn(16, 2); a, b = x[:, :1], x[:, 1:]
    ls = torch.tanh(s(a)); z = b * ls.exp() + t(a)
    loss = (0.5 * (a ** 2 + z ** 2) - ls).mean()
    opt.zero_grad(); loss.backward(); opt.step()

# %% mixture density with logsumexp
torch.manual_seed(0)
net = nn.Linear(1, 9); opt = torch.optim.Adam(net.parameters(), 1e-2)
for _ in range(3):
    x, y = torch.randn(12, 1), torch.randn(12, 1)
    lp, mu, ls = net(x).chunk(3, dim=1)
    ll = torch.logsumexp(F.log_softmax(lp, 1) - ls - 0.5 * ((y - mu) / ls.exp()) ** 2, dim=1)
    loss = -ll.mean()
    opt.zero_grad(); loss.backward(); opt.step()

# %% gradient of the input, adversarial
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)); opt = torch.optim.SGD(net.parameters(), 0.1)
for _ in range(3):
    x, y = torch.randn(6, 4), torch.randint(0, 3, (6,))
    x.requires_grad_(True)
    g, = torch.autograd.grad(F.cross_entropy(net(x), y), x)
    xa = (x + 0.1 * g.sign()).detach()
    opt.zero_grad(); F.cross_entropy(net(xa), y).backward(); opt.step()

# %% style by optimising an image
torch.manual_seed(0)
conv = nn.Conv2d(1, 3, 3).requires_grad_(False)
goal = conv(torch.rand(1, 1, 8, 8)).detach()
img = torch.rand(1, 1, 8, 8, requires_grad=True); opt = torch.optim.Adam([img], 0.05)
for _ in range(4):
    opt.zero_grad(); loss = F.mse_loss(conv(img), goal); loss.backward(); opt.step()
    with torch.no_grad(): img.clamp_(0, 1)

# %% by hand with data and grad zero
torch.manual_seed(0)
w, b = torch.randn(3, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
x, y = torch.randn(10, 3), torch.randn(10, 1)
for _ in range(4):
    loss = (x @ w + b - y).pow(2).mean()
    loss.backward()
    w.data -= 0.1 * w.grad.data; b.data -= 0.1 * b.grad.data
    w.grad.data.zero_(); b.grad.data.zero_()

# %% mixed: validation, early stopping, best state
torch.manual_seed(0)
import copy
net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 1)); opt = torch.optim.Adam(net.parameters(), 1e-2)
best, state = float("inf"), None
for ep in range(3):
    net.train()
    for _ in range(2):
        opt.zero_grad(); loss = F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)); loss.backward(); opt.step()
    net.eval()
    with torch.no_grad():
        val = F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).item()
    if val < best: best, state = val, copy.deepcopy(net.state_dict())
net.load_state_dict(state)

# %% U-Net with skips
torch.manual_seed(0)
d1, d2, up, out = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1), nn.ConvTranspose2d(8, 4, 2, stride=2), nn.Conv2d(8, 1, 1)
opt = torch.optim.Adam([p for m in (d1, d2, up, out) for p in m.parameters()])
for _ in range(2):
    x = torch.randn(2, 1, 8, 8)
    a = torch.relu(d1(x)); b = torch.relu(d2(F.max_pool2d(a, 2))); y = out(torch.cat([up(b), a], 1))
    loss = F.binary_cross_entropy_with_logits(y, (x > 0).float())
    opt.zero_grad(); loss.backward(); opt.step()

# %% seq2seq with teacher forcing
torch.manual_seed(0)
enc, dec, emb, out = nn.GRU(4, 6), nn.GRUCell(4, 6), nn.Embedding(7, 4), nn.Linear(6, 7)
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters(), *emb.parameters(), *out.parameters()], 1e-2)
for _ in range(2):
    src, tgt = torch.randint(0, 7, (5, 3)), torch.randint(0, 7, (4, 3))
    _, h = enc(emb(src)); h = h[0]; loss = 0
    inp = torch.zeros(3, dtype=torch.long)
    for t in range(4):
        h = dec(emb(inp), h); logits = out(h); loss = loss + F.cross_entropy(logits, tgt[t]); inp = tgt[t]
    opt.zero_grad(); (loss / 4).backward(); opt.step()

# %% sparse coding with L1 and soft threshold
torch.manual_seed(0)
Dm = nn.Linear(8, 4, bias=False); z = torch.zeros(5, 8, requires_grad=True); opt = torch.optim.Adam([z, *Dm.parameters()], 1e-2)
x = torch.randn(5, 4)
for _ in range(3):
    loss = F.mse_loss(Dm(z), x) + 0.01 * z.abs().sum()
    opt.zero_grad(); loss.backward(); opt.step()

# %% graph convolution
torch.manual_seed(0)
A = (torch.rand(6, 6) > 0.5).float(); A = A + torch.eye(6); Dg = A.sum(1, keepdim=True)
w1, w2 = nn.Linear(3, 8), nn.Linear(8, 2); opt = torch.optim.Adam([*w1.parameters(), *w2.parameters()], 1e-2)
x, y, train = torch.randn(6, 3), torch.tensor([0, 1, 0, 1, 0, 1]), torch.tensor([1, 1, 0, 1, 0, 0]).bool()
for _ in range(3):
    h = torch.relu(w1(A @ x / Dg)); o = w2(A @ h / Dg)
    loss = F.cross_entropy(o[train], y[train])
    opt.zero_grad(); loss.backward(); opt.step()

# %% diffusion step
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 16), nn.SiLU(), nn.Linear(16, 2)); opt = torch.optim.AdamW(net.parameters(), 1e-3)
ab = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 50), 0)
for _ in range(3):
    x0, t, eps = torch.randn(8, 2), torch.randint(0, 50, (8,)), torch.randn(8, 2)
    xt = ab[t].sqrt()[:, None] * x0 + (1 - ab[t]).sqrt()[:, None] * eps
    loss = F.mse_loss(net(torch.cat([xt, t[:, None] / 50], 1)), eps)
    opt.zero_grad(); loss.backward(); opt.step()

# %% soft actor critic pieces
torch.manual_seed(0)
pi, q1, q2 = nn.Linear(3, 2), nn.Linear(4, 1), nn.Linear(4, 1)
po, qo = torch.optim.Adam(pi.parameters()), torch.optim.Adam([*q1.parameters(), *q2.parameters()])
log_alpha = torch.zeros(1, requires_grad=True); ao = torch.optim.Adam([log_alpha])
for _ in range(3):
    s = torch.randn(8, 3); mu, ls = pi(s).chunk(2, 1)
    d = torch.distributions.Normal(mu, ls.clamp(-5, 2).exp()); u = d.rsample(); a = torch.tanh(u)
    lp = (d.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(1, keepdim=True)
    y = torch.randn(8, 1)
    sa = torch.cat([s, a.detach()], 1); ql = F.mse_loss(q1(sa), y) + F.mse_loss(q2(sa), y)
    qo.zero_grad(); ql.backward(); qo.step()
    sa = torch.cat([s, a], 1); pl = (log_alpha.exp().detach() * lp - torch.min(q1(sa), q2(sa))).mean()
    po.zero_grad(); pl.backward(); po.step()
    al = -(log_alpha * (lp.detach() - 1)).mean(); ao.zero_grad(); al.backward(); ao.step()

# %% fitted to the last digit, where gradients are next to nothing
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1)); opt = torch.optim.LBFGS(net.parameters(), max_iter=60, line_search_fn="strong_wolfe")
x = torch.randn(4, 2).double(); y = torch.randn(4, 1).double(); net.double()
def closure():
    opt.zero_grad(); loss = F.mse_loss(net(x), y); loss.backward(); return loss
for _ in range(3): opt.step(closure)

# %% distillation from a teacher under no_grad
torch.manual_seed(0)
teacher, student = nn.Linear(3, 2), nn.Linear(3, 2)
opt = torch.optim.SGD(student.parameters(), lr=0.05)
def distill(x):
    with torch.no_grad():
        soft = F.softmax(teacher(x), dim=1)
    return F.kl_div(F.log_softmax(student(x), dim=1), soft, reduction='batchmean')
for xb in torch.randn(4, 6, 3):
    opt.zero_grad()
    distill(xb).backward()
    opt.step()
