#include "flows/cosearch.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "core/base/file.h"
#include "costmodel/hardware_side.h"
#include "flows/cosearch_search.h"
#include "flows/data_source.h"
#include "flows/stages.h"

namespace dna::flows {
namespace {

namespace fs = std::filesystem;

/// Results of the phases that are done, by name; what the next phases and the final result are made of.
using Results = base::Json;

/// Reads what the run will read, so that wrong input is refused before anything is written.
LearningInputs readInputs(CosearchStage& options, base::Log& log) {
    LearningInputs inputs{network::readSpace(options.config.space), {}};
    network::NetworkSpace& space = inputs.space;
    fitSize(options.config.source, space.input);
    inputs.training = openTraining(options.config.source, log);
    const base::Json hashes = inputHashes(options.config.source);
    if (!options.config.input_sha256.empty() && options.config.input_sha256 != hashes)
        throw base::InputError("data", "/input_sha256",
                               "the pictures are not those that the configuration was written for: expected " +
                                   options.config.input_sha256.dump() + ", found " + hashes.dump());
    options.config.input_sha256 = hashes;
    const data::PictureSet& pictures = *inputs.training;
    // Pictures that are scaled anyhow may be asked for in another size than the space's; others must have it.
    const bool scaled = options.config.source.options.contains("size");
    network::fitSpace(space, scaled ? network::Shape{pictures.channels, pictures.height, pictures.width} : space.input,
                      pictures.classes);
    const network::Network largest = network::buildNetwork(space, std::vector<int>(space.blocks.size(), 0), "first");
    checkFits(largest, pictures, options.config.space);
    const int wanted = std::max(2 * options.config.search.batch, options.config.training.batch);
    if (pictures.count() < wanted)
        throw base::InputError(
            "data", "",
            fmt::format("the batches want at least {} training pictures, found {}", wanted, pictures.count()));
    costmodel::makeHardwareSide(space, options.config.target, options.config.seed);
    return inputs;
}

class Cosearch {
public:
    Cosearch(const CosearchStage& options, LearningInputs inputs, base::Log& log)
        : options_(options),
          inputs_(std::move(inputs)),
          log_(log),
          run_(options.out, toJson(options.config), options.resume, options.allow_drift),
          workers_(threadCount(options.threads)),
          budget_(options.stop_after) {}

    base::Json run() {
        restore();
        phase("search", [&] { return searchPhase(options_, inputs_, run_, saved("search"), workers_, budget_, log_); });
        phase("training", [&] {
            return trainingPhase(options_, inputs_, run_, results_.at("search"), results_,
                                 saved("training"), workers_, budget_, log_);
        });
        phase("quantization", [&] { return quantizationPhase(options_, inputs_, run_, workers_, log_); });
        phase("das", [&] { return das(); });
        phase("emission", [&] { return emission(); });
        phase("verification", [&] { return verification(); });
        phase("synthesis", [&] { return synthesis(); });
        base::Json result = finalResult();
        base::writeJson(run_.path() / "result.json", result);
        phase("report", [&] { return timed("report", [&] { return reportStage(run_.path(), log_); }); });
        return result;
    }

private:
    void restore() {
        content_ = run_.checkpoint().read();
        if (!content_) {
            run_.truncateRecords(0);
            return;
        }
        try {
            results_ = content_->state.value("results", Results::object());
            run_.truncateRecords(content_->state.at("records").get<uint64_t>());
            content_->state.at("phase").get<std::string>();
        } catch (const base::Json::exception& error) {
            throw base::InputError(run_.checkpoint().file().string(), "state",
                                   fmt::format("is damaged ({}); start the run again in another folder", error.what()));
        }
    }

    /// The checkpoint when it was taken inside this phase.
    const CheckpointContent* saved(const std::string& name) const {
        return content_ && content_->state.at("phase") == name && !content_->tensors.empty() &&
                       content_->tensors.size() > 1
                   ? &*content_
                   : nullptr;
    }

    /// Runs a phase unless its result is known, and notes that it is done.
    void phase(const std::string& name, const std::function<base::Json()>& body) {
        if (stopped_ || results_.contains(name)) return;
        if (base::stopRequested()) throw base::Interrupted("stopped before " + name + "; continue with --resume");
        base::Json result = withoutTimes(body());
        if (result.contains("stopped_by")) {
            stop_note_ = std::move(result);
            stopped_ = true;
            return;
        }
        for (const char* path : {"folder", "report"}) result.erase(path);  // a run may be moved, and two compared
        results_[name] = std::move(result);
        run_.checkpoint().write(
            {{{"phase", name + " done"}, {"records", run_.recordedBytes()}, {"results", results_}}, {}});
        if (options_.until == name) stopped_ = true;
    }

    /// Runs a stage and notes its wall time.
    base::Json timed(const std::string& name, const std::function<base::Json()>& stage) {
        const Stopwatch watch;
        base::Json result = stage();
        appendTiming(run_.path(), name, watch.seconds());
        return result;
    }

    base::Json das() {
        return timed("das", [&] {
            return dasStage({.network_json = run_.path() / "network.json",
                             .target = options_.config.target,
                             .out = run_.path(),
                             .algorithm = "gumbel",
                             .evaluations = options_.config.final_das_evaluations,
                             .seed = options_.config.seed},
                            log_);
        });
    }

    base::Json emission() {
        run_.removeOutput("rtl");
        return timed("emission", [&] {
            return emitStage({.network_json = run_.path() / "network.json",
                              .design_json = run_.path() / "design.json",
                              .mapping_json = run_.path() / "mapping.json",
                              .out = run_.path() / "rtl"},
                             log_);
        });
    }

    base::Json verification() {
        VerifyStage verify;
        verify.folder = run_.path();
        verify.images = options_.config.verify_images;
        verify.stalled_images = options_.config.verify_stalled_images;
        verify.processes = threadCount(options_.threads);
        return timed("verification", [&] { return verifyStage(verify, log_); });
    }

    base::Json synthesis() {
        run_.removeOutput("synth");
        return timed("synthesis", [&] {
            return synthStage({.folder = run_.path(), .platform = options_.config.platform, .pdk_root = {}}, log_);
        });
    }

    base::Json finalResult() const {
        base::Json result = base::makeDocument("search");
        result["name"] = options_.config.name;
        result["algorithm"] = options_.config.mode;
        result["seed"] = options_.config.seed;
        result["lambda"] = options_.config.search.lambda;
        const auto copy = [&](const char* from, const char* key, const char* to) {
            if (results_.contains(from) && results_.at(from).contains(key)) result[to] = results_.at(from).at(key);
        };
        for (const char* key : {"evaluations", "mapping_evaluations", "best", "feasible", "violations", "curve"})
            copy("das", key, key);
        copy("search", "operators", "operators");
        copy("search", "bits", "bits");
        copy("search", "das_calls", "das_calls");
        if (results_.contains("search") && !results_.at("search").at("feasible").get<bool>()) {
            result["feasible"] = false;
            for (const base::Json& violation : results_.at("search").at("violations"))
                result["violations"].push_back(violation);
        }
        copy("training", "macs", "macs");
        result.update(stop_note_);
        if (results_.contains("quantization")) result["accuracy"] = results_.at("quantization");
        copy("verification", "mismatches", "mismatches");
        copy("verification", "totals", "cycles");
        for (const char* key : {"area_um2", "timing", "energy_mj", "edp_mj_ms"}) copy("synthesis", key, key);
        return result;
    }

    CosearchStage options_;
    LearningInputs inputs_;
    base::Log& log_;
    RunFolder run_;
    autodiff::Workers workers_;
    std::optional<CheckpointContent> content_;
    Results results_ = Results::object();
    StepBudget budget_;
    bool stopped_ = false;
    base::Json stop_note_ = base::Json::object();  ///< where the budget of steps ended the run
};

/// Accuracy as quantised and system EDP of each run where it got that far, and whether no other run is at least as good in both
/// and better in one.
void markFront(base::Json& runs) {
    for (base::Json& run : runs) {
        const base::Json result = run.at("result");  // a copy: adding keys moves what an object holds
        if (!result.contains("accuracy") || !result.contains("best")) continue;
        run["accuracy"] = result.at("accuracy").at("quantized");
        run["edp_mj_ms"] = result.at("best").at("totals").at("edp_mj_ms").at("system");
    }
    const auto beats = [](const base::Json& a, const base::Json& b) {
        const double better = a.at("accuracy").get<double>() - b.at("accuracy").get<double>(),
                     cheaper = b.at("edp_mj_ms").get<double>() - a.at("edp_mj_ms").get<double>();
        return better >= 0 && cheaper >= 0 && better + cheaper > 0;
    };
    for (base::Json& run : runs)
        if (run.contains("accuracy"))
            run["on_front"] = std::none_of(runs.begin(), runs.end(), [&](const base::Json& other) {
                return other.contains("accuracy") && beats(other, run);
            });
}

}  // namespace

base::Json cosearchStage(const CosearchStage& options, base::Log& log) {
    CosearchStage fitted = options;
    LearningInputs inputs = readInputs(fitted, log);
    return Cosearch(fitted, std::move(inputs), log).run();
}

base::Json cosearchFront(const CosearchStage& options, const std::vector<double>& lambdas, base::Log& log) {
    if (options.config.mode == "network_first" && options.config.search.hardware_term == "objective")
        log.warn("a network searched first knows no hardware: lambda weighs nothing; \"hardware_term\": \"macs\" does");
    base::Json front = base::makeDocument("front");
    front["mode"] = options.config.mode;
    front["hardware_term"] = options.config.search.hardware_term;
    front["runs"] = base::Json::array();
    for (double lambda : lambdas) {
        CosearchStage one = options;
        const std::string name = fmt::format("lambda-{}", lambda);
        one.config.search.lambda = lambda;
        one.out = options.out / name;
        one.resume = options.resume;
        log.info(fmt::format("run {} of {}: lambda {}", front["runs"].size() + 1, lambdas.size(), lambda));
        base::Json entry{{"folder", name}, {"lambda", lambda}};
        entry["result"] = cosearchStage(one, log);
        front["runs"].push_back(entry);
    }
    markFront(front["runs"]);
    base::writeJson(options.out / "front.json", front);
    return front;
}

}  // namespace dna::flows
