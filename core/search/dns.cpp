// Differentiable network search (the DNS half of the co-search method): weights on one half of the training pictures,
// logits on the other half plus lambda times the hardware term, first order, one step of each in turn.

#include "core/search/dns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/nn/ops.h"

namespace dna::search {
namespace {

data::Subset firstHalf(const data::PictureSet& pictures) { return {pictures, 0, pictures.count() / 2}; }
data::Subset secondHalf(const data::PictureSet& pictures) {
    return {pictures, pictures.count() / 2, pictures.count()};
}

[[noreturn]] void diverged(long iteration, const char* which, const std::string& problem) {
    throw base::InputError(
        "search", fmt::format("iteration {}", iteration),
        fmt::format("the search diverged in the step of the {}: {}; a smaller rate may help", which, problem));
}

/// The operator whose uniform network is of median size.
int medianCandidate(const network::NetworkSpace& space) {
    std::vector<std::pair<int64_t, int>> sizes;
    for (int k = 0; k < static_cast<int>(space.candidates.size()); ++k)
        sizes.emplace_back(
            network::macs(network::buildNetwork(space, std::vector<int>(space.blocks.size(), k), "uniform")), k);
    std::sort(sizes.begin(), sizes.end());
    return sizes[(sizes.size() + 1) / 2].second;
}

/// d loss / d gates of every block; an empty list where there are no gates or no gradient reached them.
std::vector<std::vector<double>> gradientsOf(const autodiff::Tape<float>& tape,
                                             const std::vector<std::optional<autodiff::Var>>& blocks) {
    std::vector<std::vector<double>> result;
    for (const std::optional<autodiff::Var>& gates : blocks) {
        const float* gradient = gates ? tape.gradient(*gates) : nullptr;
        result.emplace_back();
        if (gradient) result.back().assign(gradient, gradient + tape.stored(*gates).size);
    }
    return result;
}

std::vector<ActiveSet> allOperators(size_t blocks, size_t candidates) {
    ActiveSet all;
    for (size_t k = 0; k < candidates; ++k) all.candidates.push_back(static_cast<int>(k));
    return std::vector<ActiveSet>(blocks, all);
}

/// Operators whose logits take part in this step.
std::vector<char> activeMask(const SampledNetwork& network, size_t candidates, GateMode mode) {
    if (mode != GateMode::Proxy) return {};
    std::vector<char> mask(network.active.size() * candidates);
    for (size_t l = 0; l < network.active.size(); ++l)
        for (int k : network.active[l].candidates) mask[l * candidates + static_cast<size_t>(k)] = 1;
    return mask;
}

}  // namespace

NetworkSearch::NetworkSearch(const network::NetworkSpace& space, const data::PictureSet& pictures,
                             const DnsOptions& options, HardwareSide& hardware, uint64_t seed,
                             autodiff::Workers& workers)
    : space_(space),
      options_(options),
      mode_(gateMode(options.mode)),
      anchor_(medianCandidate(space)),
      hardware_(hardware),
      seed_(seed),
      pictures_weights_(firstHalf(pictures)),
      pictures_logits_(secondHalf(pictures)),
      normalization_(data::measureNormalization(pictures, workers)),
      batches_weights_(pictures_weights_, normalization_, options.batch, options.augment, seed,
                       "search-weights"),
      batches_logits_(pictures_logits_, normalization_, options.batch, options.augment, seed,
                      "search-logits"),
      supernet_(space, options.shared_weights && mode_ != GateMode::Soft, seed),
      logits_(space.blocks.size(), space.candidates.size()),
      adam_(logits_.values.size(), {options.logit_rate, 0.5, 0.999, 1e-8, 0}),
      bits_(space, options.logit_rate),
      watch_(pictures.classes),
      tape_(workers),
      table_(hardware.table()),
      penalty_(penaltyTable()) {
    iterations_ = batches_weights_.batchesPerEpoch() * options.epochs;
    schedule_ = {options.weight_rate, options.weight_rate_floor, batches_weights_.batchesPerEpoch(), iterations_};
}

DnsRecord NetworkSearch::advance() {
    DnsRecord record;
    if (!warmingUp()) {
        updateLogits(sample("gumbel-logits", options_.active_paths), sampleBits("bits-logits"), record);
        if (refreshIsDue()) refreshHardware(record);
    }
    updateWeights(warmingUp() ? anchored(sample("gumbel-weights", 1)) : sample("gumbel-weights", 1),
                  sampleBits("bits-weights"), record);
    record = finishRecord(record);
    ++iteration_;
    return record;
}

bool NetworkSearch::refreshIsDue() const { return options_.das_period > 0 && logit_steps_ % options_.das_period == 0; }

/// Geometric from the initial to the final temperature over the iterations that update logits.
double NetworkSearch::temperature() const {
    const long first = batches_weights_.batchesPerEpoch() * options_.weight_epochs;
    if (iteration_ <= first || iterations_ <= first + 1) return options_.initial_temperature;
    const double progress = static_cast<double>(iteration_ - first) / static_cast<double>(iterations_ - first - 1);
    return options_.initial_temperature *
           base::portableExp(progress * base::portableLog(options_.final_temperature / options_.initial_temperature));
}

SampledNetwork NetworkSearch::sample(const char* purpose, int paths) const {
    base::Rng rng(seed_, purpose, static_cast<uint64_t>(iteration_));
    return sampleNetwork(logits_, temperature(), paths, mode_, rng);
}

SampledBits NetworkSearch::sampleBits(const char* purpose) const {
    base::Rng rng(seed_, purpose, static_cast<uint64_t>(iteration_));
    return bits_.sample(temperature(), rng);
}

/// While weights warm up, each block takes the anchor operator with a probability that falls from anchor_share to 0:
/// blocks learn to read one set of features first, and the other operators then learn to give those features.
SampledNetwork NetworkSearch::anchored(SampledNetwork network) const {
    const auto warmup = static_cast<double>(batches_weights_.batchesPerEpoch() * options_.weight_epochs);
    const double share = options_.anchor_share * (1 - static_cast<double>(iteration_) / warmup);
    base::Rng rng(seed_, "anchor", static_cast<uint64_t>(iteration_));
    for (ActiveSet& set : network.active)
        if (rng.uniform() < share && mode_ != GateMode::Soft) set.candidates.front() = anchor_;
    return network;
}

/// alpha <- alpha - Adam(d/dalpha [CE on the other half of the pictures + lambda L_hw]), beta (the widths) likewise.
void NetworkSearch::updateLogits(const SampledNetwork& network, const SampledBits& bits, DnsRecord& record) {
    tape_.reset();
    Supernet::Gates gates;
    const Batch batch = batches_logits_.draw(tape_, logit_steps_);
    const autodiff::Var output = supernet_.runGated(tape_, batch, network, mode_, bits.shares(), false, gates);
    const autodiff::Var loss = nn::softmaxCrossEntropy(tape_, output, batch.labels);
    tape_.backward(loss);

    std::vector<double> gradient =
        gateGradient(network, logits_.candidates, mode_, gradientsOf(tape_, gates.operators));
    const HardwareTerm hardware = hardwareTerm(
        penalty_, penaltyObjective(), logits_.values,
        options_.cost_over_all ? allOperators(logits_.blocks, logits_.candidates) : network.active, bits_.logits());
    double norm = 0;
    for (size_t i = 0; i < gradient.size(); ++i) {
        gradient[i] += options_.lambda * hardware.gradient[i];
        norm += gradient[i] * gradient[i];
    }
    record.logit_loss = static_cast<double>(*tape_.value(loss).data);
    const bool sound = std::isfinite(record.logit_loss) && std::isfinite(norm) &&
                       bits_.update(bits, gradientsOf(tape_, gates.bits), hardware.bit_gradient, options_.lambda);
    if (!sound) diverged(iteration_, "logits", "the loss is no longer a number");

    const std::vector<double> before = logits_.values;
    adam_.step(logits_.values, gradient, activeMask(network, logits_.candidates, mode_));
    if (mode_ == GateMode::Proxy) keepActiveMass(network, before, logits_);
    ++logit_steps_;
    record.logits_updated = true;
    record.logit_accuracy =
        nn::countCorrect(tape_.value(output), batch.labels) / static_cast<double>(batch.labels.size());
    record.hardware_term = hardware.value;
}

/// omega <- omega - SGD(d/domega CE) on the sampled path.
void NetworkSearch::updateWeights(const SampledNetwork& network, const SampledBits& bits, DnsRecord& record) {
    tape_.reset();
    supernet_.parameters().clearTouched();
    const Batch batch = batches_weights_.draw(tape_, iteration_);
    Supernet::Gates gates;
    const autodiff::Var output = mode_ == GateMode::Soft
                                     ? supernet_.runGated(tape_, batch, network, mode_, bits.shares(), true, gates)
                                     : supernet_.runPath(tape_, batch, network.choices(), bits.shares());
    const autodiff::Var loss = nn::softmaxCrossEntropy(tape_, output, batch.labels);
    tape_.backward(loss);
    const nn::SgdOptions sgd{options_.momentum, options_.weight_decay, options_.clip, true};
    const double norm = nn::sgdStep(supernet_.parameters(), schedule_.at(iteration_), sgd);
    record.weight_loss = static_cast<double>(*tape_.value(loss).data);
    record.weight_accuracy =
        nn::countCorrect(tape_.value(output), batch.labels) / static_cast<double>(batch.labels.size());
    if (const std::string problem = watch_.see(record.weight_loss, norm); !problem.empty())
        diverged(iteration_, "weights", problem);
}

/// gamma follows alpha: the accelerator search continues on the most probable network, then the table is filled anew.
void NetworkSearch::refreshHardware(DnsRecord& record) {
    const network::Network current =
        network::buildNetwork(space_, logits_.mostProbable(), "most-probable", mostProbableBits());
    table_ = hardware_.refine(current, options_.das_evaluations, static_cast<uint64_t>(refreshes_));
    penalty_ = penaltyTable();
    ++refreshes_;
    record.refreshed = true;
}

DnsRecord NetworkSearch::finishRecord(DnsRecord record) const {
    const HardwareTerm cost = networkCost(table_, options_.objective, mostProbableOptions());
    record.iteration = iteration_;
    record.epoch = batches_weights_.epochOf(iteration_);
    record.temperature = temperature();
    record.energy_pj = cost.energy_pj;
    record.latency_cycles = cost.latency_cycles;
    record.entropy = logits_.entropy();
    record.bit_entropy = bits_.entropy();
    record.mean_bits = bits_.meanBits();
    return record;
}

/// What the hardware term is computed from; the limits of the derivation are always those of table_.
CostTable NetworkSearch::penaltyTable() const { return options_.hardware_term == "macs" ? macTable(space_) : table_; }

std::string NetworkSearch::penaltyObjective() const {
    return options_.hardware_term == "macs" ? "energy" : options_.objective;
}

std::vector<int> NetworkSearch::mostProbableBits() const {
    std::vector<int> result = bits_.mostProbable();
    for (size_t b = 0; b < result.size(); ++b)
        result[b] = network::widths(space_.blocks[b])[static_cast<size_t>(result[b])];
    return result;
}

std::vector<int> NetworkSearch::mostProbableOptions() const {
    std::vector<int> result = logits_.mostProbable();
    const std::vector<int> width = bits_.mostProbable();
    for (size_t b = 0; b < result.size(); ++b)
        result[b] = result[b] * static_cast<int>(network::widths(space_.blocks[b]).size()) + width[b];
    return result;
}

/// Operators and widths are drawn apart: an option's log p is the sum of theirs.
Derived NetworkSearch::derive() const {
    const std::vector<std::vector<double>> operators = logits_.logProbabilities(), bits = bits_.logProbabilities();
    std::vector<std::vector<double>> options(operators.size());
    for (size_t b = 0; b < operators.size(); ++b)
        for (double of_operator : operators[b])
            for (double of_width : bits[b]) options[b].push_back(of_operator + of_width);
    return deriveNetwork(options, table_);
}

void NetworkSearch::save(base::Json& state, nn::TensorMap& tensors) const {
    supernet_.parameters().save(tensors, "search/", true);
    tensors["search.logits"] = nn::fromValues(logits_.values, {static_cast<int64_t>(logits_.values.size())});
    const std::vector<double> adam = adam_.state();
    tensors["search.adam"] = nn::fromValues(adam, {static_cast<int64_t>(adam.size())});
    if (bits_.searches()) bits_.save(tensors);
    tensors["search.watch"] = nn::fromValues(watch_.state(), {2});
    state["search"] = {{"iteration", iteration_},
                       {"logit_steps", logit_steps_},
                       {"refreshes", refreshes_},
                       {"hardware", hardware_.save()}};
}

void NetworkSearch::restore(const base::Json& state, const nn::TensorMap& tensors, const std::string& file) {
    supernet_.parameters().load(tensors, "search/", file, true);
    nn::TensorReader reader(tensors, file);
    const auto size = static_cast<int64_t>(logits_.values.size());
    const std::vector<double> logits = reader.values<double>("search.logits", {size}),
                              adam = reader.values<double>("search.adam", {3 * size}),
                              watch = reader.values<double>("search.watch", {2});
    reader.finish();
    if (bits_.searches()) bits_.restore(tensors, file);
    watch_.restore(watch);
    logits_.values = logits;
    adam_.restore(adam);
    try {
        const base::Json& search = state.at("search");
        iteration_ = search.at("iteration").get<long>();
        logit_steps_ = search.at("logit_steps").get<long>();
        refreshes_ = search.at("refreshes").get<int>();
        hardware_.restore(search.at("hardware"));
    } catch (const base::Json::exception& error) {
        throw base::InputError(file, "state/search", fmt::format("is damaged ({})", error.what()));
    }
    table_ = hardware_.table();
    penalty_ = penaltyTable();
}

}  // namespace dna::search
