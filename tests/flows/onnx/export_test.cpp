// Exported networks: rebuilt node by node with PyTorch they give this program's outputs, and importing them gives the
// same network again.
#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/rng.h"
#include "core/network/space.h"
#include "core/network/trainable.h"
#include "core/network/trained_network.h"
#include "flows/onnx_stages.h"
#include "flows/quantize_stage.h"
#include "tests/flows/onnx/python.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
namespace fs = std::filesystem;
using network::Node;
using network::Op;

namespace {

constexpr int kPictures = 8;

/// Every operator and field that a node can have.
network::Network allOperators() {
    const std::vector<Node> nodes{
        {.name = "input", .op = Op::Input, .shape = {3, 20, 20}},
        {.name = "stem",
         .op = Op::Conv2d,
         .out_channels = 16,
         .kernel = 3,
         .stride = 2,
         .pad = 1,
         .batch_norm = true,
         .relu = true},
        {.name = "max", .op = Op::MaxPool, .kernel = 3, .stride = 1, .pad = 1},
        {.name = "wide",
         .op = Op::Conv2d,
         .out_channels = 16,
         .kernel = 3,
         .pad = 2,
         .dilation = 2,
         .groups = 2,
         .relu = true,
         .relu6 = true},
        {.name = "shuffle", .op = Op::ChannelShuffle, .groups = 2},
        {.name = "deep",
         .op = Op::Conv2d,
         .out_channels = 16,
         .kernel = 5,
         .pad = 2,
         .groups = 16,
         .batch_norm = true,
         .relu = true,
         .relu6 = true},
        {.name = "back", .op = Op::Conv2d, .out_channels = 16, .groups = 2},
        {.name = "joined", .op = Op::Concat},
        {.name = "narrow", .op = Op::Conv2d, .out_channels = 16},
        {.name = "sum", .op = Op::Add, .relu = true},
        {.name = "sum/mean", .op = Op::AveragePool, .kernel = 3, .stride = 2, .pad = 1},
        {.name = "sum.weight", .op = Op::Add},
        {.name = "pool", .op = Op::GlobalAveragePool},
        {.name = "hidden", .op = Op::Linear, .out_channels = 24},
        {.name = "classifier", .op = Op::Linear, .out_channels = 10},
    };
    return network::makeNetwork("all", nodes,
                                {{},
                                 {"input"},
                                 {"stem"},
                                 {"max"},
                                 {"wide"},
                                 {"shuffle"},
                                 {"deep"},
                                 {"back", "stem", "max"},
                                 {"joined"},
                                 {"narrow", "stem"},
                                 {"sum"},
                                 {"sum/mean", "sum/mean"},
                                 {"sum.weight"},
                                 {"pool"},
                                 {"hidden"}},
                                "all.json");
}

/// Random parameters, running statistics included.
network::TrainedNetwork randomNetwork(const network::Network& graph) {
    network::TrainedNetwork out{graph, {}, {120, 118, 110}, {60.5f, 59, 61.25f}};
    network::addParameters(out.parameters, graph, "", 5);
    for (const auto& info : out.parameters.infos()) {
        if (info.name.ends_with(".weight") && info.shape.size() == 4) continue;
        base::Rng rng(7, info.name);
        float* values = out.parameters.values(out.parameters.index(info.name));
        const bool positive = info.name.ends_with(".bn.weight") || info.name.ends_with("running_var");
        for (size_t i = 0; i < info.size; ++i)
            values[i] = static_cast<float>(positive ? 0.5 + rng.uniform() : 0.3 * rng.normal());
    }
    return out;
}

/// Noise as bytes ("pictures"), and as the network's input ("input").
void writeInputs(const network::TrainedNetwork& network, const fs::path& bytes, const fs::path& reals) {
    const network::Shape& shape = network.graph.inputShape();
    std::vector<uint8_t> pictures(static_cast<size_t>(kPictures * shape.elements()));
    std::vector<float> values;
    base::Rng rng(3, "pictures");
    for (uint8_t& byte : pictures) byte = static_cast<uint8_t>(rng.below(256));
    const size_t pixels = static_cast<size_t>(shape.height) * static_cast<size_t>(shape.width);
    for (size_t i = 0; i < pictures.size(); ++i) {
        const size_t c = i / pixels % 3;
        values.push_back((static_cast<float>(pictures[i]) - network.mean[c]) / network.deviation[c]);
    }
    const std::vector<int64_t> dims{kPictures, shape.channels, shape.height, shape.width};
    nn::StoredTensor stored{"U8", dims, std::string(pictures.begin(), pictures.end())};
    nn::writeSafetensors(bytes, {{"pictures", stored}});
    nn::writeSafetensors(reals, {{"input", nn::fromValues(values, dims)}});
}

std::vector<float> logitsIn(const fs::path& file) {
    const nn::TensorMap tensors = nn::readSafetensors(file);
    nn::TensorReader reader(tensors, file.string());
    std::vector<float> logits = reader.values<float>("logits", {kPictures, 10});
    reader.finish();
    return logits;
}

struct Difference {
    double largest = 0, range = 0;
};
Difference difference(const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    Difference out;
    for (size_t i = 0; i < a.size(); ++i) {
        REQUIRE(std::isfinite(a[i]));
        out.largest = std::max(out.largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
        out.range = std::max(out.range, std::abs(static_cast<double>(b[i])));
    }
    return out;
}

/// Exports, and runs both: PyTorch on real inputs, this program on bytes.
Difference exportAndRun(const fs::path& folder, const fs::path& network) {
    base::SilentLog log;
    flows::exportStage({network, folder / "out.onnx"}, log);
    const std::string fault =
        runScript("torch_run.py", {(folder / "out.onnx").string(), (folder / "reals.safetensors").string(),
                                   (folder / "torch.safetensors").string()});
    REQUIRE_MESSAGE(fault.empty(), fault);
    flows::inferStage({network, folder / "bytes.safetensors", folder / "dna.safetensors", 2}, log);
    return difference(logitsIn(folder / "dna.safetensors"), logitsIn(folder / "torch.safetensors"));
}

std::vector<network::TrainedNetwork> samples() {
    const auto space = network::readSpace("micro");
    return {randomNetwork(allOperators()), randomNetwork(network::buildNetwork(space, {1, 2, 3}, "micro"))};
}

/// Every operator with weights of many widths, and of none that is stated (0).
network::TrainedNetwork statedWidths() {
    network::Network graph = allOperators();
    graph.name = "widths";
    for (size_t i = 0; i < graph.nodes.size(); ++i)
        if (network::hasWeights(graph.nodes[i])) graph.nodes[i].weight_bits = i % 3 == 0 ? 0 : static_cast<int>(2 + i % 7);
    return randomNetwork(graph);
}

}  // namespace

TEST_CASE("onnx: PyTorch computes an exported network's outputs") {
    if (const std::string missing = missingTorch(); !missing.empty()) DNA_SKIP(missing.c_str());
    for (const network::TrainedNetwork& sample : samples()) {
        CAPTURE(sample.graph.name);
        const TemporaryFolder folder;
        network::writeTrainedNetwork(sample, folder.path / "net");
        writeInputs(sample, folder.path / "bytes.safetensors", folder.path / "reals.safetensors");
        const Difference real = exportAndRun(folder.path, folder.path / "net/network.json");
        CHECK(real.largest < 1e-4);
        CHECK(real.range > 0.05);

        base::SilentLog log;
        for (const int bits : {8, 5}) {
            CAPTURE(bits);
            flows::QuantizeStage quantize;
            quantize.network_json = folder.path / "net/network.json";
            quantize.out = folder.path / ("int" + std::to_string(bits));
            quantize.options.widths.bits = bits;
            quantize.options.correct_bias = false;
            flows::quantizeStage(quantize, log);
            // PyTorch rounds ties to even, and its products are floats: some values are a step off.
            const Difference integer = exportAndRun(folder.path, quantize.out / "network.json");
            CHECK(integer.largest < 0.02 * integer.range);
        }
    }
}

TEST_CASE("onnx: importing an exported network gives it again") {
    const TemporaryFolder folder;
    base::SilentLog log;
    auto networks = samples();
    networks.push_back(statedWidths());
    for (const network::TrainedNetwork& sample : networks) {
        const std::string name = sample.graph.name;
        CAPTURE(name);
        const fs::path net = folder.path / name, onnx = folder.path / (name + ".onnx"),
                       again = folder.path / (name + "-again");
        network::writeTrainedNetwork(sample, net);
        flows::exportStage({net / "network.json", onnx}, log);
        flows::importStage({onnx, again / "network.json", {}, {}}, log);
        std::string text = base::readFile(net / "network.json");
        for (size_t at; (at = text.find("sum/mean")) != std::string::npos;)
            text[at + 3] = '_';  // '/' is for tensors inside
        CHECK(text == base::readFile(again / "network.json"));
        CHECK(base::readFile(net / "weights.safetensors") == base::readFile(again / "weights.safetensors"));

        for (const int bits : {8, 5}) {
            CAPTURE(bits);
            flows::QuantizeStage quantize;
            quantize.network_json = net / "network.json";
            quantize.out = folder.path / (name + "-int" + std::to_string(bits));
            quantize.options.widths.bits = bits;
            quantize.options.correct_bias = false;
            flows::quantizeStage(quantize, log);
            flows::exportStage({quantize.out / "network.json", onnx}, log);
            flows::importStage({onnx, again / quantize.out.filename() / "network.json", {}, {}}, log);
            const nn::IntegerNetwork before = nn::readIntegerNetwork(quantize.out / "network.json"),
                                     after = nn::readIntegerNetwork(again / quantize.out.filename() / "network.json");
            CHECK(before.input_table == after.input_table);
            REQUIRE(before.nodes.size() == after.nodes.size());
            for (size_t i = 0; i < before.nodes.size(); ++i) {
                CAPTURE(before.graph.nodes[i].name);
                CHECK(before.graph.nodes[i].weight_bits == after.graph.nodes[i].weight_bits);
                CHECK(before.nodes[i].weight_q == after.nodes[i].weight_q);
                CHECK(before.nodes[i].bias_q == after.nodes[i].bias_q);
                CHECK(before.nodes[i].shift == after.nodes[i].shift);
                REQUIRE(before.nodes[i].multiplier.size() == after.nodes[i].multiplier.size());
                // Scales pass through 32-bit floats: a factor next to a tie may round the other way.
                for (size_t k = 0; k < before.nodes[i].multiplier.size(); ++k)
                    CHECK(std::abs(before.nodes[i].multiplier[k] - after.nodes[i].multiplier[k]) <= 1);
                const auto &a = *before.graph.nodes[i].quantization, &b = *after.graph.nodes[i].quantization;
                CHECK(a.zero_point == b.zero_point);
                if (i + 1 < before.nodes.size()) {  // the logits have a scale only
                    CHECK(a.low == b.low);
                    CHECK(a.high == b.high);
                }
                CHECK(a.scale == doctest::Approx(b.scale).epsilon(1e-6));
            }
        }
    }
}

TEST_CASE("onnx: what an exported file can't say is refused") {
    const TemporaryFolder folder;
    base::SilentLog log;
    const network::TrainedNetwork sample = randomNetwork(allOperators());
    network::writeTrainedNetwork(sample, folder.path / "net");
    flows::QuantizeStage quantize;
    quantize.network_json = folder.path / "net/network.json";
    quantize.out = folder.path / "int16";
    quantize.options.widths.bits = 16;
    quantize.options.correct_bias = false;
    flows::quantizeStage(quantize, log);
    CHECK_THROWS_WITH_AS(flows::exportStage({quantize.out / "network.json", folder.path / "o.onnx"}, log),
                         doctest::Contains("\"stem\": 16-bit values are not supported"), base::InputError);
    base::makeFolder(folder.path / "random");
    nn::writeIntegerNetwork(nn::randomIntegerNetwork(sample.graph, 1), folder.path / "random");
    CHECK_THROWS_WITH_AS(flows::exportStage({folder.path / "random/network.json", folder.path / "o.onnx"}, log),
                         doctest::Contains("\"sum\": its integers don't follow from the scales"), base::InputError);
    CHECK_FALSE(fs::exists(folder.path / "o.onnx"));
}
