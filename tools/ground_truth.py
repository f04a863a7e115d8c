#!/usr/bin/env python3
"""The true accuracy and cost of every network of a small space, and how near the search comes to them.

    tools/ground_truth.py table  --dna build/release/dna --config examples/micro-truth.json --out truth [--jobs 2]
    tools/ground_truth.py search --dna build/release/dna --config examples/micro-truth.json --out truth \
        --lambdas 0.005,0.01,0.02,0.05,0.1 --seeds 5 [--jobs 2]
    tools/ground_truth.py report --out truth

`table` trains each network once with the recipe of the configuration (accuracies.jsonl) and finds the accelerator of each with
`dna das` (costs.jsonl, to be deleted when the cost model has changed); `search` runs the co-search up to its choice of
operators (searches.jsonl; run `table` again after it when the table is a part: it adds what was chosen). All keep what they
have and go on where they were stopped. `report` compares: regret of the chosen networks to the Pareto front of all (accuracy points at no
more EDP), their percentile in the scalarised objective cross-entropy + lambda * log(EDP), and what picking networks at
random does with the same time.
"""

import argparse
import concurrent.futures
import itertools
import json
import math
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def call(dna, *arguments):
    """Result of a verb, with the CPU-seconds that it took as "tool_cpu_seconds"."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as messages:
        process = subprocess.Popen([dna, *map(str, arguments), "--json"], stdout=out, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        messages.seek(0)
        if process.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(map(str, arguments))} failed:\n{messages.read()}")
        return {**json.load(out), "tool_cpu_seconds": usage.ru_utime + usage.ru_stime}


def read_lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def run_missing(file, jobs, work, worker):
    """Runs worker(item) for the items of `work` that the file does not hold; appends each result as it comes."""
    known = {json.dumps(row["key"]) for row in read_lines(file)}
    missing = [item for item in work if json.dumps(item["key"]) not in known]
    began = time.time()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool, file.open("a") as out:
        for done, row in enumerate(pool.map(worker, missing), 1):
            out.write(json.dumps(row) + "\n")
            out.flush()
            left = (time.time() - began) / done * (len(missing) - done)
            print(f"{file.name}: {done} of {len(missing)}, {left / 60:.0f} min left", file=sys.stderr)


def space_of(arguments):
    """Operators and number of blocks of the configuration's space."""
    config = json.loads(pathlib.Path(arguments.config).read_text())
    spaces = pathlib.Path(__file__).parent.parent / "core/network/spaces"
    space = json.loads((spaces / (config["space"] + ".json")).read_text())
    return config, [c["name"] for c in space["candidates"]], sum(stage["blocks"] for stage in space["stages"])


def write_target(config, out):
    file = out / "target.json"
    file.write_text(json.dumps({"format": "dna.target", "version": 1, **config["target"]}))
    return file


def make_network(arguments, config, item, purpose):
    """An empty folder with network.json."""
    folder = pathlib.Path(arguments.out) / "work" / "-".join([purpose, *item["key"]])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    call(arguments.dna, "network", "--space", config["space"], "--operators", ",".join(item["key"]), "--out",
         folder / "network.json")
    return folder


def measure_accuracy(arguments, config, item):
    """Of one training."""
    folder = make_network(arguments, config, item, "train")
    data, recipe = config["data"], config["training"]
    source = ["--data", data.get("folder", data["name"]), "--pictures", data.get("training", 0)]
    trained = call(arguments.dna, "train", "--network", folder / "network.json", *source, "--epochs", recipe["epochs"],
                   "--batch", recipe["batch"], "--rate", recipe["rate"], "--warmup-epochs", recipe["warmup_epochs"],
                   "--seed", config["seed"], "--threads", 1, "--out", folder / "run")
    shutil.rmtree(folder)
    return {"key": item["key"], "accuracy": trained["accuracy"],
            "training_cpu_seconds": round(trained["tool_cpu_seconds"], 2)}


def measure_cost(arguments, config, target, item):
    """EDP and cycles on the accelerator that is found for the network."""
    folder = make_network(arguments, config, item, "das")
    cost = call(arguments.dna, "das", "--network", folder / "network.json", "--target", target, "--evaluations",
                config["final_das_evaluations"], "--out", folder / "das")
    shutil.rmtree(folder)
    totals = cost["best"]["totals"]
    return {"key": item["key"], "edp_mj_ms": float(f"{totals['edp_mj_ms']['system']:.6g}"),
            "latency_cycles": totals["latency_cycles"]}


def table(arguments):
    out = pathlib.Path(arguments.out)
    config, names, blocks = space_of(arguments)
    target = write_target(config, out)
    work = [{"key": list(choice)} for choice in itertools.product(names, repeat=blocks)]
    random.Random(1).shuffle(work)  # a part of the table is a fair sample
    chosen = {tuple(row["operators"]) for row in read_lines(out / "searches.jsonl")}
    work = [{"key": list(key)} for key in sorted(chosen)] + work[:arguments.networks or len(work)]
    work = list({tuple(item["key"]): item for item in work}.values())
    run_missing(out / "accuracies.jsonl", arguments.jobs, work, lambda item: measure_accuracy(arguments, config, item))
    run_missing(out / "costs.jsonl", arguments.jobs, work, lambda item: measure_cost(arguments, config, target, item))
    target.unlink()
    shutil.rmtree(out / "work", ignore_errors=True)


def search_once(arguments, item):
    folder = pathlib.Path(arguments.out) / "work" / f"search-{item['key'][0]}-{item['key'][1]}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    run = call(arguments.dna, "cosearch", "--config", arguments.config, "--lambda", item["key"][0], "--seed", item["key"][1],
         "--threads", 1, "--until", "search", "--out", folder)
    records = read_lines(folder / "search.jsonl")
    chosen = next(row["operators"] for row in reversed(records) if "operators" in row)
    shutil.rmtree(folder)
    return {"key": item["key"], "operators": chosen, "cpu_seconds": round(run["tool_cpu_seconds"], 2)}


def search(arguments):
    out = pathlib.Path(arguments.out)
    lambdas = [float(text) for text in arguments.lambdas.split(",")]
    work = [{"key": [value, seed]} for value in lambdas for seed in range(1, arguments.seeds + 1)]
    run_missing(out / "searches.jsonl", arguments.jobs, work, lambda item: search_once(arguments, item))


def objective(row, value):
    """Scalarised objective; accuracy stands for the cross-entropy through its logarithm."""
    return -math.log(max(row["accuracy"], 1e-6)) + value * math.log(row["edp_mj_ms"])


def regret(rows, row):
    """Accuracy points lost against the best network of no more EDP."""
    return 100 * (max(r["accuracy"] for r in rows if r["edp_mj_ms"] <= row["edp_mj_ms"]) - row["accuracy"])


def percentile(rows, row, value):
    mine = objective(row, value)
    return 100 * sum(objective(r, value) >= mine for r in rows) / len(rows)


def random_choice(rows, value, count, draws=2000):
    """Median percentile of the best of `count` networks trained at random."""
    rng = random.Random(2)
    best = [min(rng.sample(rows, min(count, len(rows))), key=lambda r: objective(r, value)) for _ in range(draws)]
    return statistics.median(percentile(rows, row, value) for row in best)


def report(arguments):
    out = pathlib.Path(arguments.out)
    costs = {tuple(row["key"]): row for row in read_lines(out / "costs.jsonl")}
    rows = [{**row, **costs[tuple(row["key"])]} for row in read_lines(out / "accuracies.jsonl") if tuple(row["key"]) in costs]
    known = {tuple(row["key"]): row for row in rows}
    front = [r for r in rows if regret(rows, r) == 0]
    seconds = statistics.mean(r["training_cpu_seconds"] for r in rows)
    print(f"{len(rows)} networks, {len(front)} on the front; accuracy {100 * min(r['accuracy'] for r in rows):.1f} to "
          f"{100 * max(r['accuracy'] for r in rows):.1f} %, EDP {min(r['edp_mj_ms'] for r in rows):.3g} to "
          f"{max(r['edp_mj_ms'] for r in rows):.3g} mJ ms; {seconds:.1f} CPU-s a training")
    print("| lambda | chosen (of each seed) | regret, points (median) | percentile (median) | random at equal time |")
    print("|---|---|---|---|---|")
    regrets, percentiles = [], []
    searches = read_lines(out / "searches.jsonl")
    for value in sorted({row["key"][0] for row in searches}):
        mine = [row for row in searches if row["key"][0] == value]
        found = [known[tuple(row["operators"])] for row in mine if tuple(row["operators"]) in known]
        if not found:
            continue
        trainings = max(1, round(statistics.mean(row["cpu_seconds"] for row in mine) / seconds))
        r, p = [regret(rows, row) for row in found], [percentile(rows, row, value) for row in found]
        regrets += r
        percentiles += p
        print(f"| {value:g} | {'; '.join(' '.join(row['key']) for row in found)} | {statistics.median(r):.2f} | "
              f"{statistics.median(p):.1f} | {random_choice(rows, value, trainings):.1f} ({trainings} trainings) |")
    if regrets:
        print(f"all: median regret {statistics.median(regrets):.2f} points, median percentile "
              f"{statistics.median(percentiles):.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["table", "search", "report"])
    parser.add_argument("--dna", default="build/release/dna", help="the dna program")
    parser.add_argument("--config", default="examples/micro-truth.json")
    parser.add_argument("--out", required=True, help="folder of the results")
    parser.add_argument("--jobs", type=int, default=2, help="networks at a time, one thread each")
    parser.add_argument("--networks", type=int, default=0, help="table: only so many networks, drawn at random (0: all)")
    parser.add_argument("--lambdas", default="0.005,0.01,0.02,0.05,0.1")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    pathlib.Path(arguments.out).mkdir(parents=True, exist_ok=True)
    {"table": table, "search": search, "report": report}[arguments.what](arguments)


if __name__ == "__main__":
    main()
