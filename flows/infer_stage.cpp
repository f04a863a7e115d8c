#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/network/trainable.h"
#include "core/network/trained_network.h"
#include "core/nn/integer/integer_network.h"
#include "flows/onnx_stages.h"
#include "flows/train.h"

namespace dna::flows {
namespace {

constexpr const char* kPictures = "pictures";
constexpr const char* kInput = "input";
constexpr int64_t kBatch = 32;

/// What there is to run on: bytes, or real values that are normalised already.
struct Inputs {
    int64_t count = 0;
    std::vector<uint8_t> pictures;
    std::vector<float> values;
};

Inputs readInputs(const std::filesystem::path& file, const network::Shape& shape, bool quantized) {
    const nn::TensorMap tensors = nn::readSafetensors(file);
    const bool real = !quantized && tensors.contains(kInput);
    const auto found = tensors.find(real ? kInput : kPictures);
    if (found == tensors.end())
        throw base::InputError(file.string(), "",
                               quantized ? "expected a tensor \"pictures\" (U8)"
                                         : "expected a tensor \"pictures\" (U8) or \"input\" (F32)");
    Inputs inputs;
    const std::vector<int64_t>& dims = found->second.shape;
    if (!dims.empty()) inputs.count = dims[0];
    const std::vector<int64_t> wanted{std::max<int64_t>(inputs.count, 1), shape.channels, shape.height, shape.width};
    nn::TensorReader reader(tensors, file.string());
    if (real)
        inputs.values = reader.values<float>(kInput, wanted);
    else
        inputs.pictures = reader.values<uint8_t>(kPictures, wanted);
    reader.finish();
    return inputs;
}

std::vector<float> realLogits(const InferStage& options, const Inputs& inputs, network::TrainedNetwork& network) {
    const network::Shape& shape = network.graph.inputShape();
    autodiff::Workers workers(threadCount(options.threads));
    autodiff::Tape<float> tape(workers);
    std::vector<float> logits;
    const int pixels = shape.height * shape.width;
    for (int64_t begin = 0; begin < inputs.count; begin += kBatch) {
        tape.reset();
        const int pictures = static_cast<int>(std::min(kBatch, inputs.count - begin));
        const autodiff::Tensor<float> x = tape.allocate({pictures, shape.channels, shape.height, shape.width});
        std::fill(x.data, x.data + x.size, 0.0f);
        for (int n = 0; n < pictures; ++n)
            for (int c = 0; c < shape.channels; ++c)
                for (int p = 0; p < pixels; ++p) {
                    const size_t from = (static_cast<size_t>(begin + n) * shape.channels + c) * pixels + p;
                    x.at(n, c, p) = inputs.values.empty()
                                        ? (static_cast<float>(inputs.pictures[from]) - network.mean[c % 3]) /
                                              network.deviation[c % 3]
                                        : inputs.values[from];
                }
        const autodiff::Var output =
            network::runNetwork(tape, network.graph, network.parameters, "", tape.constant(x), {false, false, false});
        for (int n = 0; n < pictures; ++n)
            for (int k = 0; k < network.graph.classes(); ++k) logits.push_back(tape.value(output).at(n, k, 0));
    }
    return logits;
}

/// The integers times the scale of the logits.
std::vector<float> integerLogits(const InferStage& options, const Inputs& inputs, const nn::IntegerNetwork& network) {
    autodiff::Workers workers(threadCount(options.threads));
    const auto size = static_cast<size_t>(network.graph.inputShape().elements()),
               classes = static_cast<size_t>(network.graph.classes());
    std::vector<float> logits(static_cast<size_t>(inputs.count) * classes);
    const double scale = network.graph.nodes.back().quantization->scale;
    workers.run(static_cast<int>(inputs.count), [&](int n) {
        const nn::IntegerActivations found =
            nn::runInteger(network, inputs.pictures.data() + size * static_cast<size_t>(n));
        for (size_t k = 0; k < classes; ++k)
            logits[static_cast<size_t>(n) * classes + k] =
                static_cast<float>(scale * static_cast<double>(found.logits[k]));
    });
    return logits;
}

/// A network whose last node is linear: then its outputs are one number a class.
void checkLogits(const network::Network& graph, const std::string& file) {
    if (graph.nodes.back().op != network::Op::Linear)
        throw base::InputError(file, "/nodes/" + std::to_string(graph.nodes.size() - 1),
                               "the network does not end in a linear layer, which gives the logits");
}

/// The answers may not take the place of the questions or of the weights.
void checkOutput(const InferStage& options) {
    for (const std::filesystem::path& used :
         {options.inputs, options.network_json, options.network_json.parent_path() / "weights.safetensors"})
        if (std::filesystem::exists(used) && std::filesystem::exists(options.outputs) &&
            std::filesystem::equivalent(used, options.outputs))
            throw base::InputError("--out", "", "is " + used.string() + ", which is read; name another file");
}

}  // namespace

base::Json inferStage(const InferStage& options, base::Log&) {
    checkOutput(options);
    const network::Network graph = network::readNetwork(options.network_json);
    checkLogits(graph, options.network_json.string());
    const Inputs inputs = readInputs(options.inputs, graph.inputShape(), graph.quantized());
    std::vector<float> logits;
    if (graph.quantized()) {
        logits = integerLogits(options, inputs, nn::readIntegerNetwork(options.network_json));
    } else {
        network::TrainedNetwork trained = network::readTrainedNetwork(options.network_json);
        logits = realLogits(options, inputs, trained);
    }
    const int classes = graph.classes();
    base::Json result = base::makeDocument("infer");
    result["pictures"] = inputs.count;
    result["classes"] = base::Json::array();
    for (auto row = logits.begin(); row != logits.end(); row += classes)
        result["classes"].push_back(std::max_element(row, row + classes) - row);
    nn::writeSafetensors(options.outputs, {{"logits", nn::fromValues(logits, {inputs.count, classes})}});
    result["logits"] = options.outputs.string();
    return result;
}

}  // namespace dna::flows
