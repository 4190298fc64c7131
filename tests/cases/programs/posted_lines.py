"""The line to change: an optimizer made too early or of too little, a loop that grows: as people post them."""

# %% never-updated | problems | fc.weight
torch.manual_seed(0)
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.fc = nn.Linear(8, 10)
    def forward(self, x):
        return self.fc(torch.relu(self.body(x)))
model = M()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
model.fc = nn.Linear(8, 2)  # <-
for _ in range(3):
    x, y = torch.randn(6, 4), torch.randint(0, 2, (6,))
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()

# %% never-updated | problems | head.weight
torch.manual_seed(0)
body, head = nn.Linear(4, 8), nn.Linear(8, 2)
optimizer = torch.optim.SGD(body.parameters(), lr=0.1)  # <-
for _ in range(3):
    x, y = torch.randn(6, 4), torch.randint(0, 2, (6,))
    optimizer.zero_grad()
    F.cross_entropy(head(torch.relu(body(x))), y).backward()
    optimizer.step()

# %% overflow | problems | rounds
torch.manual_seed(0)
W = (torch.randn(8, 8)).requires_grad_()
U = torch.randn(8, 3, requires_grad=True)
h = torch.zeros(8)
for t in range(60):
    h = W @ h + U @ torch.randn(3)  # <-
loss = h.pow(2).mean()
loss.backward()

# %% not-averaged | problems | 4 mean losses
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.01)
data = [(torch.randn(4, 3), torch.randn(4, 1)) for _ in range(8)]
opt.zero_grad()
for i, (x, y) in enumerate(data):
    loss = F.mse_loss(model(x), y)
    loss.backward()  # <-
    if (i + 1) % 4 == 0:
        opt.step()
        opt.zero_grad()

# %% never-updated | problems | made anew
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)
    def forward(self, x):
        out = nn.Linear(4, 1)  # <-
        return out(torch.tanh(self.fc(x)))
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1)).backward()
    opt.step()

# %% scheduled-early | problems | scheduler
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=10, gamma=0.1)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(3):
    sched.step()  # <-
    opt.zero_grad()
    F.mse_loss(model(x), y).backward()
    opt.step()

# %% undone | problems | uniform_
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for i in range(5):
    nn.init.xavier_uniform_(net.weight)  # <-
    opt.zero_grad()
    F.mse_loss(net(torch.randn(4, 3)), torch.randn(4, 1)).backward()
    opt.step()

# %% clipped-in-vain | problems | clip_grad_value_
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
def train_step(x, y):
    opt.zero_grad()
    loss = F.mse_loss(net(x), y)
    nn.utils.clip_grad_value_(net.parameters(), 0.1)  # <-
    loss.backward()
    opt.step()
for _ in range(3):
    train_step(torch.randn(4, 3), torch.randn(4, 1))

# %% dtype-mismatch | problems | 
torch.manual_seed(0)
net = nn.Linear(3, 4)
y = F.one_hot(torch.tensor([0, 1, 2]), 4)
loss = F.cross_entropy(net(torch.randn(3, 3)), y)  # <-
loss.backward()

# %% left-torch | problems | numpy
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
x = np.random.randn(5, 3).astype(np.float32)
pred = x @ w.detach().numpy()  # <-
loss = torch.from_numpy((pred - 1.0) ** 2).mean().requires_grad_()
loss.backward()

# %% times-zero | problems | emb
torch.manual_seed(0)
emb = nn.Parameter(torch.zeros(3, 4))  # <-
tgt = torch.randn(3, 4)
opt = torch.optim.SGD([emb], lr=0.1)
for _ in range(3):
    h = emb * emb
    loss = (h * tgt).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% all-masked | problems | logsumexp
s = torch.full((2, 3), float('-inf'))
w = torch.zeros(2, 3, requires_grad=True)
out = torch.logsumexp(s + w, 1)  # <-
out.sum().backward()

# %% broadcast | problems | [8, 8]
torch.manual_seed(0)
net = nn.Linear(4, 8)
wgt = torch.rand(8)
out = net(torch.randn(8, 4))
t = torch.randn(8, 8)
loss = ((out - t).pow(2).mean(1, keepdim=True) * wgt).mean()  # <-
loss.backward()

# %% never-updated | problems | student
torch.manual_seed(0)
teacher, student = nn.Linear(3, 2), nn.Linear(3, 2)
opt = torch.optim.Adam(teacher.parameters(), lr=0.01)  # <-
x = torch.randn(6, 3)
for _ in range(3):
    with torch.no_grad():
        t = teacher(x)
    loss = F.mse_loss(student(x), t)
    opt.zero_grad()
    loss.backward()
    opt.step()

# %% input | problems | nan
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
w.register_hook(lambda g: g * float('nan'))  # <-
(w ** 2).sum().backward()

# %% stepped-twice | problems | enc.weight
torch.manual_seed(0)
enc, a, b = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(4, 1)
oa = torch.optim.SGD([*enc.parameters(), *a.parameters()], lr=0.1)
ob = torch.optim.Adam([*enc.parameters(), *b.parameters()], lr=0.1)
x, y = torch.randn(6, 3), torch.randn(6, 1)
for _ in range(3):
    z = torch.tanh(enc(x))
    loss = F.mse_loss(a(z), y) + F.mse_loss(b(z), y)
    oa.zero_grad()
    ob.zero_grad()
    loss.backward()
    oa.step()
    ob.step()  # <-

# %% undone | problems | student.weight
torch.manual_seed(0)
student, teacher = nn.Linear(3, 1), nn.Linear(3, 1)
opt = torch.optim.SGD(student.parameters(), lr=0.1)
for _ in range(5):
    opt.zero_grad()
    F.mse_loss(student(torch.randn(4, 3)), torch.randn(4, 1)).backward()
    opt.step()
    with torch.no_grad():
        for s, t in zip(student.parameters(), teacher.parameters()):
            s.copy_(t)  # <-

# %% saturated | problems | elements
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
X = 1000 * torch.randn(8, 4)
for _ in range(3):
    opt.zero_grad()
    F.mse_loss(net(X), torch.ones(8, 1)).backward()  # <-
    opt.step()

# %% clipped-scores | problems | sigmoid
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid())
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    F.cross_entropy(net(torch.randn(8, 4)), torch.randint(0, 3, (8,))).backward()  # <-
    opt.step()

# %% softmax-twice | problems | softmax
torch.manual_seed(0)
net = nn.Linear(4, 3)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    p = torch.softmax(net(torch.randn(8, 4)), dim=1)  # <-
    F.binary_cross_entropy_with_logits(p, F.one_hot(torch.randint(0, 3, (8,)), 3).float()).backward()
    opt.step()

# %% freed | problems | self.h
torch.manual_seed(0)
class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.RNNCell(3, 4)
        self.h = torch.zeros(2, 4)
    def forward(self, x):
        self.h = self.cell(x, self.h)
        return self.h
net = RNN()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    net(torch.randn(2, 3)).pow(2).mean().backward()  # <-
    opt.step()

# %% log-of-zero | problems | log
torch.manual_seed(0)
x = torch.randn(400, requires_grad=True)
like = torch.sigmoid(x).prod()
loss = -torch.log(like)  # <-
loss.backward()

# %% hook | problems | another shape
w = torch.randn(3, requires_grad=True)
w.register_hook(lambda g: g.sum())  # <-
(w ** 2).sum().backward()

# %% never-updated | problems | learning rate
torch.manual_seed(0)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for g in opt.param_groups:
    g['lr'] = 0.0  # <-
for _ in range(4):
    opt.zero_grad()
    F.mse_loss(net(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    opt.step()

# %% stale-forward | problems | addmm
torch.manual_seed(0)
x, y = torch.randn(32, 5), torch.randn(32, 1)
model = nn.Linear(5, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
pred = model(x)  # <-
for epoch in range(5):
    loss = F.mse_loss(pred, y)
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    optimizer.step()

# %% stale-forward | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(5, 8), nn.Linear(8, 1)
    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))
x, y = torch.randn(32, 5), torch.randn(32, 1)
net = Net()
out = net(x)
loss = ((out - y) ** 2).mean()  # <-
for epoch in range(5):
    loss.backward(retain_graph=True)
    for p in net.parameters():
        p.data -= 0.1 * p.grad
        p.grad = None

# %% data | problems
torch.manual_seed(0)
w, rate = torch.randn(3, requires_grad=True), torch.tensor(0.1, requires_grad=True)
x, y = torch.randn(8, 3), torch.randn(8)
inner = ((x @ w - y) ** 2).mean()
g, = torch.autograd.grad(inner, w)
fast = w.data - rate.data * g  # <-
outer = ((x @ fast - y) ** 2).mean()
outer.requires_grad_(True)
outer.backward()

# %% all-masked | problems | softmax
torch.manual_seed(0)
q = torch.randn(2, 3, 4, requires_grad=True)
k, v = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
pad = torch.tensor([[False, False, True], [True, True, True]])
scores = (q @ k.transpose(1, 2) / 2).masked_fill(pad[:, None, :], float('-inf'))
att = scores.softmax(-1)  # <-
loss = (att @ v)[0].sum()
loss.backward()

# %% still-evaluating | problems | net
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(net.parameters())
x, y = torch.randn(32, 4), torch.randn(32, 1)
def validate():
    net.eval()  # <-
    with torch.no_grad():
        return F.mse_loss(net(x), y).item()
for epoch in range(4):
    loss = F.mse_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    validate()

# %% still-evaluating | problems | model
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(32, 4), torch.randn(32, 1)
model.train
for epoch in range(4):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    model.eval()  # <-
    with torch.no_grad():
        val = F.mse_loss(model(x), y).item()

# %% counted-twice | problems | loss
w, x = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)
losses = []
loss = (w * x - 1) ** 2
losses.append(loss)
total = loss + sum(losses)  # <-
total.backward()

# %% counted-twice | why w.grad | loss
w, x = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)
loss = (w * x - 1) ** 2
reg = w.abs()
total = loss + 0.1 * reg
total = total + loss  # <-
total.backward()

# %% graph-kept | problems
torch.manual_seed(0)
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.01)
average = 0.0
for i in range(6):
    opt.zero_grad()
    loss = F.mse_loss(model(torch.randn(4, 3)), torch.randn(4, 1))
    loss.backward()
    opt.step()
    average = 0.9 * average + 0.1 * loss  # <-

# %% alike-units | problems | 0.weight
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
for p in net.parameters():
    nn.init.constant_(p, 0.5)  # <-
x, y = torch.randn(16, 4), torch.randn(16, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(5):
    optimizer.zero_grad()
    loss = F.mse_loss(net(x), y)
    loss.backward()
    optimizer.step()
