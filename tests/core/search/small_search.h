#pragma once

#include <doctest/doctest.h>

#include <cmath>

#include "core/autodiff/workers.h"
#include "core/search/dns.h"

/// A search of seconds: weights alone for one epoch, one DAS run every 5 iterations.
inline dna::search::DnsOptions quickOptions(int epochs, double logit_rate, int das_evaluations) {
    dna::search::DnsOptions options;
    options.epochs = epochs;
    options.weight_epochs = 1;
    options.batch = 16;
    options.logit_rate = logit_rate;
    options.das_period = 5;
    options.das_evaluations = das_evaluations;
    return options;
}

/// Costs of every operator of a space: `price(multiply-accumulates, option)`, and no limits.
template <class Price>
dna::search::CostTable tableByMacs(const dna::network::NetworkSpace& space, const Price& price) {
    dna::search::CostTable table;
    for (size_t b = 0; b < space.blocks.size(); ++b) {
        const int block = static_cast<int>(b);
        table.blocks.emplace_back();
        for (const dna::network::BlockOption& option : dna::network::blockOptions(space, block))
            table.blocks.back().push_back(price(
                static_cast<double>(dna::network::macs(dna::network::buildOperator(space, block, option))), option));
    }
    table.fixed = {1e5, 1e4};
    table.max_energy_pj = table.max_latency_cycles = HUGE_VAL;
    return table;
}

/// What a search stores.
struct SearchState {
    dna::base::Json json;
    dna::nn::TensorMap tensors;
};
inline SearchState stateOf(const dna::search::NetworkSearch& search) {
    SearchState state;
    search.save(state.json, state.tensors);
    return state;
}

/// `resumed` takes over what `whole` stored after 8 steps; after 12 both store the same. Returns the state after 8.
inline SearchState checkResumed(dna::search::NetworkSearch& whole, dna::search::NetworkSearch& resumed) {
    for (int i = 0; i < 8; ++i) whole.advance();
    const SearchState middle = stateOf(whole);
    resumed.restore(middle.json, middle.tensors, "state");
    CHECK(resumed.iteration() == 8);
    for (int i = 8; i < 12; ++i) {
        whole.advance();
        resumed.advance();
    }
    const SearchState a = stateOf(whole), b = stateOf(resumed);
    CHECK(a.json == b.json);
    CHECK(dna::nn::safetensorsBytes(a.tensors) == dna::nn::safetensorsBytes(b.tensors));
    return middle;
}
