// Files broken at random: every reader either accepts what it gets or says what is wrong; nothing else may happen. Some
// hundred files here; DNA_MUTATIONS=N reads N of each kind (docs/verification.md has the last long run, under
// AddressSanitizer and UndefinedBehaviorSanitizer).
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/mapping/layer.h"
#include "core/mapping/mapping_file.h"
#include "core/network/space.h"
#include "core/network/trainable.h"
#include "core/network/trained_network.h"
#include "costmodel/loopnest/architecture.h"
#include "costmodel/loopnest/layers.h"
#include "costmodel/technology.h"
#include "flows/cosearch_config.h"
#include "flows/onnx/export.h"
#include "flows/onnx/import.h"
#include "flows/onnx_stages.h"
#include "flows/quantize_stage.h"
#include "tests/flows/mutations.h"
#include "tests/flows/onnx/models.h"
#include "tests/flows/temporary_folder.h"
#include "verif/fuzz_case.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

constexpr int64_t kSmallNetwork = 50'000'000;  ///< multiply-accumulates up to which a network that was accepted is run

int mutationCount() {
    const char* wanted = std::getenv("DNA_MUTATIONS");
    return wanted ? std::max(1, std::atoi(wanted)) : 150;
}

/// A valid file and what reads it.
struct Seed {
    std::string name;
    std::string bytes;
    std::function<void(const std::string& bytes)> read;
};

using Mutate = std::string (*)(const std::string&, const std::string&, base::Rng&);

/// What became of the files: each either accepted or refused with a message.
struct Outcome {
    int accepted = 0, refused = 0;
};

/// Reads a file; what went wrong when it was neither accepted nor refused with a message.
std::string faultOf(const Seed& seed, const std::string& bytes, Outcome& outcome) {
    try {
        seed.read(bytes);
        ++outcome.accepted;
    } catch (const base::InputError& error) {
        ++outcome.refused;
        if (std::string(error.what()).empty()) return "an error without a message";
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

void readOne(const Seed& seed, const std::string& bytes, uint64_t step, Outcome& outcome) {
    const std::string fault = faultOf(seed, bytes, outcome);
    if (fault.empty()) return;
    const fs::path kept = fs::temp_directory_path() / ("dna-mutated-" + std::to_string(step));
    base::writeFileAtomic(kept, bytes);
    FAIL_CHECK(seed.name << ", step " << step << ": " << fault << " (the file is kept as " << kept.string() << ")");
}

Outcome readMutations(const std::vector<Seed>& seeds, Mutate mutate, const char* purpose) {
    Outcome outcome;
    for (const Seed& seed : seeds) seed.read(seed.bytes);  // all of them are valid
    for (int step = 0; step < mutationCount(); ++step) {
        base::Rng rng(1, purpose, static_cast<uint64_t>(step));
        const Seed& seed = seeds[static_cast<size_t>(step) % seeds.size()];
        readOne(seed, mutate(seed.bytes, seeds[rng.below(seeds.size())].bytes, rng), static_cast<uint64_t>(step),
                outcome);
    }
    MESSAGE(std::string(purpose) << ": " << outcome.refused << " refused, " << outcome.accepted << " accepted");
    return outcome;
}

network::Network microNetwork() { return network::buildNetwork(network::readSpace("micro"), {1, 2, 3}, "micro"); }

/// A trained and a quantised network in folders.
struct Networks {
    TemporaryFolder folder;
    fs::path real = folder.path / "real", integer = folder.path / "integer", broken = folder.path / "broken";
    Networks() {
        network::TrainedNetwork trained{microNetwork(), {}, {120, 118, 110}, {60, 59, 61}};
        network::addParameters(trained.parameters, trained.graph, "", 5);
        network::writeTrainedNetwork(trained, real);
        base::SilentLog log;
        flows::QuantizeStage quantize;
        quantize.network_json = real / "network.json";
        quantize.out = integer;
        quantize.options.correct_bias = false;
        flows::quantizeStage(quantize, log);
        base::makeFolder(broken);
    }

    /// `file` broken, the other one as it is in `whole`.
    fs::path with(const fs::path& whole, const char* file, const std::string& bytes) const {
        for (const char* name : {"network.json", "weights.safetensors"})
            base::writeFileAtomic(broken / name, std::string(name) == file ? bytes : base::readFile(whole / name));
        return broken / "network.json";
    }
};

void readReal(const fs::path& network) {
    const network::TrainedNetwork trained = network::readTrainedNetwork(network);
    flows::onnx::exportModel(trained);
}

/// Accepted networks go on: to layers of the hardware, to ONNX, and through one picture.
void readInteger(const fs::path& network) {
    const nn::IntegerNetwork integer = nn::readIntegerNetwork(network);
    if (network::macs(integer.graph) < kSmallNetwork && integer.graph.inputShape().elements() < 1'000'000)
        nn::runInteger(integer,
                       std::vector<uint8_t>(static_cast<size_t>(integer.graph.inputShape().elements()), 200).data());
    flows::onnx::exportModel(integer, network.string());
    mapping::extractLayers(integer.graph, integer.containerBits());
}

void importBytes(const std::string& bytes) {
    flows::onnx::importModel(flows::onnx::parseModel(bytes, "mutated.onnx"), "mutated", {});
}

/// Every operator that is read, in small models.
ModelBuilder byHand() {
    ModelBuilder model;
    model.integers("pads", {0, 0, 1, 1, 0, 0, 1, 1});
    model.node("Pad", {"x", "pads"}, "padded");
    model.floats("c.weight", {4, 3, 3, 3});
    model.node("Conv", {"padded", "c.weight"}, "c");
    for (const char* name : {"scale", "shift", "mean"}) model.floats(name, {4});
    auto& variance = model.floats("variance", {4});
    for (float& value : *variance.mutable_float_data()) value = 1;
    model.node("BatchNormalization", {"c", "scale", "shift", "mean", "variance"}, "n");
    model.value("zero", 0);
    model.value("six", 6);
    model.node("Clip", {"n", "zero", "six"}, "r");
    model.node("Shape", {"r"}, "shape");
    model.integers("begin", {0});
    model.integers("one", {1});
    model.node("Slice", {"shape", "begin", "one"}, "batch");
    model.integers("group", {2, 2, 8, 8});
    model.set(model.node("Concat", {"batch", "group"}, "apart"), "axis", 0);
    model.node("Reshape", {"r", "apart"}, "groups");
    model.set(model.node("Transpose", {"groups"}, "swapped"), "perm", {0, 2, 1, 3, 4});
    model.node("Reshape", {"swapped", "shape"}, "shuffled");
    model.set(model.node("MaxPool", {"shuffled"}, "max"), "kernel_shape", {2, 2});
    model.set(model.node("AveragePool", {"max"}, "average"), "kernel_shape", {3, 3});
    model.floats("d.weight", {4, 4, 1, 1});
    model.node("Conv", {"average", "d.weight"}, "d");
    model.node("Add", {"d", "average"}, "sum");
    model.node("Relu", {"sum"}, "rectified");
    model.set(model.node("ReduceMean", {"rectified"}, "flat"), "axes", {2, 3});
    model.graph().mutable_node(model.graph().node_size() - 1)->add_attribute()->CopyFrom([] {
        ::onnx::AttributeProto keep;
        keep.set_name("keepdims"), keep.set_type(::onnx::AttributeProto::INT), keep.set_i(0);
        return keep;
    }());
    model.floats("fc", {4, 5});
    model.node("MatMul", {"flat", "fc"}, "product");
    model.floats("bias", {5});
    model.node("Add", {"product", "bias"}, "y");
    return model;
}

}  // namespace

TEST_CASE("mutated files: a reader that fails in another way is noticed") {
    const Seed bug{"bug", "", [](const std::string&) { DNA_CHECK(false, "a bug"); }};
    const Seed empty{"empty", "", [](const std::string& bytes) { (void)bytes.at(0); }};
    const Seed refuses{"refuses", "", [](const std::string&) { throw base::InputError("f", "", "wrong"); }};
    Outcome outcome;
    CHECK(faultOf(bug, "x", outcome) != "");
    CHECK(faultOf(empty, "", outcome) != "");
    CHECK(faultOf(refuses, "x", outcome) == "");
    CHECK(outcome.refused == 1);
}

TEST_CASE("mutated ONNX files are read or refused") {
    const Networks networks;
    const std::string real = flows::onnx::exportModel(network::readTrainedNetwork(networks.real / "network.json"));
    const std::string integer =
        flows::onnx::exportModel(nn::readIntegerNetwork(networks.integer / "network.json"), "integer");
    const Outcome outcome = readMutations({{"by hand", byHand().bytes(), importBytes},
                                           {"exported", real, importBytes},
                                           {"quantised", integer, importBytes}},
                                          mutatedModel, "mutated-onnx");
    CHECK(outcome.refused > 0);
    CHECK(outcome.accepted > 0);
}

TEST_CASE("mutated safetensors files are read or refused") {
    const Networks networks;
    const auto seed = [&](const fs::path& folder, void (*read)(const fs::path&)) {
        return Seed{folder.filename().string(), base::readFile(folder / "weights.safetensors"),
                    [&networks, folder, read](const std::string& bytes) {
                        read(networks.with(folder, "weights.safetensors", bytes));
                    }};
    };
    const Outcome outcome = readMutations({seed(networks.real, readReal), seed(networks.integer, readInteger)}, mutated,
                                          "mutated-safetensors");
    CHECK(outcome.refused > 0);
    CHECK(outcome.accepted > 0);
}

TEST_CASE("mutated JSON files are read or refused") {
    const Networks networks;
    const TemporaryFolder folder;
    const fs::path source = DNA_SOURCE_DIR, broken = folder.path / "broken.json";
    const auto seed = [&](const fs::path& file, const std::function<void(const fs::path&)>& read) {
        return Seed{file.string(), base::readFile(source / file), [broken, read](const std::string& bytes) {
                        base::writeFileAtomic(broken, bytes);
                        read(broken);
                    }};
    };
    const std::vector<Seed> seeds{
        {"network.json", base::readFile(networks.integer / "network.json"),
         [&](const std::string& bytes) { readInteger(networks.with(networks.integer, "network.json", bytes)); }},
        seed("examples/networks/mobilenetv2.json",
             [](const fs::path& file) { mapping::extractLayers(network::readNetwork(file), 8); }),
        seed("core/network/spaces/micro_bits.json",
             [](const fs::path& file) { network::buildFixedParts(network::readSpace(file.string())); }),
        seed("examples/design-row-stationary.json", [](const fs::path& file) { design::readDesign(file); }),
        seed("costmodel/technology/osu018.json", [](const fs::path& file) { costmodel::readTechnology(file); }),
        seed("examples/architectures/eyeriss_rs.json",
             [](const fs::path& file) { costmodel::loopnest::readArchitecture(file.string()); }),
        seed("examples/layers/resnet18.json", [](const fs::path& file) { costmodel::loopnest::readLayers(file); }),
        seed("examples/shapes-mini.json", [](const fs::path& file) { flows::readCosearchConfig(file); }),
        seed("tests/verif/cases/rows-done-gap.json",
             [](const fs::path& file) { verif::plansOf(verif::readFuzzCase(file)); }),
    };
    const Outcome outcome = readMutations(seeds, mutatedJson, "mutated-json");
    CHECK(outcome.refused > 0);
    CHECK(outcome.accepted > 0);
}
