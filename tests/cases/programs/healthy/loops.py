"""Training loops as people write them, with nothing wrong in any: each section is one."""

# %% dropout and batch norm, Adam, train and eval
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
x, y = torch.randn(32, 4), torch.randint(0, 3, (32,))
for epoch in range(3):
    net.train()
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
    net.eval()
    with torch.no_grad():
        acc = (net(x).argmax(1) == y).float().mean().item()

# %% LSTM with a detached state
torch.manual_seed(0)
lstm, head = nn.LSTM(3, 8, batch_first=True), nn.Linear(8, 1)
opt = torch.optim.Adam([*lstm.parameters(), *head.parameters()])
state = None
for step in range(3):
    x, y = torch.randn(4, 6, 3), torch.randn(4, 6, 1)
    out, state = lstm(x, state)
    state = tuple(s.detach() for s in state)
    loss = F.mse_loss(head(out), y)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% attention with a causal mask
torch.manual_seed(0)
emb, att, head = nn.Embedding(11, 16), nn.MultiheadAttention(16, 4, batch_first=True), nn.Linear(16, 11)
params = [*emb.parameters(), *att.parameters(), *head.parameters()]
opt = torch.optim.AdamW(params, lr=1e-3)
ids = torch.randint(0, 11, (2, 7))
mask = torch.triu(torch.ones(6, 6, dtype=torch.bool), 1)
for step in range(2):
    h = emb(ids[:, :-1])
    out, _ = att(h, h, h, attn_mask=mask)
    loss = F.cross_entropy(head(out).reshape(-1, 11), ids[:, 1:].reshape(-1))
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    opt.step()

# %% GAN with two optimizers
torch.manual_seed(0)
G = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
oG, oD = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
bce = nn.BCEWithLogitsLoss()
for step in range(3):
    real, z = torch.randn(8, 2) + 3, torch.randn(8, 2)
    fake = G(z)
    oD.zero_grad()
    lossD = bce(D(real), torch.ones(8, 1)) + bce(D(fake.detach()), torch.zeros(8, 1))
    lossD.backward()
    oD.step()
    oG.zero_grad()
    lossG = bce(D(fake), torch.ones(8, 1))
    lossG.backward()
    oG.step()

# %% gradient accumulation
torch.manual_seed(0)
model = nn.Linear(4, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for batch in range(8):
    x, y = torch.randn(8, 4), torch.randn(8, 1)
    loss = F.mse_loss(model(x), y) / 4
    loss.backward()
    if (batch + 1) % 4 == 0:
        opt.step()
        opt.zero_grad()

# %% frozen backbone
torch.manual_seed(0)
backbone = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
head = nn.Linear(8, 2)
for p in backbone.parameters():
    p.requires_grad = False
model = nn.Sequential(backbone, head)
opt = torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    F.cross_entropy(model(torch.randn(8, 4)), torch.randint(0, 2, (8,))).backward()
    opt.step()

# %% weight tying
torch.manual_seed(0)
class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(13, 8)
        self.rnn = nn.GRU(8, 8, batch_first=True)
        self.out = nn.Linear(8, 13, bias=False)
        self.out.weight = self.emb.weight
    def forward(self, ids):
        return self.out(self.rnn(self.emb(ids))[0])
model = LM()
opt = torch.optim.Adam(model.parameters())
for _ in range(3):
    ids = torch.randint(0, 13, (2, 6))
    loss = F.cross_entropy(model(ids[:, :-1]).transpose(1, 2), ids[:, 1:])
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% exponential moving average of the weights
import copy
torch.manual_seed(0)
student = nn.Linear(4, 2)
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad_(False)
opt = torch.optim.SGD(student.parameters(), lr=0.1)
for _ in range(3):
    x = torch.randn(8, 4)
    with torch.no_grad():
        target = teacher(x)
    loss = F.mse_loss(student(x + 0.1 * torch.randn_like(x)), target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for a, b in zip(teacher.parameters(), student.parameters()):
            a.mul_(0.9).add_(b, alpha=0.1)

# %% gradient penalty
torch.manual_seed(0)
D = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
opt = torch.optim.Adam(D.parameters())
for _ in range(2):
    real, fake = torch.randn(8, 2), torch.randn(8, 2)
    e = torch.rand(8, 1)
    mid = (e * real + (1 - e) * fake).requires_grad_()
    g, = torch.autograd.grad(D(mid).sum(), mid, create_graph=True)
    loss = D(fake).mean() - D(real).mean() + 10 * ((g.norm(2, dim=1) - 1) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% several losses, one of them logged
torch.manual_seed(0)
enc, cls, rec = nn.Linear(6, 4), nn.Linear(4, 3), nn.Linear(4, 6)
params = [p for m in (enc, cls, rec) for p in m.parameters()]
opt = torch.optim.Adam(params)
history = []
for _ in range(3):
    x, y = torch.randn(8, 6), torch.randint(0, 3, (8,))
    h = torch.relu(enc(x))
    l1, l2 = F.cross_entropy(cls(h), y), F.mse_loss(rec(h), x)
    loss = l1 + 0.5 * l2 + 1e-4 * sum((p ** 2).sum() for p in params)
    opt.zero_grad()
    loss.backward()
    opt.step()
    history.append(loss.item())

# %% VAE
torch.manual_seed(0)
enc, dec = nn.Linear(6, 4), nn.Linear(2, 6)
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters()])
for _ in range(3):
    x = torch.rand(8, 6)
    mu, logvar = enc(x).chunk(2, 1)
    z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
    kl = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum(1).mean()
    loss = F.binary_cross_entropy_with_logits(dec(z), x, reduction="sum") / 8 + kl
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% DQN with a target network
torch.manual_seed(0)
q, target = nn.Linear(4, 2), nn.Linear(4, 2)
target.load_state_dict(q.state_dict())
opt = torch.optim.RMSprop(q.parameters(), lr=1e-3)
for step in range(3):
    s, s2 = torch.randn(8, 4), torch.randn(8, 4)
    a, r, done = torch.randint(0, 2, (8, 1)), torch.randn(8), torch.zeros(8)
    value = q(s).gather(1, a).squeeze(1)
    with torch.no_grad():
        goal = r + 0.9 * (1 - done) * target(s2).max(1).values
    loss = F.smooth_l1_loss(value, goal)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% policy gradient
torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
opt = torch.optim.Adam(policy.parameters())
for episode in range(3):
    logps, rewards = [], []
    for t in range(5):
        p = torch.softmax(policy(torch.randn(3)), -1)
        a = torch.multinomial(p, 1)
        logps.append(torch.log(p[a]))
        rewards.append(float(a.item()))
    R = torch.tensor(rewards)
    loss = -(torch.stack(logps).squeeze(1) * (R - R.mean())).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% straight-through estimator
torch.manual_seed(0)
w = torch.randn(4, requires_grad=True)
opt = torch.optim.SGD([w], 0.1)
for _ in range(2):
    hard = (w > 0).float()
    soft = torch.sigmoid(w)
    b = hard + soft - soft.detach()
    loss = ((b - 0.5) * torch.arange(4.0)).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% contrastive with normalised embeddings
torch.manual_seed(0)
enc = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4))
opt = torch.optim.Adam(enc.parameters())
for _ in range(2):
    a, b = torch.randn(6, 5), torch.randn(6, 5)
    za, zb = F.normalize(enc(a), dim=1), F.normalize(enc(b), dim=1)
    loss = F.cross_entropy(za @ zb.T / 0.1, torch.arange(6))
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% convolutions with pooling, a scheduler and clipping by value
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2),
                    nn.Flatten(), nn.Linear(64, 10))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.StepLR(opt, 1)
for _ in range(3):
    x, y = torch.randn(4, 1, 8, 8), torch.randint(0, 10, (4,))
    loss = nn.CrossEntropyLoss()(net(x), y)
    opt.zero_grad(set_to_none=False)
    loss.backward()
    torch.nn.utils.clip_grad_value_(net.parameters(), 0.5)
    opt.step()
    sched.step()

# %% closure with LBFGS
torch.manual_seed(0)
w = torch.zeros(2, requires_grad=True)
opt = torch.optim.LBFGS([w], max_iter=4)
A, b = torch.randn(6, 2), torch.randn(6)
def closure():
    opt.zero_grad()
    loss = ((A @ w - b) ** 2).sum()
    loss.backward()
    return loss
opt.step(closure)

# %% MAML: an inner step through which the outer gradient goes
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
opt = torch.optim.SGD([w], 0.01)
for task in range(3):
    x, y = torch.randn(5, 3), torch.randn(5)
    inner = ((x @ w - y) ** 2).mean()
    g, = torch.autograd.grad(inner, w, create_graph=True)
    fast = w - 0.1 * g
    outer = ((x @ fast - y) ** 2).mean()
    opt.zero_grad()
    outer.backward()
    opt.step()

# %% by hand, without an optimizer
torch.manual_seed(0)
x, y = torch.randn(20, 1), torch.randn(20, 1)
a, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
for _ in range(4):
    loss = ((a * x + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        a -= 0.1 * a.grad
        b -= 0.1 * b.grad
        a.grad.zero_()
        b.grad.zero_()

# %% masked loss over padded sequences
torch.manual_seed(0)
emb, rnn, out = nn.Embedding(9, 6, padding_idx=0), nn.GRU(6, 6, batch_first=True), nn.Linear(6, 9)
opt = torch.optim.Adam([*emb.parameters(), *rnn.parameters(), *out.parameters()])
ids = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]])
for _ in range(2):
    logits = out(rnn(emb(ids[:, :-1]))[0])
    each = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    mask = (ids[:, 1:] != 0).float()
    loss = (each * mask).sum() / mask.sum()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% two optimizers, alternating, of one model with shared parts
torch.manual_seed(0)
shared, a, b = nn.Linear(3, 5), nn.Linear(5, 1), nn.Linear(5, 2)
o1 = torch.optim.Adam([*shared.parameters(), *a.parameters()])
o2 = torch.optim.Adam([*shared.parameters(), *b.parameters()])
for step in range(4):
    x = torch.randn(6, 3)
    h = torch.tanh(shared(x))
    if step % 2:
        o1.zero_grad()
        a(h).pow(2).mean().backward()
        o1.step()
    else:
        o2.zero_grad()
        F.cross_entropy(b(h), torch.randint(0, 2, (6,))).backward()
        o2.step()

# %% evaluation between, loss summed with item, early layers warm up frozen
torch.manual_seed(0)
body, head = nn.Linear(4, 4), nn.Linear(4, 1)
body.requires_grad_(False)
opt = torch.optim.SGD([*body.parameters(), *head.parameters()], 0.1)
total = 0.0
for epoch in range(4):
    if epoch == 2:
        body.requires_grad_(True)
    x, y = torch.randn(8, 4), torch.randn(8, 1)
    loss = F.mse_loss(head(torch.relu(body(x))), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    total += loss.item() * len(x)

# %% knowledge distillation and a cosine loss
torch.manual_seed(0)
t, s = nn.Linear(4, 5).eval(), nn.Linear(4, 5)
opt = torch.optim.Adam(s.parameters())
for _ in range(2):
    x = torch.randn(6, 4)
    with torch.no_grad():
        soft = F.softmax(t(x) / 2, -1)
    loss = F.kl_div(F.log_softmax(s(x) / 2, -1), soft, reduction="batchmean") * 4
    loss = loss + (1 - F.cosine_similarity(s(x), t(x).detach())).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% checkpointing and a residual transformer layer
torch.manual_seed(0)
layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
head = nn.Linear(8, 1)
opt = torch.optim.AdamW([*layer.parameters(), *head.parameters()])
pad = torch.tensor([[False, False, True], [False, False, False]])
for _ in range(2):
    out = layer(torch.randn(2, 3, 8), src_key_padding_mask=pad)
    loss = head(out[:, 0]).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
