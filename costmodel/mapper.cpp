#include "costmodel/mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "core/base/error.h"
#include "core/design/templates.h"

namespace dna::costmodel {

using mapping::Layer;
using mapping::LayerMapping;
using mapping::LayerPlan;

namespace {

/// Tile heights worth trying: every even division of the map, in whole lanes.
std::vector<int> heights(const Layer& layer, int y_lanes) {
    std::set<int> options;
    for (int parts = 1; parts <= layer.out_height; ++parts) {
        const int rows = (layer.out_height + parts - 1) / parts;
        options.insert((rows + y_lanes - 1) / y_lanes * y_lanes);
    }
    return {options.begin(), options.end()};
}

std::vector<int> channelTiles(const Layer& layer) {
    std::set<int> options;
    const int blocks = (layer.out_channels + layer.block() - 1) / layer.block();
    for (int parts = 1; parts <= blocks; parts += (parts < 8 ? 1 : parts / 2))
        options.insert((blocks + parts - 1) / parts * layer.block());
    options.insert(layer.block());
    return {options.begin(), options.end()};
}

/// Keeps the undominated choices, fastest first.
void keepFront(std::vector<MappingChoice>& choices) {
    std::stable_sort(choices.begin(), choices.end(), [](const MappingChoice& a, const MappingChoice& b) {
        return a.latency_cycles != b.latency_cycles ? a.latency_cycles < b.latency_cycles : a.energy_pj < b.energy_pj;
    });
    std::vector<MappingChoice> kept;
    for (const MappingChoice& c : choices)
        if (kept.empty() || c.energy_pj < kept.back().energy_pj) kept.push_back(c);
    choices = std::move(kept);
}

/// The best kNear choices by energy x latency.
std::vector<MappingChoice> nearest(std::vector<MappingChoice> choices) {
    constexpr size_t kNear = 24;
    std::stable_sort(choices.begin(), choices.end(), [](const MappingChoice& a, const MappingChoice& b) {
        return a.energy_pj * a.latency_cycles < b.energy_pj * b.latency_cycles;
    });
    if (choices.size() > kNear) choices.resize(kNear);
    return choices;
}

double sumOf(const std::array<double, kLevels>& levels) { return std::accumulate(levels.begin(), levels.end(), 0.0); }

/// Energy of a layer's events alone; what every cycle costs is cyclePrice().
double eventEnergy(const LayerPlan& plan, const ChunkPrices& prices) {
    EventCounts<double> events = eventsOf(countAccesses(plan), 0.0, prices);
    events.lane_cycles = 0;
    return sumOf(levelEnergies(events, prices));
}

double cyclePrice(const ChunkPrices& prices) {
    return sumOf(levelEnergies(eventsOf(AccessCounts{}, 1.0, prices), prices));
}

/// The first layers of a network with a mapping each.
struct Chain {
    mapping::LayerChain layers;
    double events;  ///< their energy but for what every cycle costs, pJ
    double value;   ///< what chains of as many layers are compared by
    std::vector<const LayerPlan*> plans;
};

/// The best chains that are one layer longer; `per_event`, `per_cycle`: what a pJ and a cycle add to a chain's value.
std::vector<Chain> extended(const std::vector<Chain>& chains, const std::vector<LayerPlan>& candidates,
                            const ChunkPrices& prices, double per_event, double per_cycle) {
    constexpr size_t kChains = 16;
    std::vector<Chain> longer;
    std::vector<double> energies;
    for (const LayerPlan& candidate : candidates) energies.push_back(eventEnergy(candidate, prices));
    for (const Chain& chain : chains) {
        for (size_t i = 0; i < candidates.size(); ++i) {
            Chain next{chain.layers.with(candidates[i]), chain.events + energies[i], 0, chain.plans};
            next.value = per_event * next.events + per_cycle * double(next.layers.done());
            next.plans.push_back(&candidates[i]);
            longer.push_back(std::move(next));
        }
    }
    std::stable_sort(longer.begin(), longer.end(), [](const Chain& a, const Chain& b) { return a.value < b.value; });
    if (longer.size() > kChains) longer.erase(longer.begin() + kChains, longer.end());
    return longer;
}

}  // namespace

const MappingFront& Mapper::front(const Layer& layer, const design::Chunk& chunk) {
    auto [place, is_new] = fronts_.try_emplace({layer.shapeKey(), chunk});
    MappingFront& front = place->second;
    if (!is_new) return front;
    const ChunkPrices prices = pricesOf(chunk, technology_, target_.dram, target_.clock_mhz);
    const design::MemoryModel memory;
    LayerMapping m;
    m.log2_x_lanes = mapping::bestLog2XLanes(layer, chunk);
    for (int rows : heights(layer, mapping::rowStep(chunk, m.log2_x_lanes))) {
        for (int channels : channelTiles(layer)) {
            for (mapping::TileOrder order : {mapping::TileOrder::RowsOuter, mapping::TileOrder::ChannelsOuter}) {
                m.tile_rows = rows, m.tile_channels = channels, m.tile_order = order;
                const auto lowered = mapping::lower(layer, chunk, m);
                ++evaluations_;
                if (const auto* refusal = std::get_if<mapping::Refusal>(&lowered)) {
                    if (front.refusal.reason.empty() || refusal->excess < front.refusal.excess)
                        front.refusal = *refusal;
                    continue;
                }
                const LayerPlan& plan = std::get<LayerPlan>(lowered);
                const LayerCost cost = costOf(plan, mapping::layerCycles(plan, memory), prices);
                front.choices.push_back({m, cost.energyPj(), double(cost.time.latency), eventEnergy(plan, prices)});
            }
        }
    }
    front.near = nearest(front.choices);
    keepFront(front.choices);
    return front;
}

const MappingChoice& bestWeighted(const MappingFront& front, double weight) {
    DNA_CHECK(!front.choices.empty(), "no mapping to choose from");
    return *std::min_element(
        front.choices.begin(), front.choices.end(), [&](const MappingChoice& a, const MappingChoice& b) {
            return a.energy_pj + weight * a.latency_cycles < b.energy_pj + weight * b.latency_cycles;
        });
}

const MappingChoice& bestAlone(const MappingFront& front, const std::string& objective) {
    DNA_CHECK(!front.choices.empty(), "no mapping to choose from");
    if (objective == "latency") return front.choices.front();
    if (objective == "energy") return front.choices.back();
    return *std::min_element(front.choices.begin(), front.choices.end(),
                             [](const MappingChoice& a, const MappingChoice& b) {
                                 return a.energy_pj * a.latency_cycles < b.energy_pj * b.latency_cycles;
                             });
}

std::vector<LayerPlan> Mapper::best(const std::vector<Layer>& layers, const design::Chunk& chunk,
                                    const std::string& source) {
    std::vector<const MappingFront*> fronts;
    std::vector<base::Problem> problems;
    for (const Layer& layer : layers) {
        fronts.push_back(&front(layer, chunk));
        if (fronts.back()->choices.empty())
            problems.push_back({source, "/chunks/0",
                                fmt::format("layer {} does not fit: {}", layer.name, fronts.back()->refusal.reason)});
    }
    if (!problems.empty()) throw base::InputError(std::move(problems));

    std::vector<const MappingChoice*> chosen;
    for (const MappingFront* f : fronts) chosen.push_back(&bestAlone(*f, target_.objective));
    for (int round = 0; target_.objective == "edp" && round < 20; ++round) {
        double energy = 0, latency = 0;
        for (const MappingChoice* c : chosen) energy += c->energy_pj, latency += c->latency_cycles;
        std::vector<const MappingChoice*> next;
        for (const MappingFront* f : fronts) next.push_back(&bestWeighted(*f, energy / latency));
        if (next == chosen) break;
        chosen = std::move(next);
    }
    std::vector<LayerPlan> plans;
    for (size_t i = 0; i < layers.size(); ++i)
        plans.push_back(std::get<LayerPlan>(mapping::lower(layers[i], chunk, chosen[i]->mapping)));
    return plans;
}

double Mapper::objective(double event_energy_pj, double cycles, double cycle_price_pj) const {
    const double energy = event_energy_pj + cycle_price_pj * cycles;
    if (target_.objective == "energy") return energy;
    return target_.objective == "latency" ? cycles : energy * cycles;
}

std::vector<LayerPlan> Mapper::candidates(const LayerPlan& plan, const design::Chunk& chunk) {
    std::vector<LayerPlan> all{plan};
    for (const MappingChoice& choice : front(plan.layer, chunk).near)
        if (!(choice.mapping == plan.mapping))
            all.push_back(std::get<LayerPlan>(mapping::lower(plan.layer, chunk, choice.mapping)));
    return all;
}

std::vector<LayerPlan> Mapper::bestChain(const std::vector<LayerPlan>& plans, const design::Chunk& chunk,
                                         const ChunkPrices& prices) {
    const design::MemoryModel memory;
    const double per_cycle = cyclePrice(prices);
    double events = 0;
    std::vector<const LayerPlan*> start;
    for (const LayerPlan& plan : plans) start.push_back(&plan), events += eventEnergy(plan, prices);
    const double latency = double(mapping::networkLatency(start, memory));
    // The objective's slopes by energy and latency at the start (cost.md).
    const bool edp = target_.objective == "edp", energy = target_.objective == "energy";
    const double by_energy = edp || energy ? 1 : 0;
    const double by_latency = edp ? (events + per_cycle * latency) / latency : energy ? 0 : 1;
    std::vector<Chain> chains{{mapping::LayerChain(memory), 0, 0, {}}};
    std::vector<std::vector<LayerPlan>> layers;  // what the chains point to
    for (const LayerPlan& plan : plans) {
        layers.push_back(candidates(plan, chunk));
        evaluations_ += int64_t(chains.size() * layers.back().size());
        chains = extended(chains, layers.back(), prices, by_energy, by_energy * per_cycle + by_latency);
    }
    const auto value = [&](const Chain& c) { return objective(c.events, double(c.layers.done()), per_cycle); };
    const Chain& best = *std::min_element(chains.begin(), chains.end(),
                                          [&](const Chain& a, const Chain& b) { return value(a) < value(b); });
    if (value(best) >= objective(events, latency, per_cycle)) return plans;
    std::vector<LayerPlan> chosen;
    for (const LayerPlan* plan : best.plans) chosen.push_back(*plan);
    return chosen;
}

std::vector<LayerPlan> Mapper::refine(std::vector<LayerPlan> plans, const design::Chunk& chunk) {
    const ChunkPrices prices = pricesOf(chunk, technology_, target_.dram, target_.clock_mhz);
    return descend(bestChain(plans, chunk, prices), chunk, prices);
}

std::vector<LayerPlan> Mapper::descend(std::vector<LayerPlan> plans, const design::Chunk& chunk, const ChunkPrices& prices) {
    const double per_cycle = cyclePrice(prices);
    const design::MemoryModel memory;
    std::vector<const LayerPlan*> chain;
    double events = 0;
    for (const LayerPlan& plan : plans) {
        chain.push_back(&plan);
        events += eventEnergy(plan, prices);
    }
    const auto priced = [&](double event_energy) {
        ++evaluations_;
        return objective(event_energy, double(mapping::networkLatency(chain, memory)), per_cycle);
    };
    double best = priced(events);
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < plans.size(); ++i) {
            const double own = eventEnergy(plans[i], prices);
            LayerPlan winner = plans[i];
            double winner_events = events;
            for (const MappingChoice& choice : front(plans[i].layer, chunk).near) {
                if (choice.mapping == winner.mapping) continue;
                LayerPlan candidate = std::get<LayerPlan>(mapping::lower(plans[i].layer, chunk, choice.mapping));
                chain[i] = &candidate;
                const double value = priced(events - own + choice.event_energy_pj);
                if (value >= best * (1 - 1e-6)) continue;
                best = value;
                winner = std::move(candidate);
                winner_events = events - own + choice.event_energy_pj;
                moved = true;
            }
            plans[i] = std::move(winner);
            chain[i] = &plans[i];
            events = winner_events;
        }
    }
    return plans;
}

}  // namespace dna::costmodel
