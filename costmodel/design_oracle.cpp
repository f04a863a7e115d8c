#include "costmodel/design_oracle.h"

#include <algorithm>
#include <cmath>

#include "core/base/rng.h"
#include "core/design/templates.h"

namespace dna::costmodel {

using mapping::Layer;
using mapping::LayerMapping;
using mapping::LayerPlan;

namespace {

/// Caps offered for tiles, clipped to the layer.
const std::vector<int> kRowCaps{2, 4, 8, 16, 1024};
const std::vector<int> kChannelCaps{16, 32, 64, 128, 4096};

/// Log of the graded penalty: a violated limit costs its square, a design that can't run at all far more.
constexpr double kPenalty = 2.0, kRefused = 10.0;

}  // namespace

DesignOracle::DesignOracle(const std::vector<Layer>& layers, const design::DesignSpace& space,
                           const design::Chunk& base, const Technology& technology, const design::Target& target)
    : space_(space), base_(base), technology_(technology), target_(target) {
    for (const design::ParameterChoices& p : space.parameters)
        parameters_.push_back({p.name, int(p.values.size()), -1});
    std::map<std::string, size_t> known;
    for (const Layer& layer : layers) {
        const auto [place, is_new] = known.try_emplace(layer.shapeKey(), shapes_.size());
        if (is_new) {
            const int group = int(shapes_.size());
            shapes_.push_back({layer, 0, parameters_.size()});
            parameters_.push_back({layer.shapeKey() + "/rows", int(kRowCaps.size()), group});
            parameters_.push_back({layer.shapeKey() + "/channels", int(kChannelCaps.size()), group});
            parameters_.push_back({layer.shapeKey() + "/tile_order", 2, group});
            parameters_.push_back({layer.shapeKey() + "/block_order", 2, group});
        }
        ++shapes_[place->second].count;
    }
}

LayerMapping DesignOracle::wanted(const Shape& shape, const std::vector<int>& choice,
                                  const design::Chunk& chunk) const {
    LayerMapping m;
    m.log2_x_lanes = mapping::bestLog2XLanes(shape.layer, chunk);
    m.tile_rows = kRowCaps[size_t(choice[shape.first])];
    m.tile_channels = kChannelCaps[size_t(choice[shape.first + 1])];
    m.tile_order = choice[shape.first + 2] == 0 ? mapping::TileOrder::RowsOuter : mapping::TileOrder::ChannelsOuter;
    m.block_order =
        choice[shape.first + 3] == 0 ? mapping::BlockOrder::ChannelsOuter : mapping::BlockOrder::PixelsOuter;
    return m;
}

double DesignOracle::logObjective(double energy, double latency) const {
    if (target_.objective == "energy") return base::portableLog(energy);
    if (target_.objective == "latency") return base::portableLog(latency);
    return base::portableLog(energy) + base::portableLog(latency);
}

search::OracleCost DesignOracle::evaluate(const std::vector<int>& choice) {
    const design::Chunk chunk = chunkOf(choice);
    const ChunkPrices prices = pricesOf(chunk, technology_, target_.dram, target_.clock_mhz);
    const design::MemoryModel memory;
    search::OracleCost cost;
    double energy = 0, latency = 0, refused = 0;
    for (const Shape& shape : shapes_) {
        ++mapping_evaluations_;
        const auto legal = mapping::legalize(shape.layer, chunk, wanted(shape, choice, chunk));
        if (const auto* refusal = std::get_if<mapping::Refusal>(&legal)) {
            // Priced as if every MAC took a cycle of its own: worse than any design that runs.
            const double cycles = double(std::max<int64_t>(shape.layer.macs, 1));
            cost.group_objective.push_back(logObjective(cycles * prices.mac_pj, cycles) + refusal->excess);
            refused += refusal->excess;
            energy += shape.count * cycles * prices.mac_pj, latency += shape.count * cycles;
            cost.violations.push_back(
                {"fits: " + shape.layer.name + ": " + refusal->reason, 1 + refusal->excess, 1, refusal->excess});
            continue;
        }
        const LayerPlan plan = std::get<LayerPlan>(mapping::lower(shape.layer, chunk, std::get<LayerMapping>(legal)));
        const LayerCost layer = costOf(plan, mapping::layerCycles(plan, memory), prices);
        const double e = layer.energyPj(), l = double(layer.time.latency);
        cost.group_objective.push_back(logObjective(e, l));
        energy += shape.count * e, latency += shape.count * l;
    }
    const auto limits =
        limitViolations(energy, latency, prices.area.total(), sramBytes(chunk), target_.clock_mhz, target_.limits);
    cost.objective = logObjective(energy, latency);
    if (!cost.violations.empty()) cost.objective += kRefused + refused;
    for (const design::Violation& v : limits) cost.objective += kPenalty * std::min(v.excess, 10.0) * (1 + v.excess);
    cost.violations.insert(cost.violations.end(), limits.begin(), limits.end());
    cost.feasible = cost.violations.empty();
    return cost;
}

}  // namespace dna::costmodel
