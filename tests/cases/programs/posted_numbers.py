"""Values and gradients that are not finite, as people post them."""

# %% domain | problems
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
crit = nn.BCELoss()
x, y = torch.randn(6, 3), torch.randint(0, 2, (6, 1)).float()
loss = crit(net(x), y)  # <-
loss.backward()

# %% sqrt-at-zero | why x.grad
x = torch.zeros(3, requires_grad=True)
rmse = torch.sqrt(F.mse_loss(x, torch.zeros(3)))  # <-
rmse.backward()

# %% empty | problems
torch.manual_seed(0)
feat = nn.Linear(4, 3)(torch.randn(1, 4))
z = (feat - feat.mean(0)) / (feat.std(0) + 1e-6)  # <-
z.sum().backward()

# %% kink | why y.grad | atan2
y = torch.zeros(2, requires_grad=True)
x = torch.zeros(2, requires_grad=True)
theta = torch.atan2(y, x)  # <-
theta.sum().backward()

# %% power | why x.grad
x = torch.tensor([0.0, 2.0], requires_grad=True)
y = torch.pow(x, 0.3)  # <-
y.sum().backward()

# %% masked-nan | problems
torch.manual_seed(0)
d = torch.tensor([0.0, 1.0, 4.0], requires_grad=True)
valid = (d > 0).float()
loss = (torch.sqrt(d) * valid).sum() / valid.sum()  # <-
loss.backward()

# %% all-masked | problems
torch.manual_seed(0)
lengths = torch.tensor([3, 0])
emb = nn.Linear(4, 4)
x = emb(torch.randn(2, 3, 4))
scores = torch.bmm(x, x.transpose(1, 2))
mask = torch.arange(3)[None, :] >= lengths[:, None]
scores = scores.masked_fill(mask[:, None, :], -float("inf"))
attn = F.softmax(scores, dim=-1)  # <-
out = torch.bmm(attn, x)
out.mean().backward()

# %% exploding | problems
torch.manual_seed(0)
rnn = nn.RNN(2, 16, nonlinearity="relu")
with torch.no_grad():
    rnn.weight_hh_l0.copy_(torch.eye(16) * 1.8)
out, _ = rnn(torch.randn(60, 1, 2))
out[-1].sum().backward()

# %% overflow | problems
torch.manual_seed(0)
X, y = torch.randn(50, 1) * 100, torch.randn(50, 1)
w, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
for _ in range(60):
    loss = ((X * w + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
    w.grad.zero_()
    b.grad.zero_()

# %% log-of-zero | problems
torch.manual_seed(0)
p = torch.sigmoid(torch.tensor([40.0, -3.0], requires_grad=True))
y = torch.tensor([0.0, 1.0])
loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()  # <-
loss.backward()

# %% division-by-zero | problems
torch.manual_seed(0)
pred = torch.sigmoid(nn.Linear(3, 4)(torch.randn(2, 3)))
target = torch.zeros(2, 4)
inter = (pred * target).sum(1)
union = target.sum(1)
iou = inter / union  # <-
(1 - iou).mean().backward()

# %% exp-overflow | problems
torch.manual_seed(0)
logits = nn.Linear(3, 4)(torch.randn(2, 3) * 500)
e = torch.exp(logits)  # <-
p = e / e.sum(1, keepdim=True)
loss = -torch.log(p[torch.arange(2), torch.tensor([1, 2])]).mean()
loss.backward()

# %% input | problems
torch.manual_seed(0)
ratings = torch.tensor([[5.0, float("nan")], [3.0, 1.0]])  # <-
U, V = torch.randn(2, 2, requires_grad=True), torch.randn(2, 2, requires_grad=True)
loss = ((ratings - U @ V.T) ** 2).mean()
loss.backward()

# %% exp-overflow | problems | sinh
torch.manual_seed(0)
x = torch.tensor([100.0, 2.0], requires_grad=True)
y = torch.sinh(x) - torch.cosh(x)  # <-
y.sum().backward()

# %% masked-nan | problems
torch.manual_seed(0)
x = torch.tensor([0.0, 2.0], requires_grad=True)
y = x.clone()
r = torch.sin(x) / x  # <-
y = torch.where(x == 0, torch.ones_like(x), r)
y.sum().backward()

# %% masked-nan | problems | sqrt
torch.manual_seed(0)
emb = torch.randn(3, 2, requires_grad=True)
d = torch.sqrt(((emb.unsqueeze(0) - emb.unsqueeze(1)) ** 2).sum(-1))  # <-
mask = ~torch.eye(3, dtype=torch.bool)
loss = d[mask].mean()
loss.backward()

# %% overflow | problems
torch.manual_seed(0)
rnn, fc = nn.RNN(2, 8, nonlinearity="relu"), nn.Linear(8, 1)
with torch.no_grad():
    rnn.weight_hh_l0.mul_(6.0)
out, _ = rnn(torch.randn(100, 1, 2))
loss = fc(out[-1]).pow(2).sum()
loss.backward()

# %% exp-overflow | problems
torch.manual_seed(0)
net = nn.Linear(4, 3)
x, y = torch.randn(6, 4) * 1000, torch.randint(0, 3, (6,))
out = net(x)
p = torch.exp(out) / torch.exp(out).sum(1, keepdim=True)  # <-
loss = -torch.log(p[range(6), y]).mean()
loss.backward()

# %% log-of-zero | problems | log
torch.manual_seed(0)
pred, y = torch.tensor([0.0, 3.0], requires_grad=True), torch.tensor([1.0, 2.0])
loss = ((torch.log(pred) - torch.log(y)) ** 2).mean()  # <-
loss.backward()

# %% log-of-negative | problems
torch.manual_seed(0)
model = nn.Linear(2, 1)
y = torch.rand(5, 1)
pred = model(torch.randn(5, 2))
rmsle = torch.sqrt(F.mse_loss(torch.log(pred - 1), torch.log(y + 1)))  # <-
rmsle.backward()

# %% division-by-zero | problems
torch.manual_seed(0)
a, b = torch.zeros(1, 3, requires_grad=True), torch.randn(1, 3)
cos = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))  # <-
(1 - cos).mean().backward()

# %% kink | why a.grad | std
a = torch.ones(2, 4, requires_grad=True)
s = a.std(dim=1)  # <-
s.sum().backward()

# %% masked-nan | problems
torch.manual_seed(0)
t = torch.tensor([0.0, 1.0], requires_grad=True)
p = torch.tensor([1.0, 0.0])
loss = torch.where(t > 0, t * torch.log(t / 0.5), torch.zeros_like(t)).sum()  # <-
loss.backward()

# %% domain | problems | acos
u = torch.tensor([[1.0, 0.0, 0.0]], requires_grad=True)
v = torch.tensor([[1.0, 0.0, 0.0]])
cos = F.cosine_similarity(u, v)
angle = torch.acos(cos)  # <-
angle.sum().backward()

# %% zero-times-inf | problems | mul
torch.manual_seed(0)
w = torch.ones(3, requires_grad=True)
mask = torch.tensor([0.0, float("-inf"), 0.0])
att = w * mask  # <-
p = torch.softmax(att, 0)
p[0].backward()

# %% all-masked | problems
torch.manual_seed(0)
mha = nn.MultiheadAttention(4, 1, batch_first=True)
x = torch.randn(2, 3, 4)
pad = torch.tensor([[False, False, True], [True, True, True]])
y, _ = mha(x, x, x, key_padding_mask=pad)  # <-
y.sum().backward()
