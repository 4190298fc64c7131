"""Loops in which steps, zeros and losses look odd and are meant so."""

# %% warm up with an idle step before the scheduler
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
sched = torch.optim.lr_scheduler.StepLR(opt, 1)
opt.step()
sched.step()
for _ in range(3):
    opt.zero_grad()
    net(torch.randn(4, 3)).pow(2).mean().backward()
    opt.step()
    sched.step()

# %% accumulation that has not yet stepped
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for i in range(4):
    (net(torch.randn(4, 3)).pow(2).mean() / 8).backward()
    if (i + 1) % 8 == 0:
        opt.step()
        opt.zero_grad()

# %% benchmark of forward and backward without an optimizer
torch.manual_seed(0)
net = nn.Linear(3, 1)
for _ in range(4):
    net.zero_grad()
    net(torch.randn(4, 3)).pow(2).mean().backward()

# %% two optimizers, the second begins late
torch.manual_seed(0)
a, b = nn.Linear(3, 3), nn.Linear(3, 1)
oa, ob = torch.optim.SGD(a.parameters(), lr=0.1), torch.optim.Adam(b.parameters(), lr=0.1)
for epoch in range(4):
    oa.zero_grad(); ob.zero_grad()
    h = torch.tanh(a(torch.randn(4, 3)))
    loss = h.pow(2).mean() if epoch < 2 else b(h).pow(2).mean()
    loss.backward()
    oa.step(); ob.step()

# %% nll of log softmax, kl of log softmax
torch.manual_seed(0)
net = nn.Linear(3, 4)
x, y = torch.randn(6, 3), torch.randint(0, 4, (6,))
logp = F.log_softmax(net(x), 1)
loss = F.nll_loss(logp, y) + F.kl_div(logp, torch.softmax(torch.randn(6, 4), 1), reduction="batchmean")
loss.backward()

# %% lora starts at zero
torch.manual_seed(0)
base = nn.Linear(4, 4)
for p in base.parameters():
    p.requires_grad_(False)
A = nn.Parameter(torch.randn(4, 2) * 0.1)
B = nn.Parameter(torch.zeros(2, 4))
opt = torch.optim.SGD([A, B], lr=0.5)
x, y = torch.randn(8, 4), torch.randn(8, 4)
for _ in range(4):
    opt.zero_grad()
    F.mse_loss(base(x) + x @ A @ B, y).backward()
    opt.step()

# %% zero initialised last layer
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
nn.init.zeros_(net[2].weight)
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))
for _ in range(4):
    opt.zero_grad()
    F.cross_entropy(net(x), y).backward()
    opt.step()

# %% straight-through Function
class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sign()
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return g * (x.abs() <= 1)
torch.manual_seed(0)
net = nn.Linear(4, 4)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(Sign.apply(net(torch.randn(8, 4))), torch.ones(8, 4)).backward()
    opt.step()

# %% Function with a constant that gets None
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return x * k
    @staticmethod
    def backward(ctx, g):
        return g * ctx.k, None
w = torch.ones(3, requires_grad=True)
k = torch.tensor(2.0)
Scale.apply(w, k).sum().backward()

# %% MAML inner loop
torch.manual_seed(0)
w = torch.randn(3, 1, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
for _ in range(3):
    x, y = torch.randn(5, 3), torch.randn(5, 1)
    g, = torch.autograd.grad(F.mse_loss(x @ w, y), w, create_graph=True)
    fast = w - 0.1 * g
    opt.zero_grad()
    F.mse_loss(x @ fast, y).backward()
    opt.step()

# %% gradients assigned from autograd.grad
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    grads = torch.autograd.grad(net(torch.randn(4, 3)).pow(2).mean(), list(net.parameters()))
    for p, g in zip(net.parameters(), grads):
        p.grad = g
    opt.step()

# %% LBFGS with closure
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
opt = torch.optim.LBFGS([w], max_iter=3)
def closure():
    opt.zero_grad()
    loss = (w - 1).pow(2).sum()
    loss.backward()
    return loss
for _ in range(2):
    opt.step(closure)

# %% clipping
torch.manual_seed(0)
net = nn.LSTM(3, 4, batch_first=True)
head = nn.Linear(4, 1)
params = [*net.parameters(), *head.parameters()]
opt = torch.optim.Adam(params, lr=1e-2)
for _ in range(3):
    out, (h, c) = net(torch.randn(4, 6, 3))
    loss = head(out[:, -1]).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    opt.step()

# %% VAE
torch.manual_seed(0)
enc, dec = nn.Linear(6, 4), nn.Linear(2, 6)
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters()], lr=1e-3)
for _ in range(3):
    x = torch.rand(8, 6)
    mu, logvar = enc(x).chunk(2, 1)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    bce = F.binary_cross_entropy_with_logits(dec(z), x, reduction="sum")
    kl = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum()
    opt.zero_grad()
    (bce + kl).backward()
    opt.step()

# %% actor critic
torch.manual_seed(0)
actor, critic = nn.Linear(4, 2), nn.Linear(4, 1)
opt = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=1e-3)
for _ in range(3):
    s = torch.randn(8, 4)
    dist = torch.distributions.Categorical(logits=actor(s))
    a = dist.sample()
    r = torch.randn(8)
    v = critic(s).squeeze(-1)
    adv = r - v.detach()
    loss = -(dist.log_prob(a) * adv).mean() + F.mse_loss(v, r) - 0.01 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% frozen encoder whose features are detached, in the optimizer of the head only
torch.manual_seed(0)
enc, head = nn.Linear(4, 4), nn.Linear(4, 1)
opt = torch.optim.SGD(head.parameters(), lr=0.1)
for _ in range(3):
    z = enc(torch.randn(8, 4)).detach()
    opt.zero_grad()
    head(z).pow(2).mean().backward()
    opt.step()

# %% GAN where the generator trains every second round
torch.manual_seed(0)
G, D = nn.Linear(2, 2), nn.Linear(2, 1)
og, od = torch.optim.RMSprop(G.parameters(), lr=1e-3), torch.optim.RMSprop(D.parameters(), lr=1e-3)
for i in range(4):
    od.zero_grad()
    (D(G(torch.randn(8, 2)).detach()).mean() - D(torch.randn(8, 2)).mean()).backward()
    od.step()
    if i % 2:
        og.zero_grad()
        (-D(G(torch.randn(8, 2)).mean(0))).mean().backward()
        og.step()

# %% hook that clips
torch.manual_seed(0)
net = nn.Linear(3, 1)
for p in net.parameters():
    p.register_hook(lambda g: g.clamp(-0.1, 0.1))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    net(torch.randn(4, 3)).pow(2).mean().backward()
    opt.step()

# %% relu branch that is computed for the look only
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
for _ in range(3):
    opt.zero_grad()
    loss = net(torch.randn(8, 3)).pow(2).mean()
    loss.backward()
    opt.step()
    sparsity = (torch.relu(net[0](torch.randn(8, 3)) - 9) > 0).float().mean().item()

# %% density with nll of gaussian above 0
torch.manual_seed(0)
mu = torch.zeros(3, requires_grad=True)
opt = torch.optim.Adam([mu], lr=0.1)
for _ in range(3):
    logp = torch.distributions.Normal(mu, 0.01).log_prob(torch.randn(5, 3) * 0.01)
    opt.zero_grad()
    (-logp.mean()).backward()
    opt.step()

# %% contrastive with all pairs
torch.manual_seed(0)
enc = nn.Linear(4, 3)
opt = torch.optim.Adam(enc.parameters(), lr=1e-3)
for _ in range(3):
    a, b = (F.normalize(enc(torch.randn(6, 4)), dim=1) for _ in range(2))
    logits = a @ b.T / 0.1
    loss = F.cross_entropy(logits, torch.arange(6))
    opt.zero_grad()
    loss.backward()
    opt.step()
