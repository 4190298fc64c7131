"""Forward and backward passes that share something, as they should."""

# %% one forward pass, two losses, each with an optimizer of its own
torch.manual_seed(0)
body, policy, value = nn.Linear(4, 8), nn.Linear(8, 2), nn.Linear(8, 1)
for_value = torch.optim.SGD(value.parameters(), lr=0.1)
for_policy = torch.optim.SGD([*body.parameters(), *policy.parameters()], lr=0.1)
for episode in range(4):
    state = torch.randn(6, 4)
    h = torch.tanh(body(state))
    v = value(h).squeeze(1)
    advantage = torch.randn(6) - v
    for_value.zero_grad()
    (advantage ** 2).mean().backward(retain_graph=True)
    for_value.step()
    for_policy.zero_grad()
    (-policy(h).log_softmax(1)[:, 0] * advantage.detach()).mean().backward()
    for_policy.step()

# %% the same loss is gone back through again before the step
torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for step in range(4):
    optimizer.zero_grad()
    out = model(x)
    fit, size = F.mse_loss(out, y), out.abs().mean()
    fit.backward(retain_graph=True)
    size.backward()
    optimizer.step()

# %% validation that goes back to training, and a batch normalisation that is frozen from the start
torch.manual_seed(0)
bn = nn.BatchNorm1d(8)
net = nn.Sequential(nn.Linear(4, 8), bn, nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
optimizer = torch.optim.Adam(net.parameters())
x, y = torch.randn(32, 4), torch.randn(32, 1)
for epoch in range(4):
    net.train()
    bn.eval()
    optimizer.zero_grad()
    F.mse_loss(net(x), y).backward()
    optimizer.step()
    net.eval()
    with torch.no_grad():
        net(x)
