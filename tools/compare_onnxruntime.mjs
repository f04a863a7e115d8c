#!/usr/bin/env node
// An exported network's logits by onnxruntime beside this program's, on pictures of noise.
//
//     npm install onnxruntime-web        (or onnxruntime-node)
//     node tools/compare_onnxruntime.mjs --dna build/release/dna --network RUN/network.json [--pictures 32] [--json]
//
// Takes float networks (weights.safetensors with input.mean and input.deviation) and integer ones (with input.table). The
// package is looked for in the current folder. Exit code 1 where float logits differ by more than 1e-4 of the largest, integer
// ones by more than 2 % (onnxruntime rounds ties to even).
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

function fail(message) {
  console.error(`compare_onnxruntime: ${message}`);
  process.exit(2);
}

function readOptions() {
  const known = {
    dna: { type: "string", default: "dna" },
    network: { type: "string" },
    pictures: { type: "string", default: "32" },
    json: { type: "boolean", default: false },
  };
  try {
    const { values } = parseArgs({ options: known });
    if (!values.network) fail("--network FILE is missing");
    if (!/^[1-9]\d*$/.test(values.pictures)) fail(`--pictures: expected a number of pictures, found ${values.pictures}`);
    return { ...values, pictures: Number(values.pictures) };
  } catch (error) {
    return fail(error.message);
  }
}

function onnxruntime() {
  const require = createRequire(join(process.cwd(), "package.json"));
  for (const name of ["onnxruntime-node", "onnxruntime-web"]) {
    try {
      const ort = require(name);
      return { name: `${name} ${ort.env.versions.common}`, ort };
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return fail("neither onnxruntime-node nor onnxruntime-web is in this folder: npm install onnxruntime-web");
}

// Tensors of a safetensors file: name -> {dtype, shape, bytes}.
function readSafetensors(file) {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(header)) {
    if (name !== "__metadata__") tensors[name] = { dtype, shape, bytes: bytes.subarray(8 + length + begin, 8 + length + end) };
  }
  return tensors;
}

function floats(tensor) {
  return Float32Array.from({ length: tensor.bytes.length / 4 }, (_, i) => tensor.bytes.readFloatLE(4 * i));
}

function writePictures(file, bytes, shape) {
  const header = JSON.stringify({ pictures: { dtype: "U8", shape, data_offsets: [0, bytes.length] } });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(file, Buffer.concat([length, Buffer.from(header), bytes]));
}

// The same noise in every run (xorshift32).
function noise(length) {
  let state = 2463534242;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 24;
    }),
  );
}

// What a byte of a channel becomes on its way into the network: (channel, byte) -> number.
function inputMap(file, node, weights) {
  if (weights["input.table"]) {
    const { scale, zero_point: zero } = node.quantization;
    const table = weights["input.table"].bytes;
    return (channel, byte) => (table.readInt8(256 * channel + byte) - zero) * scale;
  }
  if (!weights["input.mean"]) fail(`${file}: its weights have neither input.table nor input.mean`);
  const mean = floats(weights["input.mean"]);
  const deviation = floats(weights["input.deviation"]);
  return (channel, byte) => (byte - mean[channel]) / deviation[channel];
}

function largestOf(values) {
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

function bestClass(logits, picture, classes) {
  const row = logits.subarray(picture * classes, (picture + 1) * classes);
  return row.indexOf(Math.max(...row));
}

async function main(options, folder) {
  const graph = JSON.parse(readFileSync(options.network));
  const weights = readSafetensors(join(dirname(options.network), "weights.safetensors"));
  const input = graph.nodes[0];
  const integer = "input.table" in weights;
  const count = options.pictures;
  const shape = [count, ...input.shape];
  const bytes = noise(shape.reduce((a, b) => a * b));
  const of = inputMap(options.network, input, weights);
  const pixels = input.shape[1] * input.shape[2];
  const values = Float32Array.from(bytes, (byte, i) => of(Math.floor(i / pixels) % input.shape[0], byte));

  const dna = (...args) => execFileSync(options.dna, args, { stdio: ["ignore", "ignore", "inherit"] });
  const [onnx, pictures, out] = ["net.onnx", "pictures.safetensors", "logits.safetensors"].map((name) => join(folder, name));
  writePictures(pictures, bytes, shape);
  dna("export", options.network, "--onnx", onnx);
  dna("infer", "--network", options.network, "--inputs", pictures, "--out", out);
  const ours = floats(readSafetensors(out).logits);

  const { name, ort } = onnxruntime();
  const session = await ort.InferenceSession.create(readFileSync(onnx));
  const result = await session.run({ input: new ort.Tensor("float32", values, shape) });
  const theirs = result.logits.data;

  const range = largestOf(ours);
  const difference = largestOf(ours.map((value, i) => value - theirs[i]));
  const classes = ours.length / count;
  let same = 0;
  for (let i = 0; i < count; ++i) same += bestClass(ours, i, classes) === bestClass(theirs, i, classes) ? 1 : 0;
  const passed = theirs.length === ours.length && difference <= (integer ? 0.02 : 1e-4) * range;
  const report = { network: graph.name, integer, onnxruntime: name, pictures: count, largest_logit: range,
    largest_difference: difference, same_class: same, passed };
  if (options.json) console.log(JSON.stringify(report));
  else
    console.log(`${graph.name} (${integer ? "integer" : "float"}), ${report.onnxruntime}: largest difference ` +
      `${difference.toExponential(2)} of logits up to ${range.toFixed(3)}; ${same} of ${count} pictures in the same class`);
  return passed ? 0 : 1;
}

const options = readOptions();
const folder = mkdtempSync(join(tmpdir(), "dna-onnxruntime-"));
let code = 2;
try {
  code = await main(options, folder);
} catch (error) {
  console.error(`compare_onnxruntime: ${error.message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(code);
