"""Runs an ONNX file written by `dna export` with PyTorch.

    python3 torch_run.py MODEL.onnx INPUTS.safetensors LOGITS.safetensors

Checks the file with onnx's checker and its shape inference, rebuilds it from PyTorch's functions node by node, and writes
"logits" for the tensor "input" of INPUTS.
"""
import json
import pathlib
import struct
import sys

import numpy
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

from torch_models import write_safetensors


def read_safetensors(path):
    content = pathlib.Path(path).read_bytes()
    size, = struct.unpack("<Q", content[:8])
    data = content[8 + size:]
    tensors = {}
    for name, entry in json.loads(content[8:8 + size]).items():
        begin, end = entry["data_offsets"]
        kind = {"F32": numpy.float32}[entry["dtype"]]
        tensors[name] = torch.from_numpy(numpy.frombuffer(data[begin:end], kind).reshape(entry["shape"]).copy())
    return tensors


def per_axis(values, x, axis):
    return values.reshape([-1 if i == axis else 1 for i in range(x.dim())]) if values.dim() else values


def symmetric(pads):
    assert len(set(pads)) == 1, pads
    return pads[0]


def quantize(x, scale, zero, axis=1):
    return torch.clamp(torch.round(x / per_axis(scale, x, axis)) + zero, -128, 127).to(torch.int8)


def dequantize(x, scale, zero=None, axis=1):
    centred = x.to(torch.float64) - (0 if zero is None else per_axis(zero.to(torch.float64), x, axis))
    return (centred * per_axis(scale, x, axis).to(torch.float64)).to(torch.float32)


def reshape(x, dims):
    return x.reshape([x.shape[i] if dim == 0 else dim for i, dim in enumerate(dims.tolist())])


OPERATORS = {
    "Conv": lambda a, x, w, b=None: F.conv2d(x, w, b, a["strides"], symmetric(a["pads"]), a["dilations"], a["group"]),
    "BatchNormalization": lambda a, x, w, b, mean, var: F.batch_norm(x, mean, var, w, b, False, 0.0, a["epsilon"]),
    "Relu": lambda a, x: F.relu(x),
    "Clip": lambda a, x, low, high: torch.clamp(x, low, high),
    "Add": lambda a, x, y: x + y,
    "Concat": lambda a, *x: torch.cat(x, a["axis"]),
    "MaxPool": lambda a, x: F.max_pool2d(x, a["kernel_shape"], a["strides"], symmetric(a["pads"])),
    "AveragePool": lambda a, x: F.avg_pool2d(x, a["kernel_shape"], a["strides"], symmetric(a["pads"]),
                                             count_include_pad=bool(a["count_include_pad"])),
    "GlobalAveragePool": lambda a, x: x.mean([2, 3], keepdim=True),
    "Flatten": lambda a, x: torch.flatten(x, 1),
    "Gemm": lambda a, x, w, b: F.linear(x, w, b) if a["transB"] else x @ w + b,
    "Reshape": lambda a, x, dims: reshape(x, dims),
    "Transpose": lambda a, x: x.permute(a["perm"]),
    "QuantizeLinear": lambda a, x, scale, zero: quantize(x, scale, zero, **a),
    "DequantizeLinear": lambda a, x, scale, zero=None: dequantize(x, scale, zero, **a),
}


def run(model, x):
    values = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}
    values[model.graph.input[0].name] = x
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        made, = [OPERATORS[node.op_type](attributes, *[values[name] for name in node.input])]
        values[node.output[0]] = made
    return values[model.graph.output[0].name]


if __name__ == "__main__":
    file, inputs, outputs = sys.argv[1:]
    onnx.checker.check_model(file, full_check=True)
    network = onnx.load(file)
    with torch.no_grad():
        write_safetensors(outputs, {"logits": run(network, read_safetensors(inputs)["input"])})
