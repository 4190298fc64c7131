"""Methods as people write them, from generative models to meta-learning, with nothing wrong: each section is one."""

# %% VAE with the reparametrisation
torch.manual_seed(0)
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(8, 16)
        self.mu, self.logvar = nn.Linear(16, 2), nn.Linear(16, 2)
        self.dec = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 8))
    def forward(self, x):
        h = torch.tanh(self.enc(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return self.dec(z), mu, logvar
model = VAE()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
x = torch.rand(12, 8)
for _ in range(3):
    logits, mu, logvar = model(x)
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    loss = (bce + kl) / len(x)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% REINFORCE with a baseline
torch.manual_seed(0)
policy, value = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2)), nn.Linear(4, 1)
opt = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=1e-2)
for _ in range(3):
    states, rewards = torch.randn(10, 4), torch.rand(10)
    dist = torch.distributions.Categorical(logits=policy(states))
    actions = dist.sample()
    v = value(states).squeeze(-1)
    advantage = rewards - v.detach()
    loss = -(dist.log_prob(actions) * advantage).mean() + F.mse_loss(v, rewards) - 0.01 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% EMA target network
torch.manual_seed(0)
import copy
online = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=1e-2)
for _ in range(3):
    x = torch.randn(8, 4)
    loss = 2 - 2 * F.cosine_similarity(online(x), target(x), dim=-1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for p, q in zip(online.parameters(), target.parameters()):
            q.mul_(0.99).add_(p, alpha=0.01)

# %% accumulation over four batches with clipping and a schedule
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.StepLR(opt, 1, gamma=0.9)
opt.zero_grad()
for i in range(8):
    x, y = torch.randn(4, 4), torch.randint(0, 2, (4,))
    loss = F.cross_entropy(model(x), y) / 4
    loss.backward()
    if (i + 1) % 4 == 0:
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        opt.zero_grad()
        sched.step()

# %% evaluation under no_grad in between
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))
opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
xs, ys = torch.randn(24, 4), torch.randint(0, 3, (24,))
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(xs, ys), batch_size=8, shuffle=True)
best, history = float("inf"), []
for epoch in range(2):
    model.train()
    running = 0.0
    for x, y in loader:
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        running += loss.item() * len(x)
    model.eval()
    with torch.no_grad():
        val = F.cross_entropy(model(xs), ys)
        correct = (model(xs).argmax(1) == ys).sum().item()
    history.append((running / 24, val.item(), correct))
    best = min(best, val.item())

# %% a Function of one's own, checked
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return 2 * x * g
w = torch.randn(4, requires_grad=True)
for _ in range(2):
    w.grad = None
    Square.apply(w).mean().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad

# %% straight-through estimate
torch.manual_seed(0)
enc, dec = nn.Linear(4, 4), nn.Linear(4, 4)
opt = torch.optim.SGD([*enc.parameters(), *dec.parameters()], lr=0.1)
for _ in range(2):
    x = torch.randn(6, 4)
    z = enc(x)
    q = z + (z.round() - z).detach()
    loss = F.mse_loss(dec(q), x)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% checkpointed block
torch.manual_seed(0)
from torch.utils.checkpoint import checkpoint
block, head = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4)), nn.Linear(4, 1)
opt = torch.optim.SGD([*block.parameters(), *head.parameters()], lr=0.1)
for _ in range(2):
    x = torch.randn(6, 4, requires_grad=True)
    loss = head(checkpoint(block, x, use_reentrant=False)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% gradient penalty of a WGAN
torch.manual_seed(0)
G, D = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2)), nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
og, od = torch.optim.RMSprop(G.parameters(), 1e-3), torch.optim.RMSprop(D.parameters(), 1e-3)
for _ in range(2):
    for _ in range(2):
        real, fake = torch.randn(6, 2), G(torch.randn(6, 2)).detach()
        a = torch.rand(6, 1)
        mid = (a * real + (1 - a) * fake).requires_grad_(True)
        g, = torch.autograd.grad(D(mid).sum(), mid, create_graph=True)
        gp = ((g.norm(2, dim=1) - 1) ** 2).mean()
        loss = D(fake).mean() - D(real).mean() + 10 * gp
        od.zero_grad()
        loss.backward()
        od.step()
    og.zero_grad()
    (-D(G(torch.randn(6, 2))).mean()).backward()
    og.step()

# %% MAML, one inner step
torch.manual_seed(0)
w = torch.randn(3, 1, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.01)
for _ in range(2):
    opt.zero_grad()
    total = 0.0
    for task in range(2):
        xs, ys, xq, yq = torch.randn(5, 3), torch.randn(5, 1), torch.randn(5, 3), torch.randn(5, 1)
        g, = torch.autograd.grad(F.mse_loss(xs @ w, ys), w, create_graph=True)
        fast = w - 0.1 * g
        total = total + F.mse_loss(xq @ fast, yq)
    total.backward()
    opt.step()

# %% LBFGS with a closure
torch.manual_seed(0)
w = torch.zeros(3, requires_grad=True)
x, y = torch.randn(10, 3), torch.randn(10)
opt = torch.optim.LBFGS([w], max_iter=5)
def closure():
    opt.zero_grad()
    loss = F.mse_loss(x @ w, y)
    loss.backward()
    return loss
opt.step(closure)

# %% truncated backpropagation through time
torch.manual_seed(0)
cell, out = nn.LSTMCell(2, 6), nn.Linear(6, 1)
opt = torch.optim.Adam([*cell.parameters(), *out.parameters()], lr=1e-2)
h, c = torch.zeros(3, 6), torch.zeros(3, 6)
for chunk in range(3):
    h, c = h.detach(), c.detach()
    loss = 0
    for t in range(4):
        h, c = cell(torch.randn(3, 2), (h, c))
        loss = loss + F.mse_loss(out(h), torch.zeros(3, 1))
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% distillation
torch.manual_seed(0)
teacher, student = nn.Linear(4, 3), nn.Linear(4, 3)
opt = torch.optim.SGD(student.parameters(), 0.1)
T = 2.0
for _ in range(2):
    x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
    with torch.no_grad():
        t = teacher(x)
    s = student(x)
    loss = F.kl_div(F.log_softmax(s / T, 1), F.softmax(t / T, 1), reduction="batchmean") * T * T + F.cross_entropy(s, y)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% contrastive with temperature and masks
torch.manual_seed(0)
enc = nn.Linear(6, 4)
opt = torch.optim.Adam(enc.parameters(), 1e-3)
for _ in range(2):
    z = F.normalize(torch.cat([enc(torch.randn(5, 6)), enc(torch.randn(5, 6))]), dim=1)
    sim = z @ z.T / 0.5
    sim = sim.masked_fill(torch.eye(10, dtype=torch.bool), float("-inf"))
    labels = torch.cat([torch.arange(5, 10), torch.arange(0, 5)])
    loss = F.cross_entropy(sim, labels)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% physics-informed
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
opt = torch.optim.Adam(net.parameters(), 1e-3)
for _ in range(2):
    x = torch.linspace(0, 1, 10).unsqueeze(1).requires_grad_()
    u = net(x)
    du, = torch.autograd.grad(u.sum(), x, create_graph=True)
    d2u, = torch.autograd.grad(du.sum(), x, create_graph=True)
    loss = (d2u + u).pow(2).mean() + (net(torch.zeros(1, 1)) - 1).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% frozen first, unfrozen later
torch.manual_seed(0)
body, head = nn.Linear(4, 8), nn.Linear(8, 2)
for p in body.parameters():
    p.requires_grad = False
opt = torch.optim.SGD([*body.parameters(), *head.parameters()], 0.1)
for epoch in range(4):
    if epoch == 2:
        for p in body.parameters():
            p.requires_grad = True
    x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))
    loss = F.cross_entropy(head(torch.relu(body(x))), y)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% two losses with retain_graph
torch.manual_seed(0)
shared, a, b = nn.Linear(4, 8), nn.Linear(8, 1), nn.Linear(8, 3)
params = [*shared.parameters(), *a.parameters(), *b.parameters()]
opt = torch.optim.Adam(params, 1e-3)
for _ in range(2):
    h = torch.relu(shared(torch.randn(6, 4)))
    la, lb = a(h).pow(2).mean(), F.cross_entropy(b(h), torch.randint(0, 3, (6,)))
    opt.zero_grad()
    la.backward(retain_graph=True)
    lb.backward()
    opt.step()

# %% regression with squeeze and a scheduler
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.05)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 5)
x, y = torch.randn(20, 3), torch.randn(20)
for _ in range(5):
    loss = F.mse_loss(model(x).squeeze(1), y) + 1e-3 * sum(p.pow(2).sum() for p in model.parameters())
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()

# %% transformer language model
torch.manual_seed(0)
emb, pos = nn.Embedding(13, 16), nn.Parameter(torch.zeros(6, 16))
layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
head = nn.Linear(16, 13)
params = [*emb.parameters(), pos, *layer.parameters(), *head.parameters()]
opt = torch.optim.AdamW(params, 1e-3)
mask = nn.Transformer.generate_square_subsequent_mask(6)
for _ in range(2):
    ids = torch.randint(0, 13, (4, 7))
    h = layer(emb(ids[:, :-1]) + pos, src_mask=mask)
    loss = F.cross_entropy(head(h).flatten(0, 1), ids[:, 1:].flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% actor and critic, two optimizers, entropy
torch.manual_seed(0)
actor, critic = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1), nn.Tanh()), nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
oa, oc = torch.optim.Adam(actor.parameters(), 1e-3), torch.optim.Adam(critic.parameters(), 1e-3)
for _ in range(3):
    s, r, s2 = torch.randn(8, 3), torch.randn(8, 1), torch.randn(8, 3)
    with torch.no_grad():
        goal = r + 0.9 * critic(torch.cat([s2, actor(s2)], 1))
    lc = F.mse_loss(critic(torch.cat([s, torch.randn(8, 1)], 1)), goal)
    oc.zero_grad()
    lc.backward()
    oc.step()
    la = -critic(torch.cat([s, actor(s)], 1)).mean()
    oa.zero_grad()
    la.backward()
    oa.step()

# %% feature extraction with hooks
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
feats = {}
net[1].register_forward_hook(lambda m, i, o: feats.update(act=o.detach()))
opt = torch.optim.SGD(net.parameters(), 0.1)
for _ in range(2):
    opt.zero_grad()
    F.cross_entropy(net(torch.randn(5, 1, 6, 6)), torch.randint(0, 2, (5,))).backward()
    opt.step()
    norm = feats["act"].norm().item()

# %% saliency, gradients of the input
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
net.eval()
x = torch.randn(1, 4, requires_grad=True)
net(x)[0, 1].backward()
saliency = x.grad.abs().max().item()

# %% FGSM adversarial training
torch.manual_seed(0)
net = nn.Linear(4, 2)
opt = torch.optim.SGD(net.parameters(), 0.1)
for _ in range(2):
    x, y = torch.randn(8, 4, requires_grad=True), torch.randint(0, 2, (8,))
    F.cross_entropy(net(x), y).backward()
    adv = (x + 0.1 * x.grad.sign()).detach()
    opt.zero_grad()
    F.cross_entropy(net(adv), y).backward()
    opt.step()

# %% gumbel softmax and a quantised code
torch.manual_seed(0)
enc, book = nn.Linear(4, 5), nn.Parameter(torch.randn(5, 4))
opt = torch.optim.Adam([*enc.parameters(), book], 1e-2)
for _ in range(2):
    x = torch.randn(6, 4)
    code = F.gumbel_softmax(enc(x), tau=0.7, hard=True)
    loss = F.mse_loss(code @ book, x)
    opt.zero_grad()
    loss.backward()
    opt.step()
