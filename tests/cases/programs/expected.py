"""Programs of which a person expects another gradient or value than they get.

What is asked is "expect NAME = FORMULA"; the third part is in the answer's title.
"""

# %% as-expected | expect w.grad = 2 * x.T @ (x @ w - y) | w.grad is what you expect
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
((x @ w - y) ** 2).sum().backward()  # <-

# %% factor | expect w.grad = 2 * x.T @ (x @ w - y) | w.grad is 1/4 × what you expect: the mean divides by 4
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = ((x @ w - y) ** 2).mean()  # <-
loss.backward()

# %% factor | expect w.grad = x.T @ (x @ w - y) | w.grad is 2 × what you expect: the derivative of a power
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = ((x @ w - y) ** 2).sum()  # <-
loss.backward()

# %% factor | expect w.grad = x.T @ (x @ w - y) | w.grad is 1/2 × what you expect
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = F.mse_loss(x @ w, y)  # <-
loss.backward()

# %% factor | expect w.grad = 2 * x.T @ (x @ w - y) / 4 | 4 × what you expect: sum adds 4 elements
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = ((x @ w - y) ** 2).sum()  # <-
loss.backward()

# %% factor | expect w.grad = x.sum(0) | the negative of what you expect
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = (y - x @ w).sum()  # <-
loss.backward()

# %% factor | expect w.grad = x.sum(dim=0) | 128 × what you expect: it is multiplied by 128
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = (x @ w).sum()
scaled = loss * 128  # <-
scaled.backward()

# %% factor | expect w.grad = x.sum(dim=0) | 1/8 × what you expect: it is divided by 8
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = (x @ w).sum() / 8  # <-
loss.backward()

# %% factor | expect w.grad = x.sum(dim=0) | 3 × what you expect: the pass began with the gradient 3
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = (x @ w).sum()
loss.backward(torch.tensor(3.))  # <-

# %% not-zeroed | expect w.grad = x.sum(axis=0) | 2 times what you expect: 2 passes
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
for k in range(2):
    loss = (x @ w).sum()
    loss.backward()  # <-

# %% not-zeroed | expect w.grad = 2 * x.T @ (x @ w - y) | more than what you expect
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
opt = torch.optim.SGD([w], 0.1)
for k in range(3):
    loss = ((x @ w - y) ** 2).sum()
    loss.backward()  # <-
    opt.step()

# %% missing-term | expect w.grad = x.sum(0) | leaves out what MulBackward0 of line 5 brings
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
a = (x @ w).sum()
b = (w * w).sum()  # <-
(a + b).backward()

# %% missing-term | expect w.grad = x.sum(0) + 3 | ExpBackward0
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = (x @ w).sum() + w.exp().sum() + (3 * w).sum()  # <-
loss.backward()

# %% changed-since | expect w.grad = 10 * x.sum(0) | until
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = (x @ w).sum() * 10
loss.backward()
torch.nn.utils.clip_grad_norm_([w], 1.0)  # <-

# %% factor | expect w.grad = tensor([6.5000, 7.0000]) | 10 × what you expect
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = (x @ w).sum() * 10  # <-
loss.backward()

# %% transposed | expect A.grad = B.T | A.grad is the transpose
A = torch.tensor([[1., 2.], [3., 4.]], requires_grad=True)
B = torch.tensor([[0., 1.], [5., 2.]])
loss = (A * B).sum()  # <-
loss.backward()

# %% transposed | expect A.grad = B.T | the transpose
A = torch.ones(2, 3, requires_grad=True)
B = torch.arange(6.).reshape(2, 3)
loss = (A * B).sum()  # <-
loss.backward()

# %% other-shape | expect b.grad = 2 * (x + b) | the sum over some axes
x = torch.arange(6.).reshape(3, 2)
b = torch.zeros(2, requires_grad=True)
loss = ((x + b) ** 2).sum()  # <-
loss.backward()

# %% missing-term | expect w.grad = x.sum(0) | PowBackward0
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = (x @ w).sum() + 0.1 * (w ** 2).sum()  # <-
loss.backward()

# %% other-than-expected | expect w.grad = 3 * w ** 2 | CubeBackward is on its way
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return g * x ** 2
w = torch.tensor([1., 2.], requires_grad=True)
Cube.apply(w).sum().backward()  # <-

# %% factor | expect w.grad = x.T @ (sigmoid(x @ w) - (y > 0)) | 1/4 × what you expect
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
pred = torch.sigmoid(x @ w)
loss = F.binary_cross_entropy(pred, (y > 0).float())  # <-
loss.backward()

# %% other-than-expected | expect x.grad = ones_like(x) | 1 of 3 elements differ
x = torch.tensor([-1., 2., 3.], requires_grad=True)
z = torch.relu(x)  # <-
z.sum().backward()

# %% other-than-expected | expect r = x @ w | tanh makes r of what you expect
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
p = x @ w
q = torch.tanh(p)  # <-
r = q * 2

# %% other-than-expected | expect r = (x @ w) | mul makes r of what you expect
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
p = x @ w
r = p * 2  # <-

# %% other-than-expected | expect r = softmax(x * w, 1).sum(1) + softmax(x * w, 1)[:, 0] | parts from your formula after x * w: mul
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
p = torch.softmax(x * w * 2, 1)  # <-
r = p.sum(1) + p[:, 0]

# %% factor | expect loss = ((x @ w - y) ** 2).sum() | loss is 1/4 × what you expect: the mean
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = ((x @ w - y) ** 2).mean()  # <-

# %% broadcast | expect d = x @ w - y | sub broadcasts (4, 1) with (4,) to (4, 4)
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
d = (x @ w).unsqueeze(1) - y  # <-

# %% no-backward | expect w.grad = x.sum(0)
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
y = torch.tensor([1., 0., 2., -1.])
w = torch.tensor([0.5, -1.], requires_grad=True)
loss = (x @ w.detach()).sum()

# %% counted-twice | expect w.grad = 2 * (w * x - 1) * x | loss
w, x = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)
loss = (w * x - 1) ** 2
total = sum([loss, loss])  # <-
total.backward()
