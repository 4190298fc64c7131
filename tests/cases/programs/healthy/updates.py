"""Programs that look as if steps were undone, repeated or thrown away, and are right."""

# %% load_state_dict once to roll back to the best
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
best, state = 1e9, None
for _ in range(6):
    opt.zero_grad()
    loss = F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1))
    loss.backward()
    opt.step()
    if loss.item() < best:
        best, state = loss.item(), {k: v.clone() for k, v in net.state_dict().items()}
net.load_state_dict(state)

# %% Reptile: weights reset to the start for each task, then moved
torch.manual_seed(0)
net = nn.Linear(2, 1)
meta = {k: v.clone() for k, v in net.state_dict().items()}
for task in range(3):
    net.load_state_dict(meta)
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    x = torch.randn(6, 2)
    y = x.sum(1, keepdim=True) * (task + 1)
    for _ in range(3):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()
    after = net.state_dict()
    meta = {k: meta[k] + 0.5 * (after[k] - meta[k]) for k in meta}

# %% cross-validation: load the initial state for each fold
torch.manual_seed(0)
net = nn.Linear(3, 1)
init = {k: v.clone() for k, v in net.state_dict().items()}
X, Y = torch.randn(12, 3), torch.randn(12, 1)
for fold in range(3):
    net.load_state_dict(init)
    opt = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(4):
        opt.zero_grad()
        F.mse_loss(net(X), Y).backward()
        opt.step()

# %% half training with loss scale
torch.manual_seed(0)
w = torch.full((4,), 0.01, dtype=torch.float16, requires_grad=True)
x = torch.full((4,), 0.5, dtype=torch.float16)
scale = 1024.0
loss = ((w * x - 0.1) ** 2).mean()
(loss * scale).backward()
with torch.no_grad():
    w -= 0.1 * w.grad / scale

# %% GAN done right, both use G
torch.manual_seed(0)
G, D = nn.Linear(2, 3), nn.Linear(3, 1)
oG, oD = torch.optim.Adam(G.parameters(), lr=1e-3), torch.optim.Adam(D.parameters(), lr=1e-3)
for _ in range(3):
    z = torch.randn(4, 2)
    fake = G(z)
    oD.zero_grad()
    (F.softplus(-D(torch.randn(4, 3))).mean() + F.softplus(D(fake.detach())).mean()).backward()
    oD.step()
    oG.zero_grad()
    F.softplus(-D(fake)).mean().backward()
    oG.step()

# %% sum-reduced accumulation of a whole batch by micro-batches (sum / N)
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.01)
X, Y = torch.randn(32, 3), torch.randn(32, 1)
for _ in range(3):
    opt.zero_grad()
    for a in range(0, 32, 8):
        loss = ((net(X[a:a+8]) - Y[a:a+8]) ** 2).sum() / 32
        loss.backward()
    opt.step()

# %% VQ-VAE with straight-through
torch.manual_seed(0)
enc, dec = nn.Linear(3, 2), nn.Linear(2, 3)
code = nn.Parameter(torch.randn(5, 2))
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters(), code], lr=1e-2)
for _ in range(3):
    x = torch.randn(6, 3)
    z = enc(x)
    q = code[(z.detach()[:, None] - code.detach()).pow(2).sum(-1).argmin(1)]
    st = z + (q - z).detach()
    loss = F.mse_loss(dec(st), x) + (q - z.detach()).pow(2).mean() + 0.25 * (z - q.detach()).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% attention softmax with a causal mask of -inf
torch.manual_seed(0)
q = nn.Linear(4, 4)
x = torch.randn(2, 5, 4)
s = q(x) @ x.transpose(-2, -1)
s = s.masked_fill(torch.triu(torch.ones(5, 5), 1).bool(), float("-inf"))
(torch.softmax(s, -1) @ x).pow(2).mean().backward()

# %% target network (soft update under no_grad)
torch.manual_seed(0)
net, tgt = nn.Linear(3, 2), nn.Linear(3, 2)
tgt.load_state_dict(net.state_dict())
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for _ in range(4):
    s = torch.randn(5, 3)
    with torch.no_grad():
        y = 0.9 * tgt(torch.randn(5, 3)).max(1).values + 1
    loss = F.mse_loss(net(s).max(1).values, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for a, b in zip(tgt.parameters(), net.parameters()):
            a.mul_(0.9).add_(0.1 * b)

# %% projected gradient: clamp of weights after each step
torch.manual_seed(0)
w = torch.rand(3, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
for _ in range(4):
    opt.zero_grad()
    ((torch.randn(8, 3) @ w - 1) ** 2).mean().backward()
    opt.step()
    with torch.no_grad():
        w.clamp_(0, 1)

# %% SAM: two backwards an iteration, weights moved and moved back
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
X, Y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(net(X), Y).backward()
    with torch.no_grad():
        eps = [0.05 * p.grad / (p.grad.norm() + 1e-12) for p in net.parameters()]
        for p, e in zip(net.parameters(), eps):
            p.add_(e)
    opt.zero_grad()
    F.mse_loss(net(X), Y).backward()
    with torch.no_grad():
        for p, e in zip(net.parameters(), eps):
            p.sub_(e)
    opt.step()

# %% straight-through rounding by detach
torch.manual_seed(0)
w = torch.randn(4, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
x = torch.randn(8, 4)
for _ in range(3):
    wq = w + (torch.round(w) - w).detach()
    loss = (x @ wq - 1).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% EMA weights swapped in for evaluation and back
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
ema = {k: v.clone() for k, v in net.state_dict().items()}
for _ in range(4):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    opt.step()
    for k, v in net.state_dict().items():
        ema[k].mul_(0.9).add_(v, alpha=0.1)
    kept = {k: v.clone() for k, v in net.state_dict().items()}
    net.load_state_dict(ema)
    with torch.no_grad():
        val = F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1))
    net.load_state_dict(kept)

# %% line search: a bad step is taken back
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
X, y = torch.randn(8, 3), torch.randn(8)
lr = 8.0
for _ in range(6):
    loss = ((X @ w - y) ** 2).mean()
    g, = torch.autograd.grad(loss, w)
    old = w.detach().clone()
    with torch.no_grad():
        w -= lr * g
        if ((X @ w - y) ** 2).mean() > loss:
            w.copy_(old)
            lr *= 0.5

# %% slot attention: softmax over slots, then renormalised
torch.manual_seed(0)
k, v = torch.randn(2, 6, 4), torch.randn(2, 6, 4)
q = torch.randn(2, 3, 4, requires_grad=True)
a = torch.softmax(q @ k.transpose(1, 2), dim=1) + 1e-8
a = a / a.sum(-1, keepdim=True)
(a @ v).pow(2).mean().backward()

# %% FGSM constants
torch.manual_seed(0)
net = nn.Linear(4, 3)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    x, y = torch.randn(5, 4, requires_grad=True), torch.randint(0, 3, (5,))
    g, = torch.autograd.grad(F.cross_entropy(net(x), y), x)
    adv = (x + 0.1 * g.sign()).detach()
    loss = F.cross_entropy(net(adv), y)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% gradient norm logged and added to a python number
torch.manual_seed(0)
net = nn.Linear(4, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
norms = 0.0
for _ in range(3):
    loss = net(torch.randn(5, 4)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    norms = norms + sum(p.grad.norm() for p in net.parameters())
    opt.step()

# %% actor-critic: maximise by minus
torch.manual_seed(0)
pi, V = nn.Linear(3, 2), nn.Linear(3, 1)
opt = torch.optim.Adam([*pi.parameters(), *V.parameters()], lr=1e-2)
for _ in range(3):
    s, r = torch.randn(6, 3), torch.randn(6)
    logp = F.log_softmax(pi(s), -1)
    a = torch.randint(0, 2, (6, 1))
    adv = r - V(s).squeeze(-1)
    loss = -(logp.gather(1, a).squeeze(-1) * adv.detach()).mean() + adv.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% layers made per task, each trained by its own optimizer
torch.manual_seed(0)
for task in range(3):
    head = nn.Linear(3, 1)
    opt = torch.optim.SGD(head.parameters(), lr=0.1)
    for _ in range(2):
        opt.zero_grad()
        F.mse_loss(head(torch.randn(4, 3)), torch.randn(4, 1)).backward()
        opt.step()

# %% first-order MAML: gradient as a constant in the inner update
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
for _ in range(3):
    x = torch.randn(5, 3)
    g, = torch.autograd.grad(((x @ w - 1) ** 2).mean(), w)
    outer = ((x @ (w - 0.1 * g) - 1) ** 2).mean()
    opt.zero_grad()
    outer.backward()
    opt.step()

# %% lookahead: slow weights copied back every k steps
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
slow = [p.detach().clone() for p in net.parameters()]
for i in range(8):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1)).backward()
    opt.step()
    if i % 2 == 1:
        with torch.no_grad():
            for p, s in zip(net.parameters(), slow):
                s += 0.5 * (p - s)
                p.copy_(s)
