#include "core/search/dns_supernet.h"

#include <algorithm>
#include <map>
#include <string>

#include "core/network/trainable.h"
#include "core/nn/ops.h"

namespace dna::search {
namespace {

bool keepsShape(const network::BlockSite& site) { return site.stride == 1 && site.in_channels == site.out_channels; }

}  // namespace

Supernet::Supernet(const network::NetworkSpace& space, bool shared, uint64_t seed) {
    std::vector<network::Network> fixed = network::buildFixedParts(space);
    stem_ = std::move(fixed.front());
    head_ = std::move(fixed.back());
    network::addParameters(parameters_, stem_, "", seed);
    network::addParameters(parameters_, head_, "", seed);
    for (const network::Candidate& candidate : space.candidates) prefixes_.push_back(candidate.name + "/");
    for (const network::BlockSite& site : space.blocks) widths_.push_back(network::widths(site));
    operators_.resize(space.blocks.size());
    for (size_t b = 0; b < space.blocks.size(); ++b) {
        if (shared) shareWeights(space, space.blocks[b], seed);
        for (size_t k = 0; k < space.candidates.size(); ++k) {
            operators_[b].push_back(network::buildOperator(space, static_cast<int>(b), static_cast<int>(k)));
            network::addParameters(parameters_, operators_[b][k], prefixes_[k], seed);
            if (keepsShape(space.blocks[b]))
                startAsIdentity(prefixes_[k] + space.blocks[b].name + ".project.bn.weight");
        }
    }
}

void Supernet::shareWeights(const network::NetworkSpace& space, const network::BlockSite& site, uint64_t seed) {
    const auto whole = [&](const std::string& name, std::vector<int64_t> shape) {
        return parameters_.has(name) ? parameters_.index(name)
                                     : parameters_.add(name, std::move(shape), nn::Start::HeNormal, true, true, seed);
    };
    std::map<int, int> widest;  // expansion by groups
    for (const network::Candidate& c : space.candidates)
        if (!c.skip) widest[c.groups] = std::max(widest[c.groups], c.expansion);
    for (const network::Candidate& c : space.candidates) {
        if (c.skip) continue;
        const int64_t in = site.in_channels, out = site.out_channels, middle = in * c.expansion,
                      most = in * widest[c.groups];
        const std::string owner = "shared_g" + std::to_string(c.groups) + "/" + site.name,
                          own = c.name + "/" + site.name;
        const std::string kernel = std::to_string(c.kernel);
        parameters_.addView(own + ".expand.weight", {middle, in / c.groups, 1, 1},
                            whole(owner + ".expand.weight", {most, in / c.groups, 1, 1}), false);
        parameters_.addView(own + ".depthwise.weight", {middle, 1, c.kernel, c.kernel},
                            whole(owner + ".depthwise" + kernel + ".weight", {most, 1, c.kernel, c.kernel}), false);
        if (c.groups == 1)
            parameters_.addView(own + ".project.weight", {middle, out}, whole(owner + ".project.weight", {most, out}),
                                true);
    }
}

void Supernet::startAsIdentity(const std::string& scale) {
    if (!parameters_.has(scale)) return;
    const int index = parameters_.index(scale);
    std::fill_n(parameters_.values(index), parameters_.infos()[index].size, 0.0f);
}

std::optional<autodiff::Var> Supernet::shares(autodiff::Tape<float>& tape, size_t block, const BitShares& bits,
                                              bool want_gradient) const {
    if (widths_[block].size() == 1) return {};
    const autodiff::Tensor<float> values = tape.allocateFlat(widths_[block].size());
    for (size_t i = 0; i < values.size; ++i) values.data[i] = static_cast<float>(bits[block][i]);
    return want_gradient ? tape.leaf(values) : tape.constant(values);
}

autodiff::Var Supernet::runOperator(autodiff::Tape<float>& tape, size_t block, int candidate, autodiff::Var x,
                                    std::optional<autodiff::Var> shares, bool train_weights) {
    network::RunMode mode{true, train_weights, false, {}};
    if (shares) mode.mix = network::BitMix{widths_[block], *shares};
    return network::runNetwork(tape, operators_[block][candidate], parameters_, prefixes_[candidate], x, mode);
}

autodiff::Var Supernet::runPath(autodiff::Tape<float>& tape, const Batch& batch, const std::vector<int>& choices,
                                const BitShares& bits) {
    autodiff::Var x =
        network::runNetwork(tape, stem_, parameters_, "", tape.constant(batch.pictures), {true, true, false, {}});
    for (size_t b = 0; b < operators_.size(); ++b)
        x = runOperator(tape, b, choices[b], x, shares(tape, b, bits, false), true);
    return network::runNetwork(tape, head_, parameters_, "", x, {true, true, false, {}});
}

autodiff::Var Supernet::runGated(autodiff::Tape<float>& tape, const Batch& batch, const SampledNetwork& sample,
                                 GateMode mode, const BitShares& bits, bool train_weights, Gates& gates) {
    autodiff::Var x = network::runNetwork(tape, stem_, parameters_, "", tape.constant(batch.pictures),
                                          {true, train_weights, false, {}});
    // A path behind a gate of 0 passes no gradient on: only its value is wanted.
    for (size_t b = 0; b < operators_.size(); ++b) {
        const std::vector<int>& active = sample.active[b].candidates;
        const autodiff::Tensor<float> values = tape.allocateFlat(active.size());
        gates.bits.push_back(shares(tape, b, bits, !train_weights));
        std::vector<autodiff::Var> paths;
        for (size_t i = 0; i < active.size(); ++i) {
            values.data[i] = mode == GateMode::Soft ? static_cast<float>(sample.gates[b][i]) : (i == 0 ? 1.0f : 0.0f);
            const bool counts = mode == GateMode::Soft || i == 0;
            const auto run = [&](bool train) { return runOperator(tape, b, active[i], x, gates.bits[b], train); };
            paths.push_back(counts ? run(train_weights) : tape.withoutGradient([&] { return run(false); }));
        }
        gates.operators.push_back(train_weights ? tape.constant(values) : tape.leaf(values));
        x = nn::gatedSum(tape, paths, *gates.operators.back());
    }
    return network::runNetwork(tape, head_, parameters_, "", x, {true, train_weights, false, {}});
}

}  // namespace dna::search
