#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/base/file.h"
#include "core/data/pictures.h"
#include "core/mapping/cycles.h"
#include "flows/data_source.h"
#include "flows/emitted_folder.h"
#include "flows/program_files.h"
#include "flows/stages.h"
#include "flows/work_folder.h"
#include "rtlgen/chip.h"
#include "verif/expected_counters.h"
#include "verif/simulation.h"
#include "verif/vectors.h"

namespace dna::flows {

using base::Json;
namespace fs = std::filesystem;

namespace {

/// What --data names, else the set of the run, else the generated shapes.
data::Source sourceOf(const VerifyStage& options, const fs::path& run) {
    if (options.data) return data::sourceOf(options.data->string());
    const fs::path config = run / "config.json";
    if (!fs::exists(config)) return data::sourceNamed("shapes");
    base::JsonDocument document = base::JsonDocument::readAny(config);
    if (!document.root().has("data")) return data::sourceNamed("shapes");
    data::Source source = readSource(document.root().object("data"), config);
    document.root().keys();  // of the other keys nothing is wanted here
    document.finish();
    return source;
}

data::Pictures readPictures(const VerifyStage& options, const fs::path& run, const network::Shape& input,
                            base::Log& log) {
    data::Source source = sourceOf(options, run);
    fitSize(source, input);
    if (data::dataSet(source.name).generated()) source.test = options.images;
    const std::unique_ptr<data::PictureSet> pictures = openTest(source, log);
    if (pictures->count() < options.images)
        throw base::InputError(
            "--images", "",
            fmt::format("{} pictures asked for, the data set has {}", options.images, pictures->count()));
    return data::load(*pictures, options.images, options.processes);
}

class VerifyRun {
public:
    VerifyRun(const VerifyStage& options, base::Log& log)
        : options_(options), log_(log), emitted_(findEmitted(options.folder)) {}

    Json run() {
        const fs::path image = imageFile();
        program_ = readEmittedProgram(programFolder());
        checkImage(image);
        checkDesign();
        checkRom(program_.program, programFolder() / "network.json", emitted_.folder);
        const data::Pictures pictures =
            readPictures(options_, emitted_.run, program_.network.graph.inputShape(), log_);
        checkPictureShape(pictures);
        const WorkFolder work("dna-verify", std::nullopt);
        std::vector<const uint8_t*> pointers;
        for (int i = 0; i < options_.images; ++i) pointers.push_back(pictures.picture(i));
        log_.info(fmt::format("golden models: {} pictures", options_.images));
        verif::writeVectors(work.folder(), program_.network, program_.program, pointers);
        const fs::path simulator = verif::buildSimulator(readChip(), program_.program.design.counters, log_);
        results_ = verif::simulate(simulator, work.folder(), jobs(), options_.processes, log_);
        return report();
    }

private:
    fs::path programFolder() const { return options_.program.value_or(emitted_.folder); }

    fs::path imageFile() const {
        const fs::path file = programFolder() / "program" / "image.bin";
        if (options_.program && !fs::exists(file))
            throw base::InputError(options_.program->string(), "",
                                   "holds no program (no program/image.bin); dna compile writes such folders");
        return file;
    }

    /// The emitted bytes must be what their own files give: otherwise somebody changed one of them.
    void checkImage(const fs::path& file) const {
        checkBytes(file, program_.program.image, "image");
        if (program_.program.design.chunk().localDescriptors())
            checkBytes(descriptorFile(programFolder()), mapping::descriptorBytes(program_.program.descriptors), "descriptor file");
    }

    void checkBytes(const fs::path& file, const std::vector<uint8_t>& expected, const char* what) const {
        if (base::readFile(file) == std::string(expected.begin(), expected.end())) return;
        throw base::InputError(file.string(), "",
                               fmt::format("is not the {} of the network, design and mapping beside it; {} again", what,
                                           options_.program ? "compile" : "emit"));
    }

    /// A program is for the chip whose design it holds.
    void checkDesign() const {
        const std::string chip = designHash(design::readDesign(emitted_.folder / "design.json")),
                          program = designHash(program_.program.design);
        if (chip != program)
            throw base::InputError((programFolder() / "design.json").string(), "",
                                   fmt::format("the program is for design {}, the chip in {} is {}; compile it for that chip",
                                               program.substr(0, 12), emitted_.folder.string(), chip.substr(0, 12)));
    }

    void checkPictureShape(const data::Pictures& pictures) const {
        const network::Shape& shape = program_.network.graph.inputShape();
        if (shape.channels != pictures.channels || shape.height != pictures.height || shape.width != pictures.width)
            throw base::InputError(
                "--data", "",
                fmt::format("pictures are {}x{}x{}, the network reads {}x{}x{}", pictures.channels, pictures.height,
                            pictures.width, shape.channels, shape.height, shape.width));
    }

    /// The Verilog as it stands in the folder, not as the library would emit it today.
    rtlgen::Chip readChip() const {
        rtlgen::Chip chip;
        for (const fs::path& source : emitted_.sources) {
            const std::string name = "rtl/" + source.filename().string();
            chip.order.push_back(name);
            chip.files[name] = base::readFile(source);
        }
        return chip;
    }

    /// Pictures without stalls first, in one job per process; then the stalled ones, each with a seed of its own.
    std::vector<verif::SimulationJob> jobs() const {
        std::vector<verif::SimulationJob> jobs;
        const int stalled = std::clamp(options_.stalled_images, 0, options_.images);
        const int plain = options_.images - stalled;
        const int parts = std::clamp(options_.processes, 1, std::max(plain, 1));
        for (int p = 0; p < parts; ++p) {
            const int begin = plain * p / parts, end = plain * (p + 1) / parts;
            if (end > begin) jobs.push_back({begin, end - begin, 0});
        }
        for (int i = plain; i < options_.images; ++i) jobs.push_back({i, 1, options_.stall_seed + uint64_t(i - plain)});
        return jobs;
    }

    Json report() const {
        Json json = base::makeDocument("verify");
        json["images"] = options_.images;
        json["stalled_images"] =
            std::count_if(results_.begin(), results_.end(), [](const auto& p) { return p.stalled; });
        int64_t mismatches = 0;
        Json first = nullptr;
        for (const auto& picture : results_)
            for (const auto& layer : picture.layers) {
                mismatches += layer.mismatches;
                if (layer.mismatches != 0 && first.is_null())
                    first = Json{{"image", picture.image}, {"stalled", picture.stalled}, {"layer", layer.name},
                                 {"byte", layer.first},    {"found", layer.found},       {"expected", layer.expected}};
            }
        json["mismatches"] = mismatches;
        json["first_mismatch"] = first;
        addCycles(json);
        return json;
    }

    void addCycles(Json& json) const {
        const auto plain = std::find_if(results_.begin(), results_.end(), [](const auto& p) { return !p.stalled; });
        const auto times = mapping::networkCycles(program_.program.plans, design::MemoryModel{});
        int64_t varying = 0;  // cycles must not depend on the picture
        for (const auto& picture : results_)
            if (!picture.stalled && picture.layers.back().done != plain->layers.back().done) ++varying;
        Json layers = Json::array();
        int64_t before = 0;
        std::array<uint32_t, verif::kCounters> counters{};
        std::vector<double> shares;
        for (size_t i = 0; plain != results_.end() && i < plain->layers.size(); ++i) {
            const verif::SimulatedLayer& layer = plain->layers[i];
            layers.push_back(layerJson(i, layer, layer.done - before, counters, times[i]));
            shares.push_back(layers.back().at("utilization_of_roofline"));
            before = layer.done;
            counters = layer.counters;
        }
        std::sort(shares.begin(), shares.end());
        json["totals"] = Json{{"cycles_rtl", before},
                              {"cycles_model", times.back().done},
                              {"median_utilization_of_roofline", shares.empty() ? 0.0 : shares[shares.size() / 2]},
                              {"pictures_with_other_cycles", varying}};
        json["layers"] = layers;
    }

    Json layerJson(size_t i, const verif::SimulatedLayer& layer, int64_t cycles, const std::array<uint32_t, verif::kCounters>& before,
                   const mapping::LayerTime& time) const {
        const mapping::LayerPlan& plan = program_.program.plans[i];
        const costmodel::AccessCounts n = costmodel::countAccesses(plan);
        const double pes = double(plan.chunk.rows) * plan.chunk.cols;
        const double compute = double(n.mac_cycles);
        const double limit = std::max({compute, double(n.readBeats()), double(n.writeBeats())});
        Json json{{"name", layer.name},
                  {"cycles_rtl", cycles},
                  {"cycles_model", time.latency},
                  {"macs", n.macs},
                  {"values", n.outputs},
                  {"utilization", double(n.macs) / (pes * double(cycles))},
                  {"roofline", compute / limit},
                  {"utilization_of_roofline", limit / double(cycles)},
                  {"bound", limit > compute ? "bandwidth" : "compute"}};
        Json rtl, model;
        for (size_t c = verif::kFirstAccessCounter; c < verif::kCounters; ++c) {
            rtl[verif::kCounterNames[c]] = layer.counters[c] - before[c];
            model[verif::kCounterNames[c]] = verif::accessesOf(n, c, plan.chunk.cols);
        }
        rtl["macs"] = int64_t(layer.counters[1] - before[1]) * int64_t(pes);
        model["macs"] = n.mac_cycles * int64_t(pes);
        json["accesses_rtl"] = rtl;
        json["accesses_model"] = model;
        return json;
    }

    const VerifyStage& options_;
    base::Log& log_;
    EmittedFolder emitted_;
    EmittedProgram program_;
    std::vector<verif::SimulatedPicture> results_;
};

}  // namespace

Json verifyStage(const VerifyStage& options, base::Log& log) {
    if (options.images < 1) throw base::InputError("--images", "", "expected at least 1");
    VerifyRun run(options, log);
    Json json = run.run();
    base::writeJson(options.program.value_or(findEmitted(options.folder).run) / "verify.json", json);
    return json;
}

}  // namespace dna::flows
