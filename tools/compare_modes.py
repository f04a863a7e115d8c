#!/usr/bin/env python3
"""Co-search against its baselines: joint, network first, hardware first, and a plain penalty on multiply-accumulates.

    tools/compare_modes.py --dna build/release/dna --config examples/micro-truth.json --out modes \
        --lambdas 0.01,0.05,0.2 --seeds 3 [--jobs 2]

Every method gets the same recipe, pictures and accelerator search; a run ends with the trained network and its own
accelerator (`--until das`). Printed for each method: the accuracy and EDP of every run, CPU-seconds, and the hypervolume
of each seed's front (accuracy points times natural logarithm of EDP below the reference), with the mean and its 95 %
interval over the seeds. The reference point is the worst accuracy and the highest EDP of all runs. What is in
modes/runs.jsonl is not run again.
"""

import argparse
import json
import math
import pathlib
import shutil
import statistics
import sys

from ground_truth import call, read_lines, run_missing

METHODS = {
    "joint": {"mode": "joint", "term": "objective"},
    "network_first": {"mode": "network_first", "term": "objective"},
    "hardware_first": {"mode": "hardware_first", "term": "objective"},
    "mac_penalty": {"mode": "network_first", "term": "macs"},
}
STUDENT_95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}


def run_once(arguments, item):
    method, value, seed = item["key"]
    folder = pathlib.Path(arguments.out) / "work" / f"{method}-{value}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = json.loads(pathlib.Path(arguments.config).read_text())
    config["mode"] = METHODS[method]["mode"]
    config["search"]["hardware_term"] = METHODS[method]["term"]
    (folder / "config.json").write_text(json.dumps(config))
    result = call(arguments.dna, "cosearch", "--config", folder / "config.json", "--lambda", value, "--seed", seed,
                  "--threads", 1, "--until", "das", "--out", folder / "run")
    operators = next(row["operators"] for row in reversed(read_lines(folder / "run/search.jsonl")) if "operators" in row)
    shutil.rmtree(folder)
    return {"key": item["key"], "operators": operators, "accuracy": result["accuracy"]["float"],
            "edp_mj_ms": result["best"]["totals"]["edp_mj_ms"]["system"], "cpu_seconds": result["tool_cpu_seconds"]}


def hypervolume(runs, reference):
    """Area that the runs' front covers: accuracy points above, ln EDP below the reference."""
    points = sorted((math.log(reference["edp"]) - math.log(r["edp_mj_ms"]), 100 * (r["accuracy"] - reference["accuracy"]))
                    for r in runs)
    area, covered = 0.0, 0.0
    for gain, points_up in sorted(points, reverse=True):  # cheapest first
        if points_up > covered:
            area += (points_up - covered) * gain
            covered = points_up
    return area


def interval(values):
    if len(values) < 2:
        return float("nan")
    return STUDENT_95[len(values)] * statistics.stdev(values) / math.sqrt(len(values))


def report(rows):
    reference = {"accuracy": min(r["accuracy"] for r in rows), "edp": max(r["edp_mj_ms"] for r in rows)}
    print(f"reference: accuracy {100 * reference['accuracy']:.2f} %, EDP {reference['edp']:.4g} mJ ms")
    print("| method | lambda | accuracy of each seed, % | EDP of each seed, mJ ms | CPU-s a run |")
    print("|---|---|---|---|---|")
    for method, value in sorted({(r["key"][0], r["key"][1]) for r in rows}):
        mine = [r for r in rows if r["key"][:2] == [method, value]]
        print(f"| {method} | {value:g} | {', '.join(f'{100 * r_:.2f}' for r_ in (r['accuracy'] for r in mine))} | "
              f"{', '.join(f'{r_:.3g}' for r_ in (r['edp_mj_ms'] for r in mine))} | "
              f"{statistics.mean(r['cpu_seconds'] for r in mine):.1f} |")
    print("\n| method | hypervolume, mean +- 95 % | of each seed |\n|---|---|---|")
    for method in METHODS:
        mine = [r for r in rows if r["key"][0] == method]
        values = [hypervolume([r for r in mine if r["key"][2] == seed], reference)
                  for seed in sorted({r["key"][2] for r in mine})]
        if values:
            print(f"| {method} | {statistics.mean(values):.2f} +- {interval(values):.2f} | "
                  f"{', '.join(f'{v:.2f}' for v in values)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dna", default="build/release/dna", help="the dna program")
    parser.add_argument("--config", default="examples/micro-truth.json")
    parser.add_argument("--out", required=True, help="folder of the results")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, one thread each")
    parser.add_argument("--lambdas", default="0.01,0.05,0.2")
    parser.add_argument("--seeds", type=int, default=3, help="2 to 10")
    arguments = parser.parse_args()
    if not 1 <= arguments.seeds <= 10:
        raise SystemExit("--seeds: expected 1 to 10")
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    lambdas = [float(text) for text in arguments.lambdas.split(",")]
    # Network first without a penalty knows no lambda: one run a seed.
    work = [{"key": [method, value, seed]} for seed in range(1, arguments.seeds + 1) for method in METHODS
            for value in (lambdas if method != "network_first" else lambdas[:1])]
    run_missing(out / "runs.jsonl", arguments.jobs, work, lambda item: run_once(arguments, item))
    report(read_lines(out / "runs.jsonl"))


if __name__ == "__main__":
    sys.exit(main())
