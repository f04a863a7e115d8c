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
    if (r.mean_bits > 0) {
        line["bit_entropy"] = r.bit_entropy;
        line["mean_bits"] = r.mean_bits;
    }
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
    if (options.config.mode != "joint") dns.das_period = 0;
    if (options.config.mode == "network_first" && dns.hardware_term == "objective") dns.lambda = 0;
    return dns;
}

void save(const search::NetworkSearch& search, RunFolder& run) {
    if (!search.healthy()) return;  // what was saved before is better to go on from
    CheckpointContent content{{{"phase", "search"}, {"records", run.recordedBytes()}}, {}};
    search.save(content.state, content.tensors);
    run.checkpoint().write(std::move(content));
}

std::string progressText(const search::NetworkSearch& search, const search::DnsRecord& record, const RateMeter& rate) {
    return fmt::format("epoch {}, loss {:.2f}, accuracy {:.0f} %, T {:.2f}, entropy {:.3f}, {:.2f} uJ, {:.0f} k cycles, "
                       "{:.0f} pictures/s",
                       record.epoch + 1, search.recentLoss(), 100 * record.weight_accuracy, record.temperature,
                       record.entropy, record.energy_pj * 1e-6, record.latency_cycles * 1e-3, rate.picturesPerSecond());
}

search::DnsRecord takeIteration(search::NetworkSearch& search, RunFolder& run) {
    try {
        const search::DnsRecord record = search.advance();
        run.record(recordJson(record));
        return record;
    } catch (const base::InputError& error) {
        throw withLastState(error, run);
    }
}

/// The whole search, or as many iterations as the budget holds: then it returns where it stopped.
std::optional<base::Json> runSearch(search::NetworkSearch& search, RunFolder& run, const search::DnsOptions& options,
                                    StepBudget& budget, base::Log& log) {
    RateMeter rate;
    // A batch for the weights in every iteration, one for the logits behind the warm-up.
    const long per_epoch = search.iterations() / options.epochs,
               pictures = options.batch * (2 * search.iterations() - per_epoch * options.weight_epochs);
    double das_seconds = 0;
    while (!search.finished()) {
        const Stopwatch watch;
        const search::DnsRecord record = takeIteration(search, run);
        if (record.refreshed) das_seconds += watch.seconds();
        budget.take();
        rate.add(record.logits_updated ? 2 * options.batch : options.batch);
        log.progress("search", static_cast<double>(search.iteration()), static_cast<double>(search.iterations()),
                     progressText(search, record, rate));
        if (base::stopRequested() || budget.spent()) {
            save(search, run);
            noteRate(run, "search", rate, pictures, {{"of_it_steps_with_das", das_seconds}});
            if (base::stopRequested()) throw base::Interrupted("stopped in the search; continue with --resume");
            return stoppedBySteps("search", rate, search.iteration(), search.iterations(), pictures, log);
        }
        if (run.checkpoint().due()) save(search, run);
    }
    noteRate(run, "search", rate, pictures, {{"of_it_steps_with_das", das_seconds}});
    return {};
}

base::Json probabilitiesJson(const std::vector<std::vector<double>>& log_probabilities) {
    base::Json rows = base::Json::array();
    for (const auto& block : log_probabilities) {
        base::Json row = base::Json::array();
        for (double log_p : block) row.push_back(base::portableExp(log_p));
        rows.push_back(row);
    }
    return rows;
}

/// What the search leaves behind: the derived network and how probable everything else was. Widths only where the
/// space states any.
base::Json derivedJson(const search::Derived& derived, const network::NetworkSpace& space,
                       const search::NetworkSearch& search) {
    base::Json choices = base::Json::array(), operators = choices, bits = choices, widths = choices;
    bool stated = false;
    for (size_t b = 0; b < derived.options.size(); ++b) {
        const network::BlockOption option =
            network::blockOptions(space, static_cast<int>(b))[static_cast<size_t>(derived.options[b])];
        choices.push_back(option.candidate);
        operators.push_back(space.candidates[static_cast<size_t>(option.candidate)].name);
        bits.push_back(option.bits);
        widths.push_back(network::widths(space.blocks[b]));
        stated = stated || option.bits != 0;
    }
    base::Json line{{"phase", "derive"},
                    {"choices", choices},
                    {"operators", operators},
                    {"feasible", derived.feasible},
                    {"violations", derived.violations},
                    {"log_probability", derived.log_probability},
                    {"energy_pj", derived.energy_pj},
                    {"latency_cycles", derived.latency_cycles},
                    {"das_calls", search.refreshes()},
                    {"probabilities", probabilitiesJson(search.logits().logProbabilities())}};
    if (!stated) return line;
    line["bits"] = bits;
    line["bit_choices"] = widths;
    line["bit_probabilities"] = probabilitiesJson(search.bits().logProbabilities());
    return line;
}

/// The network that a derivation names.
network::Network derivedNetwork(const network::NetworkSpace& space, const base::Json& derived, const std::string& name) {
    return network::buildNetwork(space, derived.at("choices").get<std::vector<int>>(), name,
                                 derived.value("bits", std::vector<int>{}));
}

/// `accuracy.json`: both networks on the same test pictures, by class; "int8" is what "integer" is called where all
/// numbers have 8 bits, for readers that know no other width.
base::Json accuracyJson(const Accuracy& exact, const Accuracy& rounded, bool all_8_bits) {
    base::Json json = base::makeDocument("accuracy");
    json["float"] = toJson(exact);
    json["integer"] = toJson(rounded);
    if (all_8_bits) json["int8"] = json["integer"];
    return json;
}

}  // namespace

base::Json searchPhase(const CosearchStage& options, const LearningInputs& inputs, RunFolder& run, const CheckpointContent* saved,
                       autodiff::Workers& workers, StepBudget& budget, base::Log& log) {
    const network::NetworkSpace& space = inputs.space;
    const auto hardware = costmodel::makeHardwareSide(space, options.config.target, options.config.seed);
    if (options.config.mode == "hardware_first")
        hardware->refine(medianNetwork(space), options.config.final_das_evaluations, 0);
    search::NetworkSearch search(space, *inputs.training, searchOptions(options), *hardware, options.config.seed, workers);
    if (saved) search.restore(saved->state, saved->tensors, run.checkpoint().file().string());
    if (auto stopped = runSearch(search, run, options.config.search, budget, log)) return *stopped;
    const search::Derived derived = search.derive();
    const base::Json line = derivedJson(derived, space, search);
    run.record(line);
    log.info(fmt::format("derived {}{} ({:.2f} uJ, {:.0f} cycles by the table)", line.at("operators").dump(),
                         line.contains("bits") ? ", weights of " + line.at("bits").dump() + " bits" : "", derived.energy_pj * 1e-6, derived.latency_cycles));
    for (const std::string& violation : derived.violations)
        log.warn("no network of the space satisfies the limits; the nearest: " + violation);
    base::makeFolder(run.path() / "trained");
    base::writeJson(run.path() / "trained" / "network.json",
                    network::toJson(derivedNetwork(space, line, options.config.name)));
    return line;
}

base::Json trainingPhase(const CosearchStage& options, const LearningInputs& inputs, RunFolder& run,
                         const base::Json& derived, const base::Json& results, const CheckpointContent* saved,
                         autodiff::Workers& workers, StepBudget& budget, base::Log& log) {
    const network::Network graph = derivedNetwork(inputs.space, derived, options.config.name);
    Trainer trainer(graph, *inputs.training, options.config.training, options.config.seed, workers);
    if (saved) trainer.restore(saved->tensors, run.checkpoint().file().string());
    if (auto stopped = runTraining(trainer, run, {{"phase", "training"}, {"results", results}}, budget, log))
        return *stopped;
    network::writeTrainedNetwork(trainer.result(), run.path() / "trained");
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
    base::Json result = quantizedJson(integer, rounded, "");
    result.update({{"test_pictures", test->count()}, {"float", exact.all()}});
    log.info(fmt::format("accuracy on {} test pictures: float {:.2f} %, {} {:.2f} %", test->count(),
                         100 * exact.all(), widthsText(result), 100 * rounded.all()));
    appendTiming(run.path(), "quantization", watch.seconds());
    base::writeJson(run.path() / "accuracy.json", accuracyJson(exact, rounded, result.contains("int8")));
    return result;
}

}  // namespace dna::flows
