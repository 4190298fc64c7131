"""Programs that run without an error and do not learn what they should."""

# %% unused-parameter | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.used = nn.Linear(2, 1)
        self.forgotten = nn.Linear(2, 1)
    def forward(self, x):
        return self.used(x)
net = Net()
net(torch.ones(1, 2)).sum().backward()

# %% never-updated | problems
torch.manual_seed(0)
body, head = nn.Linear(2, 2), nn.Linear(2, 1)
opt = torch.optim.SGD(head.parameters(), lr=0.1)
for _ in range(2):
    opt.zero_grad()
    body.zero_grad()
    head(body(torch.ones(1, 2))).sum().backward()
    opt.step()

# %% zeroed-before-step | problems
torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    loss = model(torch.ones(1, 2)).sum()
    loss.backward()
    opt.zero_grad()  # <-
    opt.step()

# %% broadcast | problems | sub
torch.manual_seed(0)
model = nn.Linear(2, 1)
x, y = torch.randn(8, 2), torch.randn(8)
loss = ((model(x) - y) ** 2).mean()  # <-
loss.backward()

# %% broadcast | problems
torch.manual_seed(0)
model = nn.Linear(2, 1)
x, y = torch.randn(8, 2), torch.randn(8)
loss = F.mse_loss(model(x), y)  # <-
loss.backward()

# %% softmax-twice | problems | _softmax
torch.manual_seed(0)
model = nn.Linear(2, 3)
p = torch.softmax(model(torch.ones(4, 2)), dim=1)  # <-
F.cross_entropy(p, torch.tensor([0, 1, 2, 0])).backward()

# %% softmax-twice | problems | sigmoid
torch.manual_seed(0)
model = nn.Linear(2, 1)
p = torch.sigmoid(model(torch.ones(4, 2)))  # <-
F.binary_cross_entropy_with_logits(p, torch.ones(4, 1)).backward()

# %% dead-relu | problems | relu
torch.manual_seed(0)
fc, out = nn.Linear(2, 16), nn.Linear(16, 1)
with torch.no_grad():
    fc.bias.fill_(-50.0)
h = torch.relu(fc(torch.randn(8, 2)))  # <-
out(h).mean().backward()

# %% graph-kept | problems | add
torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.01)
total = 0
for _ in range(5):
    opt.zero_grad()
    loss = (model(torch.ones(4, 2)) ** 2).mean()
    loss.backward()
    opt.step()
    total += loss  # <-
print(total / 5)

# %% aliased | problems
a = torch.ones(2, requires_grad=True)
b = torch.ones(2, requires_grad=True)
g = torch.full((2,), 3.0)
a.grad = g
b.grad = g  # <-

# %% detached | problems | detach
torch.manual_seed(0)
encoder, decoder = nn.Linear(2, 2), nn.Linear(2, 2)
code = encoder(torch.ones(1, 2)).detach()  # <-
decoder(code).sum().backward()

# %% no-grad | problems | addmm
torch.manual_seed(0)
encoder, decoder = nn.Linear(2, 2), nn.Linear(2, 2)
with torch.no_grad():
    code = encoder(torch.ones(1, 2))  # <-
decoder(code).sum().backward()

# %% never-updated | problems
torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
model = nn.Linear(2, 1)
for _ in range(3):
    opt.zero_grad()
    model.zero_grad()
    loss = model(torch.randn(4, 2)).pow(2).mean()
    loss.backward()
    opt.step()

# %% never-updated | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.layers = [nn.Linear(3, 3), nn.Linear(3, 1)]
    def forward(self, x):
        x = torch.relu(self.first(x))
        for layer in self.layers:
            x = layer(x)
        return x
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    for layer in net.layers:
        layer.zero_grad()
    net(torch.randn(4, 3)).pow(2).mean().backward()
    opt.step()

# %% unused-parameter | problems
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(3, 4)
        self.fc2 = nn.Linear(4, 1)
        self.skip = nn.Linear(3, 1)
    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))
net = Net()
opt = torch.optim.Adam(net.parameters())
for _ in range(2):
    opt.zero_grad()
    net(torch.randn(4, 3)).pow(2).mean().backward()
    opt.step()

# %% not-zeroed | problems
torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.Adam(model.parameters())
opt.zero_grad()
for _ in range(4):
    loss = model(torch.randn(4, 2)).pow(2).mean()
    loss.backward()  # <-
    opt.step()

# %% softmax-dimension | problems | softmax
model = nn.Linear(4, 3)
x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
logs = F.log_softmax(model(x), dim=0)  # <-
loss = F.nll_loss(logs, y)
loss.backward()

# %% softmax-dimension | problems | softmax
model = nn.Linear(4, 3)
x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
p = torch.softmax(model(x), 0)  # <-
loss = -torch.log(p[range(8), y] + 1e-9).mean()
loss.backward()

# %% flat | problems | round
w = torch.tensor([1.3, 2.7], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    q = torch.round(w * 4) / 4  # <-
    loss = (q - torch.tensor([1.0, 2.0])).pow(2).sum()
    loss.backward()
    optimizer.step()
