"""Steps that move nothing, losses given what they do not take, starts at zero: as people post them."""

# %% never-updated | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4) for _ in range(3)]  # <-
        self.out = nn.Linear(4, 1)
    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.out(x)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
x, y = torch.randn(16, 4), torch.randn(16, 1)
for _ in range(4):
    opt.zero_grad()
    loss = F.mse_loss(net(x), y)
    loss.backward()
    opt.step()

# %% zeroed-before-step | problems | thrown away
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
opt = torch.optim.Adam(net.parameters())
for _ in range(3):
    loss = F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1))
    loss.backward()
    net.zero_grad()  # <-
    opt.step()

# %% zeroed-before-step | problems | before backward
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    loss = F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1))
    opt.step()  # <-
    loss.backward()

# %% never-updated | problems | step() is called
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(4):
    opt.zero_grad()
    loss = F.mse_loss(net(x), y)
    loss.backward()  # <-

# %% no-logarithm | problems | nll_loss
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(9, 4), torch.randint(0, 3, (9,))
for _ in range(3):
    opt.zero_grad()
    loss = F.nll_loss(net(x), y)  # <-
    loss.backward()
    opt.step()

# %% no-logarithm | problems
torch.manual_seed(0)
net = nn.Linear(4, 3)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
crit = nn.NLLLoss()
x, y = torch.randn(9, 4), torch.randint(0, 3, (9,))
for _ in range(3):
    opt.zero_grad()
    loss = crit(net(x), y)  # <-
    loss.backward()
    opt.step()

# %% no-logarithm | problems | kl_div
torch.manual_seed(0)
student = nn.Linear(4, 3)
x = torch.randn(6, 4)
teacher = torch.softmax(torch.randn(6, 3), 1)
loss = F.kl_div(torch.softmax(student(x), 1), teacher, reduction="batchmean")  # <-
loss.backward()

# %% flat | problems
torch.manual_seed(0)
net = nn.Linear(4, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(6, 4), torch.randint(0, 3, (6, 1)).float()
for _ in range(3):
    opt.zero_grad()
    out = torch.round(net(x))  # <-
    F.mse_loss(out, y).backward()
    opt.step()

# %% no-grad | problems
torch.manual_seed(0)
class Enc(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
    @torch.no_grad()
    def encode(self, x):
        return torch.relu(self.fc(x))  # <-
enc, head = Enc(), nn.Linear(4, 1)
opt = torch.optim.SGD([*enc.parameters(), *head.parameters()], lr=0.1)
x, y = torch.randn(8, 4), torch.randn(8, 1)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(head(enc.encode(x)), y).backward()
    opt.step()

# %% empty | problems
torch.manual_seed(0)
emb, out = nn.Embedding(10, 4, padding_idx=0), nn.Linear(4, 10)
tokens = torch.zeros(2, 5, dtype=torch.long)
loss = F.cross_entropy(out(emb(tokens)).flatten(0, 1), tokens.flatten(), ignore_index=0)  # <-
loss.backward()

# %% all-masked | problems
torch.manual_seed(0)
q = nn.Linear(4, 4)
x = torch.randn(3, 4)
lengths = torch.tensor([2, 0, 3])
mask = torch.arange(3)[None] >= lengths[:, None]
att = (q(x) @ x.T).masked_fill(mask, float("-inf")).softmax(-1)  # <-
loss = (att @ x).sum()
loss.backward()

# %% input | problems | written into
torch.manual_seed(0)
data = torch.randn(8, 3)
data[5, 1] = float("nan")  # <-
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for i in range(0, 8, 4):
    opt.zero_grad()
    loss = net(data[i:i + 4]).pow(2).mean()
    loss.backward()
    opt.step()

# %% modified | problems
torch.manual_seed(0)
G, D = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 4), nn.LeakyReLU(), nn.Linear(4, 1))
og, od = torch.optim.SGD(G.parameters(), lr=0.1), torch.optim.SGD(D.parameters(), lr=0.1)
fake = G(torch.randn(4, 2))
score = D(fake)
d_loss = F.softplus(score).mean()
g_loss = F.softplus(-score).mean()
od.zero_grad()
d_loss.backward(retain_graph=True)
od.step()  # <-
og.zero_grad()
g_loss.backward()
og.step()

# %% returned-none | problems
class Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x @ w
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g @ w.T, None
torch.manual_seed(0)
w = torch.randn(3, 2, requires_grad=True)
x = torch.randn(4, 3, requires_grad=True)
opt = torch.optim.SGD([w, x], lr=0.1)
for _ in range(3):
    opt.zero_grad()
    Linear.apply(x, w).pow(2).sum().backward()  # <-
    opt.step()

# %% hook | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
net[0].weight.register_hook(lambda g: g * 0)  # <-
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    net(torch.randn(5, 3)).pow(2).mean().backward()
    opt.step()

# %% zeroed-before-step | problems | made zero
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    net(torch.randn(5, 3)).pow(2).mean().backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 0.0)  # <-
    opt.step()

# %% times-zero | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
for p in net.parameters():
    nn.init.zeros_(p)  # <-
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(5, 3)), torch.randn(5, 1)).backward()
    opt.step()

# %% not-connected | problems
torch.manual_seed(0)
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 1)
    def forward(self, x):
        x = torch.relu(self.a(x))
        y = torch.relu(self.b(x))  # <-
        return self.c(x)
net = Two()
opt = torch.optim.Adam(net.parameters())
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(6, 3)), torch.randn(6, 1)).backward()
    opt.step()

# %% never-updated | problems | other tensors
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
opt = torch.optim.SGD([w.clone().detach().requires_grad_()], lr=0.1)  # <-
for _ in range(3):
    opt.zero_grad()
    (w ** 2).sum().backward()
    opt.step()

# %% never-updated | problems
torch.manual_seed(0)
import copy
net = nn.Linear(3, 1)
best = copy.deepcopy(net)
opt = torch.optim.SGD(best.parameters(), lr=0.1)  # <-
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(5, 3)), torch.randn(5, 1)).backward()
    opt.step()

# %% detached | problems
torch.manual_seed(0)
enc, dec = nn.Linear(3, 2), nn.Linear(2, 3)
opt = torch.optim.SGD([*enc.parameters(), *dec.parameters()], lr=0.1)
x = torch.randn(5, 3)
for _ in range(3):
    z = enc(x)
    z = torch.from_numpy(np.clip(z.detach().numpy(), -1, 1))  # <-
    opt.zero_grad()
    F.mse_loss(dec(z), x).backward()
    opt.step()

# %% grad-call | problems
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    loss = net(torch.randn(5, 3)).pow(2).mean()
    grads = torch.autograd.grad(loss, list(net.parameters()))  # <-
    opt.step()

# %% root-without-graph | problems | kept no graph
x = torch.tensor(2.0, requires_grad=True)
y = x ** 3
dy, = torch.autograd.grad(y, x)  # <-
d2y, = torch.autograd.grad(dy, x)

# %% clamped | problems
torch.manual_seed(0)
alpha = torch.tensor([1.5, -0.3], requires_grad=True)
opt = torch.optim.SGD([alpha], lr=0.1)
for _ in range(4):
    opt.zero_grad()
    a = torch.clamp(alpha, 0, 1)  # <-
    (a * torch.tensor([1.0, 2.0])).sum().backward()
    opt.step()

# %% never-updated | problems | another tensor than weight
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    net.weight = nn.Parameter(net.weight.clamp(-1, 1))  # <-
    opt.zero_grad()
    net(torch.randn(4, 3)).pow(2).mean().backward()
    opt.step()

# %% never-updated | problems | step() is called
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)
for _ in range(4):
    opt.zero_grad()
    net(torch.randn(4, 3)).pow(2).mean().backward()  # <-
    sched.step()

# %% not-connected | problems
torch.manual_seed(0)
body, cls, reg = nn.Linear(4, 8), nn.Linear(8, 3), nn.Linear(8, 1)
opt = torch.optim.Adam([*body.parameters(), *cls.parameters(), *reg.parameters()], lr=1e-3)
x, yc, yr = torch.randn(6, 4), torch.randint(0, 3, (6,)), torch.randn(6, 1)
for _ in range(3):
    h = torch.relu(body(x))
    loss = F.cross_entropy(cls(h), yc)  # <-
    loss = F.mse_loss(reg(h), yr)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% broadcast | problems
torch.manual_seed(0)
net = nn.Linear(3, 1)
x, y, wt = torch.randn(8, 3), torch.randn(8, 1), torch.rand(8)
loss = (F.mse_loss(net(x), y, reduction="none") * wt).mean()  # <-
loss.backward()

# %% dead-relu | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
with torch.no_grad():
    net[0].bias -= 50
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    F.cross_entropy(net(torch.randn(4, 1, 6, 6)), torch.tensor([0, 1, 0, 1])).backward()  # <-
    opt.step()

# %% root-without-graph | problems | .data
torch.manual_seed(0)
cell = nn.RNNCell(2, 3)
h, outs = torch.zeros(1, 3), []
for t in range(3):
    h = cell(torch.randn(1, 2), h)
    outs.append(h.data)  # <-
loss = torch.stack(outs).pow(2).sum()
loss.backward()

# %% no-grad | problems
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(3):
    with torch.no_grad():
        pred = net(x)  # <-
    loss = F.mse_loss(pred, y)
    opt.zero_grad()
    loss.requires_grad_()
    loss.backward()
    opt.step()

# %% left-torch | problems | plain number
torch.manual_seed(0)
net = nn.Linear(3, 1)
pred = net(torch.randn(4, 3))
loss = np.mean((pred.detach().numpy() - 1.0) ** 2)  # <-
loss.backward()

# %% never-updated | problems
torch.manual_seed(0)
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.s = torch.ones(3, requires_grad=True)  # <-
        self.fc = nn.Linear(3, 1)
    def forward(self, x):
        return self.fc(x * self.s)
net = Scale()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    net(torch.randn(4, 3)).pow(2).mean().backward()
    opt.step()

# %% times-zero | problems | backward of Cube
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3
    @staticmethod
    def backward(ctx, g):  # <-
        x, = ctx.saved_tensors
        return torch.zeros_like(x)
torch.manual_seed(0)
net = nn.Linear(3, 3)
opt = torch.optim.SGD(net.parameters(), lr=0.01)
for _ in range(3):
    opt.zero_grad()
    Cube.apply(net(torch.randn(4, 3))).mean().backward()
    opt.step()
