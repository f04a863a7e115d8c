// Training steps and their operators, in pictures per CPU-second. Names: sgd/<candidate>/threads:<n> is one step of
// stochastic gradient descent (forward, backward, update) of the all-same-block network of space fbnet_cifar, batch 64;
// arch/<a>+<b>/threads:<n> one architecture step with two active paths of which the first is taken. op/ is the forward
// and backward pass of one convolution of 32 pictures, op_bn/ the same with batch norm and ReLU before and after it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <memory>

#include "core/autodiff/kernels/dispatch.h"
#include "core/base/rng.h"
#include "core/network/space.h"
#include "core/network/trainable.h"
#include "core/nn/ops.h"
#include "core/nn/optimizers.h"
#include "core/search/dns_supernet.h"
#include "flows/bench/bench.h"

namespace dna::flows {
namespace {

using autodiff::MapShape;
using autodiff::Tape;
using autodiff::Tensor;
using autodiff::Var;

constexpr int kBatch = 64;

double peakMib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// A few thousand draws, repeated: drawing all would take longer than what is measured.
void fillRandom(float* values, size_t size, uint64_t seed) {
    constexpr size_t kDraws = 4093;
    base::Rng rng(seed, "bench");
    for (size_t i = 0; i < std::min(size, kDraws); ++i) values[i] = static_cast<float>(rng.normal());
    for (size_t i = kDraws; i < size; ++i) values[i] = values[i - kDraws];
}

/// Pictures and labels of a batch; lanes beyond the three colours are zero.
search::Batch randomBatch(const network::Shape& shape, std::vector<float>& memory) {
    const MapShape map{kBatch, shape.channels, shape.height, shape.width};
    memory.assign(map.size(), 0.0f);
    search::Batch batch;
    batch.pictures.data = memory.data();
    batch.pictures.size = map.size();
    batch.pictures.map = map;
    base::Rng rng(1, "bench-batch");
    for (int n = 0; n < kBatch; ++n)
        for (int c = 0; c < map.channels; ++c)
            for (int p = 0; p < map.pixels(); ++p) batch.pictures.at(n, c, p) = static_cast<float>(rng.normal());
    for (int n = 0; n < kBatch; ++n) batch.labels.push_back(static_cast<uint8_t>(n % 10));
    return batch;
}

/// Space fbnet_cifar with some of its candidates.
network::NetworkSpace spaceOf(const std::vector<std::string>& names) {
    network::NetworkSpace space = network::readSpace("fbnet_cifar");
    std::erase_if(space.candidates, [&](const network::Candidate& candidate) {
        return std::find(names.begin(), names.end(), candidate.name) == names.end();
    });
    return space;
}

void report(benchmark::State& state, double macs_forward) {
    state.SetItemsProcessed(state.iterations() * kBatch);
    state.counters["peak_mib"] = peakMib();
    state.counters["gflops"] =
        benchmark::Counter(6e-9 * macs_forward * kBatch * double(state.iterations()), benchmark::Counter::kIsRate);
}

void runSgd(benchmark::State& state, const std::string& candidate, int threads) {
    const network::NetworkSpace space = spaceOf({candidate});
    const network::Network graph =
        network::buildNetwork(space, std::vector<int>(space.blocks.size(), 0), "all-" + candidate);
    nn::Parameters<float> parameters;
    network::addParameters(parameters, graph, "", 1);
    autodiff::Workers workers(threads);
    Tape<float> tape(workers);
    std::vector<float> memory;
    const search::Batch batch = randomBatch(graph.inputShape(), memory);
    const auto step = [&] {
        tape.reset();
        parameters.clearTouched();
        const Var logits = network::runNetwork(tape, graph, parameters, "", tape.constant(batch.pictures), {});
        tape.backward(nn::softmaxCrossEntropy(tape, logits, batch.labels));
        nn::sgdStep(parameters, 0.01, {});
    };
    step();
    for ([[maybe_unused]] auto _ : state) step();
    report(state, double(network::macs(graph)));
}

void runArch(benchmark::State& state, const std::vector<std::string>& candidates, int threads) {
    const network::NetworkSpace space = spaceOf(candidates);
    search::Supernet supernet(space, false, 1);
    autodiff::Workers workers(threads);
    Tape<float> tape(workers);
    std::vector<float> memory;
    const search::Batch batch = randomBatch(space.input, memory);
    search::SampledNetwork sample;
    sample.active.resize(space.blocks.size());
    for (search::ActiveSet& set : sample.active)
        for (size_t k = 0; k < space.candidates.size(); ++k) set.candidates.push_back(static_cast<int>(k));
    const auto step = [&] {
        tape.reset();
        search::Supernet::Gates gates;
        const Var logits = supernet.runGated(tape, batch, sample, search::GateMode::Hard, {}, false, gates);
        tape.backward(nn::softmaxCrossEntropy(tape, logits, batch.labels));
    };
    step();
    for ([[maybe_unused]] auto _ : state) step();
    state.SetItemsProcessed(state.iterations() * kBatch);
    state.counters["peak_mib"] = peakMib();
}

/// A scalar whose gradient by `x` is `dy`, which is there already.
Var rootOf(Tape<float>& tape, Var x, const Tensor<float>& dy) {
    Tensor<float> loss = tape.allocateFlat(1);
    *loss.data = 0;
    return tape.record(loss, {x},
                       [x, dy](const Tensor<float>&, autodiff::Gradients<float>& gradients) { gradients.pass(x, dy); });
}

/// Memory of `size` values as the tape has it for its maps.
Tensor<float> takeValues(autodiff::Arena& arena, size_t size, const MapShape& map = {}) {
    Tensor<float> tensor;
    tensor.data = arena.takeZero<float>(size);
    tensor.size = size;
    tensor.map = map;
    return tensor;
}

/// Forward and backward of one convolution; `normalized`: with batch norm and ReLU before and after it.
void runOp(benchmark::State& state, const MapShape& map, const nn::ConvGeometry& geometry, bool normalized) {
    autodiff::Workers workers(1);
    Tape<float> tape(workers);
    autodiff::Arena arena;
    const size_t weights =
        static_cast<size_t>(geometry.out_channels) * map.channels / geometry.groups * geometry.kernel * geometry.kernel;
    const Tensor<float> x = takeValues(arena, map.size(), map), dx = takeValues(arena, map.size()),
                        weight = takeValues(arena, weights), dweight = takeValues(arena, weights),
                        ones = takeValues(arena, 2048), zeros = takeValues(arena, 2048), dbn = takeValues(arena, 4096);
    fillRandom(x.data, x.size, 1);
    fillRandom(weight.data, weight.size, 2);
    std::fill_n(ones.data, ones.size, 1.0f);
    const auto normalize = [&](Var value, int channels) {
        if (!normalized) return value;
        const auto first = [channels](Tensor<float> tensor) {
            tensor.size = static_cast<size_t>(channels);
            return tensor;
        };
        return nn::batchNorm<float>(tape, value, tape.parameter(first(ones), dbn.data),
                                    tape.parameter(first(zeros), dbn.data + 2048), {.relu = true});
    };
    nn::ConvGeometry measured = geometry;
    measured.measure = normalized;
    Tensor<float> dy;
    for ([[maybe_unused]] auto _ : state) {
        tape.reset();
        const Var before = normalize(tape.parameter(x, dx.data), map.channels);
        const Var y = nn::conv2d(tape, before, tape.parameter(weight, dweight.data), measured);
        if (!dy.data) {
            const MapShape& out = tape.stored(y).map;
            dy = takeValues(arena, out.size(), out);
            std::fill_n(dy.data, dy.size, 1.0f);
        }
        tape.backward(rootOf(tape, normalize(y, geometry.out_channels), dy));
    }
    state.SetItemsProcessed(state.iterations() * map.pictures);
}

void runPeak(benchmark::State& state, const autodiff::Kernels<float>* level) {
    constexpr long kRounds = 100000;
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(level->spin(kRounds));
    state.counters["gflops"] =
        benchmark::Counter(2e-9 * double(autodiff::spinProducts(level->bits)) * kRounds * double(state.iterations()),
                           benchmark::Counter::kIsRate);
}

void declareOps() {
    const auto declare = [](const std::string& name, const MapShape& map, const nn::ConvGeometry& geometry) {
        for (const bool normalized : {false, true})
            benchmark::RegisterBenchmark(((normalized ? "op_bn/" : "op/") + name).c_str(),
                                         [=](benchmark::State& state) { runOp(state, map, geometry, normalized); });
    };
    struct Depthwise {
        int kernel, stride, channels, size;
    };
    for (const Depthwise& d : {Depthwise{3, 1, 144, 32},
                               {3, 1, 192, 16},
                               {3, 1, 384, 8},
                               {3, 1, 1104, 4},
                               {5, 1, 144, 32},
                               {5, 1, 192, 16},
                               {5, 1, 384, 8},
                               {5, 1, 1104, 4},
                               {3, 2, 144, 32},
                               {3, 2, 192, 16},
                               {5, 2, 144, 32}})
        declare(fmt::format("dw{}x{}s{}/{}@{}", d.kernel, d.kernel, d.stride, d.channels, d.size),
                {32, d.channels, d.size, d.size}, {d.channels, d.kernel, d.stride, d.kernel / 2, d.channels});
    struct Pointwise {
        int in, out, size;
    };
    for (const Pointwise& p : {Pointwise{24, 144, 32},
                               {144, 24, 32},
                               {32, 192, 16},
                               {192, 32, 16},
                               {384, 64, 8},
                               {184, 1104, 4},
                               {1104, 184, 4}})
        declare(fmt::format("1x1/{}-{}@{}", p.in, p.out, p.size), {32, p.in, p.size, p.size}, {p.out});
}

void declareTrain(const BenchInputs&) {
    for (const autodiff::Kernels<float>* level : autodiff::kernelLevels())
        benchmark::RegisterBenchmark(fmt::format("peak/{}", level->name).c_str(),
                                     [level](benchmark::State& state) { runPeak(state, level); });
    for (const int threads : {1, 2}) {
        for (const std::string candidate : {"k3_e1", "k3_e3", "k3_e6", "k5_e3", "k5_e6"})
            benchmark::RegisterBenchmark(fmt::format("sgd/{}/threads:{}", candidate, threads).c_str(),
                                         [=](benchmark::State& state) { runSgd(state, candidate, threads); })
                ->MeasureProcessCPUTime()
                ->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark(fmt::format("arch/k3_e6+k5_e6/threads:{}", threads).c_str(),
                                     [=](benchmark::State& state) {
                                         runArch(state, {"k3_e6", "k5_e6"}, threads);
                                     })
            ->MeasureProcessCPUTime()
            ->Unit(benchmark::kMillisecond);
    }
    declareOps();
}

}  // namespace

void register_train(BenchRegistry& suites) {
    suites.add({"train", "training steps and their operators", declareTrain});
}

}  // namespace dna::flows
