#include "core/network/trained_network.h"

#include <algorithm>

#include "core/base/file.h"
#include "core/network/trainable.h"

namespace dna::network {
namespace {

constexpr const char* kWeightsFile = "weights.safetensors";
constexpr const char* kMean = "input.mean";
constexpr const char* kDeviation = "input.deviation";

}  // namespace

TrainedNetwork readTrainedNetwork(const std::filesystem::path& network_json) {
    TrainedNetwork trained{readNetwork(network_json), {}, {}, {}};
    const std::filesystem::path weights = network_json.parent_path() / kWeightsFile;
    const nn::TensorMap tensors = nn::readSafetensors(weights);
    addParameters(trained.parameters, trained.graph, "", 0);
    trained.parameters.load(tensors, "", weights.string(), false);
    nn::TensorReader reader(tensors, weights.string());
    const std::vector<float> mean = reader.values<float>(kMean, {3}), deviation = reader.values<float>(kDeviation, {3});
    for (float value : deviation)
        if (!(value > 0)) reader.problem(kDeviation, "expected positive numbers");
    reader.finish();
    std::copy(mean.begin(), mean.end(), trained.mean.begin());
    std::copy(deviation.begin(), deviation.end(), trained.deviation.begin());
    return trained;
}

void writeTrainedNetwork(const TrainedNetwork& network, const std::filesystem::path& folder, const std::string& name) {
    nn::TensorMap tensors;
    network.parameters.save(tensors, "", false);
    tensors[kMean] = nn::fromValues(std::vector<float>(network.mean.begin(), network.mean.end()), {3});
    tensors[kDeviation] = nn::fromValues(std::vector<float>(network.deviation.begin(), network.deviation.end()), {3});
    base::makeFolder(folder);
    nn::writeSafetensors(folder / kWeightsFile, tensors);
    base::writeJson(folder / name, toJson(network.graph));
}

}  // namespace dna::network
