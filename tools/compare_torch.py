#!/usr/bin/env python3
"""Training steps of DNA's engine beside PyTorch on this machine, alternating, in pictures per CPU-second.

    tools/compare_torch.py --dna build/release/dna [--rounds 5] [--threads 1,2] [--simd 256] [--skip-sgd] [--json]

Needs Debian's python3-torch (run it with /usr/bin/python3). PyTorch is set up as fast as it goes on a CPU: channels-last
tensors, a heap that keeps its pages, passive OpenMP waiting; both sides take one step of stochastic gradient descent
(forward, backward, Nesterov update) or one architecture step on the same network, batch and number of threads.
CPU-seconds are those of the whole process during the timed steps, so both sides pay for threads that wait.
"""

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import time

TUNED_HEAP = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "1000000000",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
}
STAGES = [(1, 16, 1), (4, 24, 1), (4, 32, 2), (4, 64, 2), (4, 112, 1), (4, 184, 2), (1, 352, 1)]
STEM, HEAD, CLASSES = 16, 1504, 10
OPS = [(3, 1, 144, 32), (3, 2, 144, 32), (3, 2, 192, 16), (5, 2, 144, 32)]


def blocks():
    """(input channels, output channels, stride) of the 22 blocks of space fbnet_cifar."""
    channels = STEM
    for count, out, stride in STAGES:
        for i in range(count):
            yield channels, out, stride if i == 0 else 1
            channels = out


def make_modules():
    """The network classes; imported late, so that the driver itself does not need torch."""
    import torch
    from torch import nn

    class Block(nn.Module):
        """1x1 expand, depthwise, 1x1 project with batch norm; residual where the shape is kept."""

        def __init__(self, inputs, outputs, stride, kernel, expansion):
            super().__init__()
            middle = inputs * expansion
            self.residual = stride == 1 and inputs == outputs
            self.body = nn.Sequential(
                nn.Conv2d(inputs, middle, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU(inplace=True),
                nn.Conv2d(middle, middle, kernel, stride, kernel // 2, groups=middle, bias=False),
                nn.BatchNorm2d(middle), nn.ReLU(inplace=True),
                nn.Conv2d(middle, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x):
            y = self.body(x)
            return y + x if self.residual else y

    class Network(nn.Module):
        """Stem, 22 blocks of the given candidates (one: a plain network; more: a gated sum), head."""

        def __init__(self, candidates):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, STEM, 3, 1, 1, bias=False), nn.BatchNorm2d(STEM),
                                      nn.ReLU(inplace=True))
            self.blocks = nn.ModuleList(
                nn.ModuleList(Block(i, o, s, k, e) for k, e in candidates) for i, o, s in blocks())
            last = STAGES[-1][1]
            self.head = nn.Sequential(nn.Conv2d(last, HEAD, 1, bias=False), nn.BatchNorm2d(HEAD),
                                      nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.classifier = nn.Linear(HEAD, CLASSES)

        def forward(self, x, gates=None, lean=False):
            x = self.stem(x)
            for index, paths in enumerate(self.blocks):
                if gates is None:
                    x = paths[0](x)
                elif lean:
                    x = Gate.apply(gates[index], paths[0](x), *(run_detached(path, x) for path in paths[1:]))
                else:
                    x = sum(gates[index][k] * path(x) for k, path in enumerate(paths))
            return self.classifier(self.head(x))

    def run_detached(path, x):
        with torch.no_grad():
            return path(x)

    class Gate(torch.autograd.Function):
        """Value of the first path; gradient of a gate is <dy, path>, of the first path dy, of the others nothing."""

        @staticmethod
        def forward(context, gates, *paths):
            context.save_for_backward(*paths)
            return paths[0].clone()

        @staticmethod
        def backward(context, dy):
            gates = torch.stack([(dy * path).sum() for path in context.saved_tensors])
            return (gates, dy) + (None,) * (len(context.saved_tensors) - 1)

    return torch, Network


def parse_candidate(name):
    kernel, expansion = name.split("_")[:2]
    return int(kernel[1:]), int(expansion[1:])


def run_torch(job):
    """One measurement in a process of its own: pictures per CPU-second and the peak resident memory."""
    torch, Network = make_modules()
    torch.set_num_threads(job["threads"])
    torch.manual_seed(1)
    rates = timed(job, torch_op_step(torch, job) if job["kind"].startswith("op") else torch_step(torch, Network, job))
    print(json.dumps({"rate": statistics.median(rates),
                      "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def timed(job, step):
    """Pictures per CPU-second of each step: as many steps as asked for, and more until half a second is over, which is
    how long the other side runs."""
    step()
    rates, begin = [], time.process_time()
    while len(rates) < job["steps"] or time.process_time() - begin < 0.5:
        start = time.process_time()
        step()
        rates.append(job["batch"] / (time.process_time() - start))
    return rates


def torch_op_step(torch, job):
    """Forward and backward of one depthwise convolution; op_bn: with batch norm and ReLU before and after it."""
    kernel, stride, channels, size = job["op"]
    nn = torch.nn
    layer = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)
    if job["kind"] == "op_bn":
        layer = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True), layer, nn.BatchNorm2d(channels),
                              nn.ReLU(inplace=True))
    layer.to(memory_format=torch.channels_last)
    x = torch.randn(job["batch"], channels, size, size).to(memory_format=torch.channels_last).requires_grad_()
    dy = torch.ones_like(layer(x))

    def step():
        layer.zero_grad(set_to_none=True)
        x.grad = None
        layer(x).backward(dy)

    return step


def torch_step(torch, Network, job):
    model = Network([parse_candidate(name) for name in job["candidates"]]).to(memory_format=torch.channels_last)
    model.train()
    pictures = torch.randn(job["batch"], 3, 32, 32).to(memory_format=torch.channels_last)
    labels = torch.randint(0, CLASSES, (job["batch"],))
    loss = torch.nn.CrossEntropyLoss()
    if job["kind"] == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss(model(pictures), labels).backward()
            optimizer.step()
    else:
        lean = job["kind"] == "arch_lean"
        gates = [torch.tensor([1.0] + [0.0] * (len(job["candidates"]) - 1), requires_grad=True)
                 for _ in model.blocks]
        if lean:
            for parameter in model.parameters():
                parameter.requires_grad_(False)

        def step():
            model.zero_grad(set_to_none=True)
            for gate in gates:
                gate.grad = None
            loss(model(pictures, gates, lean), labels).backward()

    return step


def measure_torch(job):
    out = subprocess.run([sys.executable, __file__, "--job", json.dumps(job)], env={**os.environ, **TUNED_HEAP},
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out)


def measure_dna(dna, job):
    single = job["kind"].startswith("op")
    name = f"{job['kind'] if single else job['kind'].split('_')[0]}/{'+'.join(job['candidates'])}"
    name += "" if single else f"/threads:{job['threads']}/"
    result = subprocess.run([dna, "bench", "train", "--filter", f"^{name}".replace("+", "[+]"), "--repetitions",
                             "3", "--json"],
                            check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **job.get("env", {})}).stdout
    first = json.loads(result)["results"][0]
    return {"rate": first["items_per_second"], "peak_mib": first.get("peak_mib", 0.0),
            "gflops": first.get("gflops", 0.0)}


def measure_peak(dna, env):
    """GFLOP/s of a loop of multiply-adds in registers, at the level that the other runs take."""
    level = {"128": "sse2", "256": "avx2"}.get(env.get("DNA_SIMD", ""), "avx512")
    out = subprocess.run([dna, "bench", "train", "--filter", f"^peak/{level}", "--repetitions", "3", "--json"],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out)["results"][0]["gflops"]


def compare(dna, job, rounds):
    """Alternating runs; the ratio is that of the medians, with the least and the greatest of the rounds."""
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(measure_torch(job))
        ours.append(measure_dna(dna, job))
    ratios = [a["rate"] / b["rate"] for a, b in zip(ours, theirs)]
    rate = {"dna": statistics.median(x["rate"] for x in ours), "torch": statistics.median(x["rate"] for x in theirs)}
    return {"name": "+".join(job["candidates"]), "kind": job["kind"], "threads": job["threads"],
            "ratio": rate["dna"] / rate["torch"], "ratio_least": min(ratios), "ratio_most": max(ratios),
            "dna_per_cpu_second": rate["dna"], "torch_per_cpu_second": rate["torch"],
            "dna_gflops": statistics.median(x["gflops"] for x in ours), "dna_peak_mib": max(x["peak_mib"] for x in ours), "torch_peak_mib": max(x["peak_mib"] for x in theirs)}


def line(row):
    return (f"{row['kind']:<10} {row['name']:<14} {row['threads']} thread{'s' if row['threads'] > 1 else ' '}  "
            f"DNA {row['dna_per_cpu_second']:7.1f}  torch {row['torch_per_cpu_second']:7.1f} pictures/CPU-s  "
            f"ratio {row['ratio']:.2f} ({row['ratio_least']:.2f} to {row['ratio_most']:.2f})  "
            f"peak {row['dna_peak_mib']:.0f} / {row['torch_peak_mib']:.0f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dna", default="build/release/dna", help="the dna program")
    parser.add_argument("--rounds", type=int, default=3, help="alternating runs of each side")
    parser.add_argument("--steps", type=int, default=5, help="timed torch steps of a run, at least")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", default="1,2", help="numbers of threads")
    parser.add_argument("--candidates", default="k3_e3,k3_e6,k5_e3,k5_e6", help="all-same-block networks of the SGD step")
    parser.add_argument("--simd", default="", help="DNA's registers: 128, 256 or 512 bits (default: the widest)")
    parser.add_argument("--skip-sgd", action="store_true", help="leave the SGD steps out")
    parser.add_argument("--skip-ops", action="store_true", help="leave the single depthwise convolutions out")
    parser.add_argument("--skip-arch", action="store_true", help="leave the architecture steps out")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        run_torch(json.loads(arguments.job))
        return 0
    threads = [int(t) for t in arguments.threads.split(",")]
    env = {"DNA_SIMD": arguments.simd} if arguments.simd else {}
    common = {"batch": arguments.batch, "steps": arguments.steps, "env": env}
    rows = {"steps": [], "arch": [], "ops": []}
    for name in [] if arguments.skip_sgd else arguments.candidates.split(","):
        for count in threads:
            rows["steps"].append(compare(arguments.dna, {**common, "kind": "sgd", "candidates": [name],
                                                         "threads": count}, arguments.rounds))
            print(line(rows["steps"][-1]), file=sys.stderr)
    for kind in [] if arguments.skip_arch else ["arch_plain", "arch_lean"]:
        rows["arch"].append(compare(arguments.dna, {**common, "kind": kind, "candidates": ["k3_e6", "k5_e6"],
                                                    "threads": 1}, arguments.rounds))
        print(line(rows["arch"][-1]), file=sys.stderr)
    for kind, (kernel, stride, channels, size) in [] if arguments.skip_ops else itertools.product(["op", "op_bn"], OPS):
        job = {**common, "batch": 32, "kind": kind, "candidates": [f"dw{kernel}x{kernel}s{stride}/{channels}@{size}"],
               "threads": 1, "op": (kernel, stride, channels, size)}
        rows["ops"].append(compare(arguments.dna, job, arguments.rounds))
        print(line(rows["ops"][-1]), file=sys.stderr)
    rows["peak_gflops"] = measure_peak(arguments.dna, env)
    for row in rows["steps"]:
        if row["threads"] == 1 and row["name"] == "k3_e6":
            rows["share_of_peak"] = row["dna_gflops"] / rows["peak_gflops"]
            print(f"k3_e6, 1 thread: {row['dna_gflops']:.0f} of {rows['peak_gflops']:.0f} GFLOP/s, "
                  f"{100 * rows['share_of_peak']:.0f} % of the multiply-adds in registers", file=sys.stderr)
    if rows["steps"]:
        rows["median_ratio"] = statistics.median(row["ratio"] for row in rows["steps"])
        print(f"median ratio of the SGD steps: {rows['median_ratio']:.2f}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
