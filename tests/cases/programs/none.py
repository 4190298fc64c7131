"""Programs after which a person asks why a gradient is None.

Each section is a program of its own: its cause, what is asked, and the operation or node to be
named; "# <-" marks the line.
"""

# %% no-backward | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)  # <-
loss = (w * 3).sum()

# %% no-requires-grad | why w.grad
w = torch.tensor([1.0, 2.0])  # <-
b = torch.zeros(2, requires_grad=True)
(w * 3 + b).sum().backward()

# %% no-requires-grad | why h.grad
x = torch.ones(3)
h = x * 2  # <-
w = torch.ones(3, requires_grad=True)
(h * w).sum().backward()

# %% integer | why n.grad
n = torch.tensor([1, 2])  # <-
w = torch.ones(2, requires_grad=True)
(n * w).sum().backward()

# %% frozen | why layer.weight.grad
layer = nn.Linear(2, 1)
layer.weight.requires_grad_(False)
layer(torch.ones(1, 2)).sum().backward()

# %% not-a-leaf | why h.grad | mul
w = torch.tensor([1.0, 2.0], requires_grad=True)
h = w * 2  # <-
h.sum().backward()

# %% not-a-leaf | why w.grad | _to_copy
w = torch.rand(3, requires_grad=True).double()  # <-
w.sum().backward()

# %% not-a-leaf | why w.grad | mul
w = torch.randn(3, requires_grad=True) * 0.1  # <-
(w ** 2).sum().backward()

# %% rebound | why w.grad | sub
w = torch.tensor([1.0, 2.0], requires_grad=True)
for step in range(2):
    loss = (w * w).sum()
    if step == 0:
        loss.backward()
        w = w - 0.1 * w.grad  # <-
loss.backward()

# %% detached | why w.grad | detach
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.zeros(2, requires_grad=True)
h = (w * 2).detach()  # <-
(h * b).sum().backward()

# %% detached | why h.grad | detach
w = torch.tensor([1.0, 2.0], requires_grad=True)
h = w.detach()  # <-
(h * w).sum().backward()

# %% no-grad | why w.grad | mul
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.zeros(2, requires_grad=True)
with torch.no_grad():
    h = w * 2  # <-
(h + b).sum().backward()

# %% no-grad | why encoder.weight.grad | addmm
encoder, head = nn.Linear(2, 3), nn.Linear(3, 1)
@torch.no_grad()
def encode(x):
    return encoder(x)
head(encode(torch.ones(1, 2))).sum().backward()

# %% data | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.zeros(2, requires_grad=True)
h = w.data * 2  # <-
(h + b).sum().backward()

# %% left-torch | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w * 2).sum()
loss = torch.tensor(loss.item(), requires_grad=True)  # <-
loss.backward()

# %% left-torch | why w.grad
w = torch.tensor([1.5, 2.0], requires_grad=True)
b = torch.ones(2, requires_grad=True)
scale = w.sum().item()  # <-
(b * scale).sum().backward()

# %% left-torch | why w.grad
w = torch.tensor([1.5, 2.0], requires_grad=True)
b = torch.ones(2, requires_grad=True)
h = torch.from_numpy(np.exp(w.detach().numpy()))  # <-
(b * h).sum().backward()

# %% not-differentiable | why w.grad | gt
w = torch.tensor([1.5, -2.0], requires_grad=True)
b = torch.ones(2, requires_grad=True)
hard = (w > 0).float()  # <-
(hard * b).sum().backward()

# %% not-differentiable | why w.grad | argmax
w = torch.tensor([[1.5, -2.0]], requires_grad=True)
b = torch.ones(1, requires_grad=True)
pick = w.argmax(dim=1)  # <-
(pick * b).sum().backward()

# %% unused | why unused.grad
w = torch.ones(2, requires_grad=True)
unused = torch.ones(2, requires_grad=True)  # <-
(w * 2).sum().backward()

# %% not-connected | why w.grad | exp
w = torch.ones(2, requires_grad=True)
b = torch.ones(2, requires_grad=True)
extra = w.exp()  # <-
loss = (b * 2).sum()
loss.backward()

# %% returned-none | why w.grad | Scale
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x * w
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g * w, None
x = torch.ones(2, requires_grad=True)
w = torch.ones(2, requires_grad=True)
Scale.apply(x, w).sum().backward()  # <-

# %% grad-call | why w.grad
w = torch.ones(2, requires_grad=True)
loss = (w * w).sum()
g, = torch.autograd.grad(loss, w)  # <-

# %% inputs-left-out | why w.grad
w = torch.ones(2, requires_grad=True)
b = torch.ones(2, requires_grad=True)
(w * b).sum().backward(inputs=[b])  # <-

# %% cleared | why w.grad
w = nn.Parameter(torch.ones(2))
opt = torch.optim.SGD([w], lr=0.1)
(w * w).sum().backward()
opt.step()
opt.zero_grad()  # <-

# %% stopped | why w.grad
w = torch.ones(2, requires_grad=True)
class Broken(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        raise ValueError("no idea")
Broken.apply(w * 1).sum().backward()  # <-

# %% left-torch | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.ones(2, requires_grad=True)
h = torch.tensor(w * 2)  # <-
(h * b).sum().backward()

# %% left-torch | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.ones(2, requires_grad=True)
h = torch.tensor([v * 2 for v in w.tolist()])  # <-
(h * b).sum().backward()

# %% not-differentiable | problems
torch.manual_seed(0)
model = nn.Linear(3, 2)
x, y = torch.randn(4, 3), torch.tensor([0, 1, 0, 1])
pred = model(x).argmax(1)  # <-
loss = (pred != y).float().mean()
loss.requires_grad_()
loss.backward()

# %% data | why w.grad
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor([0.5, 0.5], requires_grad=True)
y = w.data * 3 + b  # <-
y.sum().backward()

# %% not-a-leaf | why w.grad
w = torch.randn(3, 3, requires_grad=True) * 0.01  # <-
(w @ torch.ones(3)).sum().backward()

# %% not-a-leaf | why bias.grad
bias = nn.Parameter(torch.zeros(3)).view(1, 3)  # <-
(torch.ones(2, 3) + bias).sum().backward()

# %% left-torch | why net.weight.grad
torch.manual_seed(0)
net = nn.Linear(2, 1)
opt = torch.optim.SGD(net.parameters(), 0.1)
pred = net(torch.randn(4, 2))
loss = (pred.mean().item() - 1.0) ** 2  # <-
loss = torch.tensor(loss, requires_grad=True)
loss.backward()
opt.step()

# %% data | why w.grad
w = torch.ones(2, requires_grad=True)
v = w.data  # <-
v.requires_grad_()
(v * 2).sum().backward()

# %% no-grad | why model.weight.grad
torch.manual_seed(0)
model = nn.Linear(3, 1)
head = nn.Linear(1, 1)
x = torch.randn(4, 3)
with torch.no_grad():
    h = model(x)  # <-
head(h).mean().backward()

# %% left-torch | problems | item
policy = nn.Linear(4, 2)
optimizer = torch.optim.Adam(policy.parameters())
scores = []
for _ in range(3):
    probs = torch.softmax(policy(torch.randn(4)), -1)
    action = torch.multinomial(probs, 1)
    scores.append(torch.log(probs[action]).item())  # <-
loss = -torch.tensor(scores, requires_grad=True).sum()
optimizer.zero_grad()
loss.backward()
optimizer.step()
