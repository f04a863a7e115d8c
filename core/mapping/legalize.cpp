#include <algorithm>

#include "core/mapping/plan.h"

namespace dna::mapping {

using design::Chunk;

namespace {

int roundUp(int a, int b) { return (a + b - 1) / b * b; }

/// Words of input channels of the sub-layer that has most.
int reductionWords(const Layer& layer) {
    int words = 1;
    for (const SubLayer& sub : layer.subs)
        words = std::max(words, (sub.runs * sub.in_channels + layer.block() - 1) / layer.block());
    return words;
}

/// Halves tile sizes until the buffers hold them.
std::variant<LayerMapping, Refusal> shrink(const Layer& layer, const Chunk& chunk, LayerMapping m) {
    const int block = layer.block(), row_step = rowStep(chunk, m.log2_x_lanes);
    while (true) {
        const auto lowered = lower(layer, chunk, m);
        if (std::holds_alternative<LayerPlan>(lowered)) return m;
        const bool weights = std::get<Refusal>(lowered).reason.starts_with("the weight");
        const bool can_rows = m.tile_rows > row_step;
        const bool can_channels = m.tile_channels > block;
        const bool rows_first =
            !weights && can_rows &&
            (layer.mode == ArrayMode::Dense || !can_channels || m.tile_rows * block >= m.tile_channels);
        if (rows_first)
            m.tile_rows = roundUp(m.tile_rows / 2, row_step);
        else if (can_channels)
            m.tile_channels = roundUp(m.tile_channels / 2, block);
        else if (can_rows && !weights)
            m.tile_rows = roundUp(m.tile_rows / 2, row_step);
        else
            return std::get<Refusal>(lowered);
    }
}

}  // namespace

int reductionOfPasses(const Layer& layer, int passes) {
    const int words = reductionWords(layer);
    return passes > words ? 0 : (words + passes - 1) / passes * layer.block();
}

std::variant<LayerMapping, Refusal> legalize(const Layer& layer, const Chunk& chunk, const LayerMapping& wanted) {
    LayerMapping m = wanted;
    const int block = layer.block();
    m.log2_x_lanes = std::min(m.log2_x_lanes, maxLog2XLanes(chunk));
    const int row_step = rowStep(chunk, m.log2_x_lanes);
    m.tile_rows = std::min(roundUp(std::max(m.tile_rows, 1), row_step), roundUp(layer.out_height, row_step));
    m.tile_channels =
        std::clamp(roundUp(std::max(m.tile_channels, 1), block), block, roundUp(layer.out_channels, block));
    const bool splittable = unsplittable(layer, chunk).empty();
    m.tile_reduction = roundUp(std::max(m.tile_reduction, 0), block);
    if (!splittable || m.tile_reduction >= reductionWords(layer) * block) m.tile_reduction = 0;
    auto found = shrink(layer, chunk, m);
    for (int passes = 2; splittable && std::holds_alternative<Refusal>(found); ++passes) {
        LayerMapping split = m;
        split.tile_reduction = reductionOfPasses(layer, passes);
        if (split.tile_reduction == 0) break;
        if (m.tile_reduction != 0 && split.tile_reduction >= m.tile_reduction) continue;
        if (auto shrunk = shrink(layer, chunk, split); std::holds_alternative<LayerMapping>(shrunk)) found = shrunk;
    }
    return found;
}

}  // namespace dna::mapping
