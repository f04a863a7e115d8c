// Networks as PyTorch's exporter writes them, against PyTorch's own answers; and on to hardware.
#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/network/trained_network.h"
#include "flows/onnx/import.h"
#include "flows/onnx_stages.h"
#include "flows/quantize_stage.h"
#include "flows/stages.h"
#include "flows/target_file.h"
#include "tests/flows/onnx/models.h"
#include "tests/flows/onnx/python.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

std::vector<float> logitsIn(const fs::path& file, int64_t count, int64_t classes) {
    const nn::TensorMap tensors = nn::readSafetensors(file);
    nn::TensorReader reader(tensors, file.string());
    std::vector<float> logits = reader.values<float>("logits", {count, classes});
    reader.finish();
    return logits;
}

double largestDifference(const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    double largest = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        REQUIRE(std::isfinite(a[i]));
        largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    }
    return largest;
}

/// Imports FOLDER/model.onnx and runs it on FOLDER/inputs.safetensors.
void importAndRun(const fs::path& folder) {
    base::SilentLog log;
    flows::importStage({folder / "model.onnx", folder / "net/network.json", {}, {}}, log);
    flows::inferStage({folder / "net/network.json", folder / "inputs.safetensors", folder / "dna.safetensors", 2}, log);
}

}  // namespace

TEST_CASE("onnx: networks exported by PyTorch give its outputs, and become hardware") {
    if (const std::string missing = missingTorch(); !missing.empty()) DNA_SKIP(missing.c_str());
    const TemporaryFolder folder;
    const std::vector<std::string> names{"lenet",          "lenet_folded",      "shuffle",  "shuffle_fixed",     "squeeze",
                                         "resnet18_small", "mobilenetv2_small", "resnet18", "mobilenetv2"};
    std::vector<std::string> arguments{folder.path.string()};
    arguments.insert(arguments.end(), names.begin(), names.end());
    REQUIRE(runScript("torch_models.py", arguments) == "");
    for (const std::string& name : names) {
        CAPTURE(name);
        importAndRun(folder.path / name);
        const auto found = logitsIn(folder.path / name / "dna.safetensors", 4, 10);
        const auto wanted = logitsIn(folder.path / name / "outputs.safetensors", 4, 10);
        CHECK(largestDifference(found, wanted) < 1e-4);
        CHECK(largestDifference(found, std::vector<float>(40)) > 0.1);  // all zeros would not do
    }
    base::SilentLog log;
    for (const std::string name : {"resnet18_small", "mobilenetv2_small", "squeeze"}) {
        CAPTURE(name);
        const fs::path net = folder.path / name / "net", integer = folder.path / name / "int8",
                       chip = folder.path / name / "chip";
        flows::QuantizeStage quantize;
        quantize.network_json = net / "network.json";
        quantize.out = integer;
        quantize.options.correct_bias = false;
        flows::quantizeStage(quantize, log);
        const fs::path design = fs::path(DNA_SOURCE_DIR) / "examples/design-16x16.json";
        flows::EstimateStage estimate;
        estimate.network_json = integer / "network.json", estimate.design_json = design;
        CHECK(flows::estimateStage(estimate, log).at("totals").at("latency_cycles").get<double>() > 1000);
        flows::emitStage({integer / "network.json", design, {}, chip}, log);
        CHECK(fs::exists(chip / "files.f"));
    }
}

TEST_CASE("onnx: layers are called as in PyTorch, batch norms stay where the file has them") {
    if (const std::string missing = missingTorch(); !missing.empty()) DNA_SKIP(missing.c_str());
    const TemporaryFolder folder;
    REQUIRE(runScript("torch_models.py", {folder.path.string(), "resnet18_small", "mobilenetv2_small"}) == "");
    const auto named = [&](const char* model, const std::string& node) {
        const auto imported =
            flows::onnx::importModel(flows::onnx::readModel(folder.path / model / "model.onnx"), model, {});
        const int found = imported.graph().find(node);
        REQUIRE_MESSAGE(found >= 0, node);
        return imported.graph().nodes[static_cast<size_t>(found)];
    };
    CHECK(named("resnet18_small", "layer2.0.downsample.0").batch_norm);
    CHECK(named("resnet18_small", "layer2.0.add").relu);
    CHECK(named("resnet18_small", "fc").op == network::Op::Linear);
    const network::Node depthwise = named("mobilenetv2_small", "features.2.conv.3");
    CHECK(depthwise.groups == 96);
    CHECK(depthwise.relu6);
    CHECK_FALSE(depthwise.batch_norm);
}

TEST_CASE("onnx: a network with QuantizeLinear and DequantizeLinear becomes an integer network") {
    if (const std::string missing = missingTorch(); !missing.empty()) DNA_SKIP(missing.c_str());
    const TemporaryFolder folder;
    REQUIRE(runScript("torch_models.py", {folder.path.string(), "quantized"}) == "");
    importAndRun(folder.path / "quantized");
    const nn::IntegerNetwork network = nn::readIntegerNetwork(folder.path / "quantized/net/network.json");
    CHECK(network.graph.nodes[1].quantization->low == -128);  // ReLU: nothing below the zero point 0 - 128
    CHECK(network.graph.nodes[network.graph.find("conv3")].quantization->zero_point == -8);
    const auto found = logitsIn(folder.path / "quantized/dna.safetensors", 4, 10);
    const auto wanted = logitsIn(folder.path / "quantized/outputs.safetensors", 4, 10);
    CHECK(largestDifference(found, wanted) < 0.01 * largestDifference(wanted, std::vector<float>(40)));
}
