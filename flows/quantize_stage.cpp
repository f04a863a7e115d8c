#include "flows/quantize_stage.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/rng.h"
#include "core/data/pictures.h"
#include "flows/accuracy.h"
#include "flows/data_source.h"
#include "flows/train.h"

namespace dna::flows {
namespace {

constexpr int kRandomPictures = 64;

/// Pictures of pure noise: enough to give every layer a range when there is no data.
std::vector<uint8_t> randomPictures(size_t bytes, uint64_t seed) {
    std::vector<uint8_t> pictures(bytes * kRandomPictures);
    base::Rng rng(seed, "random-calibration");
    for (uint8_t& value : pictures) value = static_cast<uint8_t>(rng.below(256));
    return pictures;
}

nn::IntegerNetwork randomlyCalibrated(const QuantizeStage& options, base::Log& log) {
    const std::filesystem::path weights = options.network_json.parent_path() / "weights.safetensors";
    if (!std::filesystem::exists(weights)) {
        log.info("no weights.safetensors beside the network: random integers take the place of trained weights");
        network::Network graph = network::readNetwork(options.network_json);
        options.weight_widths.apply(graph);
        return nn::randomIntegerNetwork(graph, options.seed, options.options.widths);
    }
    network::TrainedNetwork trained = network::readTrainedNetwork(options.network_json);
    nn::QuantizeOptions quantization = options.options;
    quantization.weight_bits = options.weight_widths.widthsOf(trained.graph);
    autodiff::Workers workers(threadCount(options.threads));
    const std::vector<uint8_t> pictures =
        randomPictures(static_cast<size_t>(trained.graph.inputShape().elements()), options.seed);
    return nn::quantize(trained, pictures.data(), kRandomPictures, quantization, workers);
}

}  // namespace

nn::IntegerNetwork quantizeOn(const data::PictureSet& training, network::TrainedNetwork& trained,
                              const nn::QuantizeOptions& options, autodiff::Workers& workers) {
    const data::Pictures calibration =
        data::load(training, std::min(training.count(), options.pictures), workers.threads());
    return nn::quantize(trained, calibration.bytes.data(), calibration.count(), options, workers);
}

base::Json quantizeStage(const QuantizeStage& options, base::Log& log) {
    if (std::filesystem::exists(options.out) && std::filesystem::exists(options.network_json) &&
        std::filesystem::equivalent(options.out, std::filesystem::absolute(options.network_json).parent_path()))
        throw base::InputError(
            "--out", "", "is the folder of the float network itself, which would be overwritten; name another folder");
    base::Json result = base::makeDocument("quantize");
    if (network::readNetwork(options.network_json).quantized())
        throw base::InputError(options.network_json.string(), "", "the network is quantised already");
    if (!options.source) {
        const nn::IntegerNetwork integer = randomlyCalibrated(options, log);
        base::makeFolder(options.out);
        nn::writeIntegerNetwork(integer, options.out);
        result["calibration"] = "random";
    } else {
        network::TrainedNetwork trained = network::readTrainedNetwork(options.network_json);
        nn::QuantizeOptions quantization = options.options;
        quantization.weight_bits = options.weight_widths.widthsOf(trained.graph);
        data::Source source = *options.source;
        fitSize(source, trained.graph.inputShape());
        const std::unique_ptr<data::PictureSet> training = openTraining(source, log);
        checkFits(trained.graph, *training, options.network_json.string());
        autodiff::Workers workers(threadCount(options.threads));
        const nn::IntegerNetwork integer = quantizeOn(*training, trained, quantization, workers);
        base::makeFolder(options.out);
        nn::writeIntegerNetwork(integer, options.out);
        const std::unique_ptr<data::PictureSet> test = openTest(source, log);
        const Accuracy exact = floatAccuracy(trained, *test, workers), rounded = integerAccuracy(integer, *test, workers);
        result["calibration"] = toJson(source);
        result["test_pictures"] = test->count();
        result["accuracy_float"] = exact.all();
        result.update(quantizedJson(integer, rounded, "accuracy_"));
        result["float"] = toJson(exact);
        result["integer"] = toJson(rounded);
    }
    result["network"] = (options.out / "network.json").string();
    return result;
}

}  // namespace dna::flows
