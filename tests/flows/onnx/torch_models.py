"""Networks as PyTorch's exporter writes them, for the tests of `dna import`.

    python3 torch_models.py FOLDER NAME...

writes for every NAME: FOLDER/NAME/model.onnx (torch.onnx.export of a network with random weights, eval mode),
inputs.safetensors ("input", F32, NCHW; "pictures", U8, of the quantised network) and outputs.safetensors ("logits", F32, torch's own answer).
"""
import json
import pathlib
import struct
import sys
import warnings

import torch
from torch import nn
from torch.nn import functional as F


def write_safetensors(path, tensors):
    kinds = {torch.float32: "F32", torch.uint8: "U8"}
    header, data = {}, b""
    for name, tensor in tensors.items():
        values = tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": kinds[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """ResNet-18 with the 3x3 stem of CIFAR-10."""

    def __init__(self, width=64, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for stage in range(4):
            outputs = width << stage
            blocks = [BasicBlock(channels, outputs, 1 if stage == 0 else 2), BasicBlock(outputs, outputs, 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            channels = outputs
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        layers = [] if expansion == 1 else [nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6()]
        layers += [nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
                   nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    """MobileNetV2 for 32x32 pictures: stem and second stage without stride."""

    STAGES = [(1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]

    def __init__(self, stages=None, head=1280, classes=10):
        super().__init__()
        channels = 32
        layers = [nn.Sequential(nn.Conv2d(3, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU6())]
        for expansion, outputs, repeats, stride in stages or self.STAGES:
            for i in range(repeats):
                layers.append(InvertedResidual(channels, outputs, stride if i == 0 else 1, expansion))
                channels = outputs
        layers.append(nn.Sequential(nn.Conv2d(channels, head, 1, bias=False), nn.BatchNorm2d(head), nn.ReLU6()))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(head, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class LeNet(nn.Module):
    """Biased convolutions, pools, a flattened map, hidden linear layers."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 5, padding=2)
        self.conv2 = nn.Conv2d(8, 12, 3, dilation=2, padding=2)
        self.pool = nn.AvgPool2d(3, 2, padding=1)
        self.fc1 = nn.Linear(12 * 4 * 4, 20)
        self.bn = nn.BatchNorm1d(20)
        self.fc2 = nn.Linear(20, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 3, 2, 1)
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(x.size(0), -1)
        return self.fc2(F.relu(self.bn(self.fc1(x))))


class Shuffle(nn.Module):
    """Grouped 1x1 convolutions with a channel shuffle between them, a matrix product with a sum behind it."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 2, 1)
        self.expand = nn.Conv2d(16, 32, 1, groups=2, bias=False)
        self.bn = nn.BatchNorm2d(32, eps=1e-3)
        self.project = nn.Conv2d(32, 16, 1, groups=2)
        self.weight = nn.Parameter(torch.randn(16, 10) / 4)
        self.bias = nn.Parameter(torch.randn(10))

    def forward(self, x):
        x = self.stem(x)
        y = F.relu6(self.bn(self.expand(x)))
        n, c, h, w = y.shape
        y = y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        y = F.avg_pool2d(x + self.project(y), (8, 8))
        return y.flatten(1) @ self.weight + self.bias


class Squeeze(nn.Module):
    """Branches that are joined, a join of joins, and one map joined twice."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        self.one = nn.Conv2d(16, 16, 1)
        self.three = nn.Conv2d(16, 24, 3, 1, 1)
        self.squeeze = nn.Conv2d(40, 16, 1)
        self.fc = nn.Linear(72, 10)

    def forward(self, x):
        x = F.relu(self.bn(self.stem(x)))
        one = F.relu(self.one(x))
        fire = torch.cat([one, F.relu(self.three(x))], 1)
        squeezed = self.squeeze(F.avg_pool2d(fire, 3, 1, 1))
        x = torch.cat([squeezed, one, fire], dim=-3)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Quantized(nn.Module):
    """Everything quantised as in quantisation-aware training: bytes for maps, int8 with a scale a channel for weights."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 2, 1)
        self.conv2 = nn.Conv2d(16, 16, 3, 1, 1, groups=16)
        self.conv3 = nn.Conv2d(16, 16, 1)
        self.fc = nn.Linear(32, 10)
        for layer in (self.conv1, self.conv2, self.conv3):
            layer.register_buffer("scale", layer.weight.detach().abs().flatten(1).max(1).values / 127)
            layer.register_buffer("zero", torch.zeros(len(layer.scale), dtype=torch.int32))
        self.scale = float(self.fc.weight.detach().abs().max()) / 127

    @staticmethod
    def weight(layer):
        return torch.fake_quantize_per_channel_affine(layer.weight, layer.scale, layer.zero, 0, -128, 127)

    @staticmethod
    def bytes(x, scale, zero=0):
        return torch.fake_quantize_per_tensor_affine(x, scale, zero, 0, 255)

    def forward(self, x):
        x = self.bytes(x, 1 / 255)
        x = self.bytes(F.relu(F.conv2d(x, self.weight(self.conv1), self.conv1.bias, 2, 1)), 1 / 128)
        y = F.max_pool2d(x, 3, 1, 1)
        y = self.bytes(F.relu6(F.conv2d(y, self.weight(self.conv2), self.conv2.bias, 1, 1, 1, 16)), 1 / 200)
        y = self.bytes(F.conv2d(y, self.weight(self.conv3), self.conv3.bias), 1 / 100, 120)
        x = self.bytes(x + y, 1 / 90, 90)
        x = self.bytes(torch.cat([x, y], 1), 1 / 95, 100)
        x = self.bytes(x.mean([2, 3], keepdim=True), 1 / 150, 60)
        weight = torch.fake_quantize_per_tensor_affine(self.fc.weight, self.scale, 0, -128, 127)
        return F.linear(torch.flatten(x, 1), weight, self.fc.bias)


TINY = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 2, 2)]
MODELS = {
    # name: (network, size of the picture, further options of torch.onnx.export)
    "resnet18": (ResNet18, 32, {}),
    "mobilenetv2": (MobileNetV2, 32, {}),
    "resnet18_small": (lambda: ResNet18(8), 16, {"training": torch.onnx.TrainingMode.PRESERVE}),
    "mobilenetv2_small": (lambda: MobileNetV2(TINY, 64), 32, {"dynamic_axes": {"input": {0: "batch"}}}),
    "lenet": (LeNet, 16, {"training": torch.onnx.TrainingMode.PRESERVE, "dynamic_axes": {"input": {0: "batch"}}}),
    "lenet_folded": (LeNet, 16, {"opset_version": 9}),
    "shuffle": (Shuffle, 16, {"dynamic_axes": {"input": {0: "batch"}}, "do_constant_folding": False,
                              "training": torch.onnx.TrainingMode.PRESERVE}),
    "squeeze": (Squeeze, 16, {}),
    "quantized": (Quantized, 16, {"dynamic_axes": {"input": {0: "batch"}}}),
    "shuffle_fixed": (Shuffle, 16, {"opset_version": 17}),
}


def settle(model, size):
    """Batch norms take the statistics of noise pictures, so that activations keep their size, and get random scales."""
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.weight, 0.6, 1.4)
            nn.init.normal_(module.bias, 0, 0.3)
            module.momentum = None
    model.train()
    with torch.no_grad():
        model(torch.randn(16, 3, size, size))
    model.eval()


def export(name, folder):
    torch.manual_seed(sum(name.encode()))
    make, size, options = MODELS[name]
    model = make()
    settle(model, size)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = torch.randn(4, 3, size, size)
    tensors = {"input": pictures}
    if name == "quantized":
        tensors = {"pictures": torch.randint(0, 256, pictures.shape, dtype=torch.uint8)}
        pictures = tensors["pictures"] / 255
    with torch.no_grad():
        logits = model(pictures)
    example = pictures if "dynamic_axes" in options else pictures[:1]
    torch.onnx.export(model, example, str(folder / "model.onnx"), input_names=["input"], output_names=["logits"],
                      **{"opset_version": 13, **options})
    write_safetensors(folder / "inputs.safetensors", tensors)
    write_safetensors(folder / "outputs.safetensors", {"logits": logits})


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    for model_name in sys.argv[2:] or MODELS:
        export(model_name, pathlib.Path(sys.argv[1]) / model_name)
