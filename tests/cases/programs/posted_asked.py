"""Programs as people post them, with questions in the words of their programs."""

# %% integer | why params['shift'].grad
params = {'scale': torch.ones(3, requires_grad=True), 'shift': torch.tensor([1, 2, 3])}
x = torch.randn(4, 3)
y = (x * params['scale'] + params['shift']).sum()  # <-
y.backward()

# %% vanishing | why layers[0].weight.grad | layers[0].weight
torch.manual_seed(0)
layers = [nn.Linear(8, 8) for _ in range(30)]
for layer in layers:
    nn.init.normal_(layer.weight, std=0.02)
h = torch.randn(4, 8)
for layer in layers:
    h = torch.tanh(layer(h))  # <-
h.sum().backward()

# %% times-zero | why p["scale"].grad[0]
def main():
    p = {'scale': torch.ones(2, requires_grad=True), 'b': torch.zeros(2, requires_grad=True)}
    y = torch.ones(2) * p['scale'].relu() + p['b']
    (y.sum() * 0).backward()  # <-
main()

# %% unused | why net.hidden[2].weight.grad | hidden.2.weight is not used
class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])  # <-
        self.out = nn.Linear(sizes[-1], 1)
    def forward(self, x):
        for i in range(len(self.hidden) - 1):
            x = torch.relu(self.hidden[i](x))
        return self.out(x)
torch.manual_seed(0)
net = Net([4, 6, 6, 6])
F.mse_loss(net(torch.randn(8, 4)), torch.randn(8, 1)).backward()

# %% underflow | problems | a product of 200 numbers
torch.manual_seed(0)
logits = torch.randn(200, 5, requires_grad=True)
p = F.softmax(logits, dim=1)[:, 0]
likelihood = torch.prod(p * 1e-3)  # <-
(-likelihood).backward()

# %% shared | expect x.grad = w | 2 uses of x bring the same
x = torch.tensor([1., 2.], requires_grad=True)
w = torch.tensor([3., 4.])
out = x * w
out = out + x * w  # <-
out.sum().backward()

# %% factor | expect theta.grad = -(adv[:, None] * s).mean(0) | the negative of what you expect
torch.manual_seed(0)
theta = torch.zeros(3, requires_grad=True)
s, adv = torch.randn(6, 3), torch.randn(6)
logp = s @ theta
loss = (adv * logp).mean()  # <-
loss.backward()

# %% other-shape | expect b.grad = x.sum(1) | over axis 0, your formula over axis 1
torch.manual_seed(0)
x = torch.randn(3, 3)
b = torch.zeros(3, requires_grad=True)
out = x * b  # <-
out.sum().backward()

# %% detached | expect w.grad = 2 * (w * a - w.mean()) * a - 2/3 * (w * a - w.mean()).sum() * torch.ones(3)
w = torch.tensor([1., 2., 3.], requires_grad=True)
a = torch.tensor([0.5, 1., 2.])
center = w.mean().detach()  # <-
loss = ((w * a - center) ** 2).sum()
loss.backward()

# %% other-than-expected | expect table.grad = 2 * table | index did not take
table = torch.arange(6.).reshape(3, 2).requires_grad_()
picked = table[torch.tensor([0, 2])]  # <-
(picked ** 2).sum().backward()

# %% missing-term | expect ae.W.grad = 2 * torch.outer(W @ x, W.T @ (W @ x) - x)
torch.manual_seed(0)
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(2, 4) * 0.3)
    def forward(self, x):
        return self.W.T @ (self.W @ x)  # <-
ae = Tied()
x = torch.randn(4)
((ae(x) - x) ** 2).sum().backward()

# %% two-passes | problems | data_loss.backward() ran, and total contains data_loss
w = torch.tensor([1., -2.], requires_grad=True)
data_loss = (w * torch.tensor([3., 1.])).sum() ** 2
data_loss.backward(retain_graph=True)
total = data_loss + 0.1 * w.pow(2).sum()
total.backward()  # <-

# %% not-a-leaf | problems | act.grad is None
torch.manual_seed(0)
c1, c2 = nn.Linear(4, 3), nn.Linear(3, 1)
act = c1(torch.randn(2, 4)).relu()  # <-
c2(act).sum().backward()
print(act.grad)

# %% hook | problems | 100 times as large
torch.manual_seed(0)
down, up = nn.Linear(3, 2), nn.Linear(2, 3)
up.weight.register_hook(lambda g: g * 100)  # <-
up(down(torch.randn(4, 3))).pow(2).mean().backward()

# %% times-zero | why aux.weight.grad | multiplied by warm
torch.manual_seed(0)
main, aux = nn.Linear(4, 1), nn.Linear(4, 1)
epochs = 3
for epoch in range(epochs):
    x, y = torch.randn(5, 4), torch.randn(5, 1)
    warm = (epoch + 1) // (epochs + 1)
    loss = F.mse_loss(main(x), y) + warm * F.mse_loss(aux(x), y)  # <-
    main.zero_grad()
    aux.zero_grad()
    loss.backward()

# %% missing-term | expect w.grad = x.T @ (2 * (torch.sigmoid(x @ w) - y)) | the derivative of sigmoid is next
torch.manual_seed(0)
x, y = torch.randn(6, 2), torch.rand(6)
w = torch.randn(2, requires_grad=True)
p = torch.sigmoid(x @ w)  # <-
((p - y) ** 2).sum().backward()

# %% not-zeroed | expect net.weight.grad = xb.T.sum(1) | 2 passes are in it
torch.manual_seed(0)
net = nn.Linear(3, 1, bias=False)
def run(xb):
    net(xb).sum().backward()  # <-
for xb in torch.randn(2, 4, 3):
    run(xb)

# %% factor | expect a.grad = 1 / a | the derivative of log2 has 1/ln 2
a = torch.tensor([1., 2., 4.], requires_grad=True)
b = torch.log2(a)  # <-
b.sum().backward()

# %% no-grad | expect q.grad = k.T @ torch.ones(3) + v.T @ torch.ones(3) | mv was computed under no_grad
torch.manual_seed(0)
q = torch.randn(2, requires_grad=True)
k, v = torch.randn(3, 2), torch.randn(3, 2)
with torch.no_grad():
    s = k @ q  # <-
(s.sum() + (v @ q).sum()).backward()

# %% freed | problems | both losses go through z
torch.manual_seed(0)
enc = nn.Linear(3, 4)
a, b = nn.Linear(4, 1), nn.Linear(4, 1)
opt = torch.optim.SGD(enc.parameters(), lr=0.1)
z = enc(torch.randn(5, 3)).tanh()
loss_a = a(z).pow(2).mean()
loss_b = b(z).abs().mean()
opt.zero_grad()
loss_a.backward()
loss_b.backward()  # <-
opt.step()

# %% modified | problems | states[1] was written in place
torch.manual_seed(0)
cell = nn.Linear(4, 4)
states = [torch.zeros(2, 4)]
for t in range(3):
    states.append(torch.sigmoid(cell(states[-1])))
states[1] += 0.1 * torch.randn(2, 4)  # <-
torch.stack(states).sum().backward()

# %% shape-mismatch | problems
torch.manual_seed(0)
conv = nn.Conv2d(1, 2, 3)
fc = nn.Linear(2 * 4 * 4, 5)
imgs = torch.randn(3, 1, 6, 6)
feat = F.relu(conv(imgs)).flatten()
out = fc(feat)  # <-
out.sum().backward()

# %% hook | problems | a hook made the gradient of h_w zero
torch.manual_seed(0)
h_w = torch.randn(3, requires_grad=True)
def clip(g):
    g.mul_(0)
h_w.register_hook(clip)  # <-
(h_w * 2).sum().backward()
