"""Graphs as in questions of forums: cut off, freed, written in place, no leaf any more."""

# %% left-torch | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w * 3).sum()
loss2 = torch.tensor(loss, requires_grad=True)  # <-
loss2.backward()

# %% detached | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
h = (w * 3).detach().numpy()  # <-
h = np.sin(h)
y = torch.from_numpy(h).requires_grad_()
y.sum().backward()

# %% detached | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
h = w * 3
y = torch.as_tensor(np.exp(h.detach().numpy()))  # <-
y.requires_grad_(True)
(y * 2).sum().backward()

# %% modified | problems
torch.manual_seed(0)
G, D = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2)), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1), nn.Sigmoid())
og, od = torch.optim.Adam(G.parameters(), lr=1e-2), torch.optim.Adam(D.parameters(), lr=1e-2)
for _ in range(2):
    real = torch.randn(4, 2)
    fake = G(torch.randn(4, 2))
    p0, p1 = D(real), D(fake)
    d_loss = -torch.mean(torch.log(p0) + torch.log(1 - p1))
    g_loss = torch.mean(torch.log(1 - p1))
    od.zero_grad()
    d_loss.backward(retain_graph=True)
    od.step()  # <-
    og.zero_grad()
    g_loss.backward()
    og.step()

# %% freed | problems
torch.manual_seed(0)
lstm = nn.LSTM(2, 4, batch_first=True)
head = nn.Linear(4, 1)
opt = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=1e-3)
hidden = (torch.zeros(1, 3, 4), torch.zeros(1, 3, 4))
for _ in range(2):
    out, hidden = lstm(torch.randn(3, 5, 2), hidden)
    loss = head(out).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% no-requires-grad | why emb.weight.grad
torch.manual_seed(0)
emb = nn.Embedding.from_pretrained(torch.randn(5, 3))  # <-
head = nn.Linear(3, 1)
loss = head(emb(torch.tensor([0, 2]))).sum()
loss.backward()

# %% detached | why enc.weight.grad
torch.manual_seed(0)
enc, dec = nn.Linear(3, 2), nn.Linear(2, 3)
x = torch.randn(4, 3)
z = enc(x).detach()  # <-
F.mse_loss(dec(z), x).backward()

# %% not-differentiable | why net.weight.grad
torch.manual_seed(0)
net = nn.Linear(3, 2)
x, y = torch.randn(4, 3), torch.tensor([0, 1, 1, 0])
pred = net(x).argmax(1).float()  # <-
loss = F.mse_loss(pred, y.float()).requires_grad_()
loss.backward()

# %% leaf-in-place | problems
w = torch.randn(2, requires_grad=True)
w += 1  # <-
(w * 2).sum().backward()

# %% rebound | why w.grad
x, y = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0])
w = torch.tensor(0.5, requires_grad=True)
for _ in range(2):
    loss = ((w * x - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w = w - 0.1 * w.grad  # <-
        w.requires_grad_()

# %% no-grad | why net.0.weight.grad
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
head = nn.Linear(3, 1)
with torch.no_grad():
    h = net(torch.randn(4, 2))  # <-
head(h).sum().backward()

# %% integer | problems
x = torch.tensor([1, 2, 3], requires_grad=True)  # <-
(x * 2).sum().backward()

# %% not-scalar | problems
w = torch.randn(3, requires_grad=True)
loss = F.mse_loss(w, torch.zeros(3), reduction="none")
loss.backward()  # <-

# %% returned-none | why w.grad
class Clip(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clamp(0, 1)
    @staticmethod
    def backward(ctx, g):
        pass
w = torch.tensor([0.5], requires_grad=True)
Clip.apply(w).sum().backward()

# %% modified | problems
torch.manual_seed(0)
x = torch.randn(3, requires_grad=True)
y = torch.sigmoid(x)
y *= 2  # <-
y.sum().backward()

# %% modified | problems
torch.manual_seed(0)
x = torch.randn(4, 3, requires_grad=True)
h = torch.exp(x)
h[0] = 0  # <-
h.sum().backward()

# %% modified | problems
torch.manual_seed(0)
W = torch.randn(3, 3, requires_grad=True)
h = torch.zeros(5, 3)
x = torch.randn(5, 3)
for t in range(1, 5):
    h[t] = torch.tanh(h[t - 1] @ W + x[t])  # <-
h.sum().backward()

# %% freed | problems
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
z = w.exp()
for _ in range(2):
    loss = (z * 2).sum()
    loss.backward()

# %% freed | problems
w = torch.randn(3, requires_grad=True)
loss = (w ** 2).sum()
loss.backward()
loss.backward()

# %% root-without-graph | problems
model = nn.Linear(2, 1)
for p in model.parameters():
    p.requires_grad = False
loss = model(torch.randn(3, 2)).mean()
loss.backward()

# %% left-torch | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
loss = F.mse_loss(model(torch.randn(4, 3)), torch.zeros(4, 1)).item()  # <-
loss.backward()

# %% left-torch | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
preds = [p.item() for p in model(torch.randn(4, 3))]  # <-
loss = F.mse_loss(torch.tensor(preds, requires_grad=True), torch.zeros(4))
loss.backward()

# %% data | why model.weight.grad
torch.manual_seed(0)
model = nn.Linear(3, 1)
x = torch.randn(4, 3)
loss = F.mse_loss(model(x).data, torch.zeros(4, 1))  # <-
loss.requires_grad = True
loss.backward()

# %% root-without-graph | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
x = torch.randn(4, 3)
out = model(x)
with torch.no_grad():
    loss = F.mse_loss(out, torch.zeros(4, 1))  # <-
loss.backward()

# %% not-a-leaf | problems
w = torch.randn(3, requires_grad=True) * 0.01
opt = torch.optim.SGD([w], lr=0.1)  # <-

# %% not-a-leaf | why w.grad
w = 0.01 * torch.randn(3, requires_grad=True)  # <-
(w * 2).sum().backward()

# %% not-a-leaf | why w.grad
w = torch.randn(3, requires_grad=True).reshape(3, 1)  # <-
(w * 2).sum().backward()

# %% not-scalar | problems
model = nn.Linear(3, 2)
loss = (model(torch.randn(4, 3)) - 1) ** 2
loss.backward()  # <-

# %% left-torch | problems
w = torch.randn(3, requires_grad=True)
y = np.sin(w)  # <-

# %% left-torch | problems
w = torch.randn(3, requires_grad=True)
y = (w * 2).numpy()  # <-

# %% integer | why idx.grad
idx = torch.tensor([1, 2])
y = torch.randn(5, requires_grad=True)[idx]
y.sum().backward()

# %% rebound | problems
x, y = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0])
w = torch.tensor(0.5, requires_grad=True)
for _ in range(3):
    loss = ((w * x - y) ** 2).mean()
    loss.backward()
    w = w - 0.1 * w.grad  # <-

# %% no-backward | problems
w = torch.tensor(0.5, requires_grad=True)
w.grad.zero_()  # <-
(w * 2).backward()

# %% leaf-in-place | problems
w = torch.zeros(3, requires_grad=True)
w[0] = 1.0  # <-
(w * 2).sum().backward()

# %% leaf-in-place | problems
lin = nn.Linear(2, 2)
lin.weight.fill_(0.5)  # <-

# %% modified | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.ReLU(inplace=True), nn.Linear(4, 1))
net(torch.randn(2, 3)).sum().backward()

# %% modified | problems
torch.manual_seed(0)
x = torch.randn(5, requires_grad=True)
m = x.clone()
y = m * m
m += 1  # <-
y.sum().backward()

# %% modified | problems
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
loss = (w ** 2).sum()
loss.backward(retain_graph=True)
opt.step()  # <-
loss.backward()

# %% freed | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
out = model(torch.randn(4, 3))
loss1 = out.pow(2).mean()
loss2 = out.exp().mean()
loss1.backward()
loss2.backward()

# %% freed | problems
torch.manual_seed(0)
cell = nn.RNNCell(2, 3)
h = torch.zeros(1, 3)
for t in range(3):
    h = cell(torch.randn(1, 2), h)
    h.sum().backward()

# %% not-connected | why b.grad
a = torch.randn(2, requires_grad=True)
b = torch.randn(2, requires_grad=True)
c = b * 2  # <-
loss = (a * 3).sum()
loss.backward()

# %% no-grad | why model.weight.grad
torch.manual_seed(0)
torch.set_grad_enabled(False)
model = nn.Linear(2, 1)
torch.set_grad_enabled(True)
with torch.inference_mode():
    h = model(torch.randn(3, 2))  # <-
w = torch.ones(1, requires_grad=True)
(h.clone() * w).sum().backward()

# %% wrong-backward | problems
class Sq(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.save_for_backward(x)
        return k * x * x
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return 2 * x * g
w = torch.randn(3, requires_grad=True)
Sq.apply(w, 2.0).sum().backward()

# %% two-passes | why w.grad
w = torch.randn(3, requires_grad=True)
loss = (w ** 2).sum()
loss.backward(retain_graph=True)
loss.backward()
