#include "core/network/trainable.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/base/rng.h"
#include "core/network/space.h"
#include "core/network/trained_network.h"
#include "core/nn/ops.h"
#include "core/nn/optimizers.h"

using namespace dna;

namespace {

/// Weights after some SGD steps on random pictures.
std::vector<float> trainedWeights(int threads, const std::vector<int>& choices) {
    const auto graph = network::buildNetwork(network::readSpace("micro"), choices, "n");
    nn::Parameters<float> parameters;
    network::addParameters(parameters, graph, "", 3);
    autodiff::Workers workers(threads);
    autodiff::Tape<float> tape(workers);
    for (int step = 0; step < 3; ++step) {
        tape.reset();
        parameters.clearTouched();
        const autodiff::Tensor<float> x = tape.allocate({13, 3, 32, 32});
        std::fill(x.data, x.data + x.size, 0.0f);
        base::Rng rng(1, "pictures", static_cast<uint64_t>(step));
        for (int n = 0; n < 13; ++n)
            for (int c = 0; c < 3; ++c)
                for (int p = 0; p < 1024; ++p) x.at(n, c, p) = static_cast<float>(rng.normal());
        std::vector<uint16_t> labels(13);
        for (auto& label : labels) label = static_cast<uint16_t>(rng.below(10));
        const auto logits = network::runNetwork(tape, graph, parameters, "", tape.constant(x), {});
        tape.backward(nn::softmaxCrossEntropy<float>(tape, logits, labels));
        nn::sgdStep(parameters, 0.1, {});
    }
    std::vector<float> all;
    for (size_t i = 0; i < parameters.infos().size(); ++i)
        all.insert(all.end(), parameters.values(static_cast<int>(i)),
                   parameters.values(static_cast<int>(i)) + parameters.infos()[i].size);
    return all;
}

}  // namespace

TEST_CASE("training gives the same bits for 1, 2 and 3 threads") {
    const std::vector<int> choices{1, 7, 2};
    const auto one = trainedWeights(1, choices);
    for (int threads : {2, 3}) {
        const auto other = trainedWeights(threads, choices);
        CHECK(std::memcmp(one.data(), other.data(), one.size() * sizeof(float)) == 0);
    }
}

TEST_CASE("one block's gradients in double agree with central differences") {
    const auto space = network::readSpace("micro");
    const auto block = network::buildOperator(space, 2, 1);  // grouped, shuffled, stride 2
    nn::Parameters<double> parameters;
    network::addParameters(parameters, block, "", 5);
    autodiff::Workers workers(1);
    autodiff::Tape<double> tape(workers);
    std::vector<double> pictures(autodiff::MapShape{2, 24, 8, 8}.size());
    const autodiff::Tensor<double> x{pictures.data(), pictures.size(), {2, 24, 8, 8}};
    base::Rng rng(2, "block");
    for (int n = 0; n < 2; ++n)
        for (int c = 0; c < 24; ++c)
            for (int p = 0; p < 64; ++p) x.at(n, c, p) = rng.normal();
    const auto loss = [&] {
        tape.reset();
        parameters.clearTouched();
        const auto y = network::runNetwork(tape, block, parameters, "", tape.constant(x), {true, true, false});
        return nn::softmaxCrossEntropy<double>(tape, nn::globalAveragePool(tape, y), {3, 7});
    };
    tape.backward(loss());
    std::vector<std::pair<double*, double>> samples;
    for (int index : parameters.touched())
        for (size_t i = 0; i < parameters.infos()[index].size; i += 41)
            samples.emplace_back(parameters.values(index) + i, parameters.gradients(index)[i]);
    CHECK(samples.size() > 20);
    for (const auto& [value, gradient] : samples) {
        const double kept = *value;
        *value = kept + 1e-5;
        const double above = *tape.value(loss()).data;
        *value = kept - 1e-5;
        const double below = *tape.value(loss()).data;
        *value = kept;
        CHECK(std::abs((above - below) / 2e-5 - gradient) < 1e-6);
    }
}

TEST_CASE("trained networks survive a round trip; damaged weights are refused") {
    network::TrainedNetwork trained{
        network::buildNetwork(network::readSpace("micro"), {0, 1, 8}, "n"), {}, {1, 2, 3}, {4, 5, 6}};
    network::addParameters(trained.parameters, trained.graph, "", 11);
    const auto folder = std::filesystem::temp_directory_path() / "dna_trained_test";
    network::writeTrainedNetwork(trained, folder);
    auto again = network::readTrainedNetwork(folder / "network.json");
    CHECK(again.deviation == trained.deviation);
    const int stem = trained.parameters.index("stem.weight");
    CHECK(std::memcmp(again.parameters.values(stem), trained.parameters.values(stem), 16 * 27 * sizeof(float)) == 0);
    trained.parameters.values(stem)[5] = std::nanf("");
    network::writeTrainedNetwork(trained, folder);
    CHECK_THROWS_WITH_AS(network::readTrainedNetwork(folder / "network.json"), doctest::Contains("not finite"),
                         base::InputError);
}
