// The learning phases of `dna cosearch`: search, final training, quantisation and the one look at the test set.

#include "flows/cosearch_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/file.h"
#include "costmodel/hardware_side.h"
#include "flows/accuracy.h"
#include "flows/data_source.h"
#include "flows/quantize_stage.h"
#include "flows/training_loop.h"

namespace dna::flows {
namespace {

base::Json recordJson(const search::DnsRecord& r) {
    base::Json line{{"phase", "search"},
                    {"iteration", r.iteration},
                    {"epoch", r.epoch},
                    {"temperature", r.temperature},
                    {"weight_loss", r.weight_loss},
                    {"weight_accuracy", r.weight_accuracy}};
    if (r.logits_updated) {
        line["logit_loss"] = r.logit_loss;
        line["logit_accuracy"] = r.logit_accuracy;
        line["hardware_term"] = r.hardware_term;
    }
    line["energy_pj"] = r.energy_pj;
    line["latency_cycles"] = r.latency_cycles;
    line["entropy"] = r.entropy;
    if (r.refreshed) line["das"] = true;
    return line;
}

/// The uniform network of median size: what the accelerator is searched for when hardware goes first.
network::Network medianNetwork(const network::NetworkSpace& space) {
    std::vector<std::pair<int64_t, int>> sizes;
    for (size_t k = 0; k < space.candidates.size(); ++k)
        sizes.emplace_back(network::macs(network::buildNetwork(
                               space, std::vector<int>(space.blocks.size(), static_cast<int>(k)), "uniform")),
                           static_cast<int>(k));
    std::sort(sizes.begin(), sizes.end());
    return network::buildNetwork(space, std::vector<int>(space.blocks.size(), sizes[sizes.size() / 2].second),
                                 "median");
}

search::DnsOptions searchOptions(const CosearchStage& options) {
    search::DnsOptions dns = options.config.search;
    if (options.mode != "joint") dns.das_period = 0;
    if (options.mode == "network_first") dns.lambda = 0;
    return dns;
}

void save(const search::NetworkSearch& search, RunFolder& run) {
    CheckpointContent content{{{"phase", "search"}, {"records", run.recordedBytes()}}, {}};
    search.save(content.state, content.tensors);
    run.checkpoint().write(std::move(content));
}

/// Wall time of the search by what it was spent on.
struct SearchTimes {
    double learning = 0, das = 0;
};

void runSearch(search::NetworkSearch& search, RunFolder& run, base::Log& log) {
    SearchTimes times;
    while (!search.finished()) {
        const Stopwatch watch;
        const search::DnsRecord record = search.advance();
        (record.refreshed ? times.das : times.learning) += watch.seconds();
        run.record(recordJson(record));
        log.progress("search", static_cast<double>(search.iteration()), static_cast<double>(search.iterations()),
                     fmt::format("loss {:.2f}, {:.2f} uJ, {:.0f} k cycles", record.weight_loss, record.energy_pj * 1e-6,
                                 record.latency_cycles * 1e-3));
        if (base::stopRequested()) {
            save(search, run);
            throw base::Interrupted("stopped in the search; continue with --resume");
        }
        if (run.checkpoint().due()) save(search, run);
    }
    appendTiming(run.path(), "search", times.learning, {{"part", "network weights and logits"}});
    appendTiming(run.path(), "search", times.das, {{"part", "steps with DAS"}});
}

base::Json derivedJson(const search::Derived& derived, const network::NetworkSpace& space,
                       const search::NetworkSearch& search) {
    base::Json operators = base::Json::array();
    for (int choice : derived.choices) operators.push_back(space.candidates[choice].name);
    base::Json probabilities = base::Json::array();
    for (const auto& block : search.logits().logProbabilities()) {
        base::Json row = base::Json::array();
        for (double log_p : block) row.push_back(base::portableExp(log_p));
        probabilities.push_back(row);
    }
    return {{"phase", "derive"},
            {"choices", derived.choices},
            {"operators", operators},
            {"feasible", derived.feasible},
            {"violations", derived.violations},
            {"log_probability", derived.log_probability},
            {"energy_pj", derived.energy_pj},
            {"latency_cycles", derived.latency_cycles},
            {"das_calls", search.refreshes()},
            {"probabilities", probabilities}};
}

/// `accuracy.json`: both networks on the same test pictures, by class.
base::Json accuracyJson(const Accuracy& exact, const Accuracy& rounded) {
    base::Json json = base::makeDocument("accuracy");
    json["float"] = toJson(exact);
    json["int8"] = toJson(rounded);
    return json;
}

}  // namespace

base::Json searchPhase(const CosearchStage& options, const LearningInputs& inputs, RunFolder& run, const CheckpointContent* saved,
                       autodiff::Workers& workers, base::Log& log) {
    const network::NetworkSpace& space = inputs.space;
    const auto hardware = costmodel::makeHardwareSide(space, options.config.target, options.config.seed);
    if (options.mode == "hardware_first")
        hardware->refine(medianNetwork(space), options.config.final_das_evaluations, 0);
    search::NetworkSearch search(space, *inputs.training, searchOptions(options), *hardware, options.config.seed, workers);
    if (saved) search.restore(saved->state, saved->tensors, run.checkpoint().file().string());
    runSearch(search, run, log);
    const search::Derived derived = search.derive();
    const base::Json line = derivedJson(derived, space, search);
    run.record(line);
    log.info(fmt::format("derived {} ({:.2f} uJ, {:.0f} cycles by the table)", line.at("operators").dump(),
                         derived.energy_pj * 1e-6, derived.latency_cycles));
    for (const std::string& violation : derived.violations)
        log.warn("no network of the space satisfies the limits; the nearest: " + violation);
    base::makeFolder(run.path() / "trained");
    base::writeJson(run.path() / "trained" / "network.json",
                    network::toJson(network::buildNetwork(space, derived.choices, options.config.name)));
    return line;
}

base::Json trainingPhase(const CosearchStage& options, const LearningInputs& inputs, RunFolder& run,
                         const base::Json& derived, const base::Json& results, const CheckpointContent* saved, autodiff::Workers& workers,
                         base::Log& log) {
    const network::Network graph =
        network::buildNetwork(inputs.space, derived.at("choices").get<std::vector<int>>(), options.config.name);
    Trainer trainer(graph, *inputs.training, options.config.training, options.config.seed, workers);
    if (saved) trainer.restore(saved->tensors, run.checkpoint().file().string());
    const Stopwatch watch;
    runTraining(trainer, run, {{"phase", "training"}, {"results", results}}, log);
    appendTiming(run.path(), "final training", watch.seconds());
    network::writeTrainedNetwork(trainer.network(), run.path() / "trained");
    return {
        {"loss", trainer.epochLoss()}, {"training_accuracy", trainer.epochAccuracy()}, {"macs", network::macs(graph)}};
}

base::Json quantizationPhase(const CosearchStage& options, const LearningInputs& inputs, RunFolder& run, autodiff::Workers& workers, base::Log& log) {
    const Stopwatch watch;
    network::TrainedNetwork trained = network::readTrainedNetwork(run.path() / "trained" / "network.json");
    const nn::IntegerNetwork integer =
        quantizeOn(*inputs.training, trained, options.config.quantization, workers);
    nn::writeIntegerNetwork(integer, run.path());
    const std::unique_ptr<data::PictureSet> test = openTest(options.config.source, log);
    const Accuracy exact = floatAccuracy(trained, *test, workers), rounded = integerAccuracy(integer, *test, workers);
    log.info(fmt::format("accuracy on {} test pictures: float {:.2f} %, INT8 {:.2f} %", test->count(),
                         100 * exact.all(), 100 * rounded.all()));
    appendTiming(run.path(), "quantization", watch.seconds());
    base::writeJson(run.path() / "accuracy.json", accuracyJson(exact, rounded));
    return {{"test_pictures", test->count()}, {"float", exact.all()}, {"int8", rounded.all()}};
}

}  // namespace dna::flows
