"""Opacus's own MNIST example, for a comparison in the same hour: python opacus_mnist.py DATA_DIR STEPS [SEED].

DATA_DIR holds the four MNIST IDX files, gzipped. The setting is that of examples/mnist_README.md in Opacus: its SampleConvNet,
mean .1307, std .3081, Poisson lots at q = 240/60000, sigma 1.1, C 1, SGD lr .15. Prints one JSON line: seconds for the
steps, samples per second, test accuracy, epsilon at delta 1e-5 by its RDP accountant.
"""
import gzip, json, sys, time, warnings
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
from opacus import PrivacyEngine
from torch.utils.data import DataLoader, TensorDataset

warnings.filterwarnings("ignore")
folder, steps, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0
torch.manual_seed(seed)


def idx(name, skip):
    return np.frombuffer(gzip.open(f"{folder}/{name}.gz").read(), np.uint8)[skip:]


def part(p):
    x = torch.from_numpy(idx(f"{p}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28).astype(np.float32) / 255)
    return (x - 0.1307) / 0.3081, torch.from_numpy(idx(f"{p}-labels-idx1-ubyte", 8).astype(np.int64))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 16, 8, 2, padding=3), nn.Conv2d(16, 32, 4, 2)
        self.fc1, self.fc2 = nn.Linear(32 * 4 * 4, 32), nn.Linear(32, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2, 1)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2, 1)
        return self.fc2(F.relu(self.fc1(x.view(-1, 512))))


x, y = part("train")
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.15)
engine = PrivacyEngine(accountant="rdp")
net, opt, loader = engine.make_private(module=net, optimizer=opt, noise_multiplier=1.1, max_grad_norm=1.0,
                                       data_loader=DataLoader(TensorDataset(x, y), batch_size=240))
done, seen, began = 0, 0, time.time()
while done < steps:
    for bx, by in loader:
        opt.zero_grad()
        F.cross_entropy(net(bx), by).backward()
        opt.step()
        done, seen = done + 1, seen + len(by)
        if done == steps:
            break
seconds = time.time() - began
net.eval()
tx, ty = part("t10k")
with torch.no_grad():
    right = (net(tx).argmax(1) == ty).float().mean().item()
print(json.dumps(dict(steps=steps, seconds=round(seconds, 1), samples_per_second=round(seen / seconds), test_accuracy=round(right, 4),
                      epsilon=round(engine.get_epsilon(1e-5), 4), threads=torch.get_num_threads())))
