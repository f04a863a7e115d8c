#include "core/mapping/fitting_space.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/mapping/plan.h"

namespace dna::mapping {

namespace {

constexpr std::array kBuffers{"input_words", "weight_words", "output_words"};

bool isBuffer(const std::string& name) { return std::find(kBuffers.begin(), kBuffers.end(), name) != kBuffers.end(); }

/// By how much the layers exceed a chunk, together.
double excessOn(const std::vector<Layer>& layers, const design::Chunk& chunk) {
    double sum = 0;
    for (const Layer& layer : layers) {
        const auto legal = legalize(layer, chunk, LayerMapping{});
        if (const auto* refusal = std::get_if<Refusal>(&legal)) sum += std::max(refusal->excess, 1e-9);
    }
    return sum;
}

/// The least excess over all designs of a space with its largest buffers; 0: one of them holds every layer.
double leastExcess(const design::DesignSpace& space, const std::vector<Layer>& layers, const design::Chunk& base) {
    std::vector<int> choice(space.parameters.size(), 0);
    for (size_t p = 0; p < choice.size(); ++p) {
        const std::vector<int>& values = space.parameters[p].values;
        if (isBuffer(space.parameters[p].name)) choice[p] = int(std::max_element(values.begin(), values.end()) - values.begin());
    }
    double least = std::numeric_limits<double>::infinity();
    while (true) {
        least = std::min(least, excessOn(layers, space.chunk(choice, base)));
        size_t p = 0;
        for (; p < choice.size(); ++p) {
            if (isBuffer(space.parameters[p].name)) continue;
            if (++choice[p] < int(space.parameters[p].values.size())) break;
            choice[p] = 0;
        }
        if (least == 0 || p == choice.size()) return least;
    }
}

/// The space with one more size of a buffer; false when the hardware has none.
bool grow(design::ParameterChoices& buffer) {
    const auto next = design::nextLegal(buffer.name, *std::max_element(buffer.values.begin(), buffer.values.end()));
    if (next) buffer.values.push_back(*next);
    return next.has_value();
}

}  // namespace

design::Chunk baseChunk(const std::vector<Layer>& layers) {
    design::Chunk base;
    base.packed_weights = hasNarrowWeights(layers);
    base.max_pool = std::any_of(layers.begin(), layers.end(), [](const Layer& layer) { return layer.max_pool; });
    base.accumulator_bits = base.leastAccumulatorBits();
    for (const Layer& layer : layers) base.accumulator_bits = std::max(base.accumulator_bits, accumulatorBits(layer));
    return base;
}

design::DesignSpace fittingSpace(const base::Json& overrides, const std::string& file, const std::vector<Layer>& layers,
                                 const design::Chunk& base) {
    design::DesignSpace space = design::designSpace(overrides, file);
    double excess = leastExcess(space, layers, base);
    for (bool better = true; better && excess > 0;) {
        better = false;
        for (size_t p = 0; p < space.parameters.size() && excess > 0; ++p) {
            if (!isBuffer(space.parameters[p].name) || overrides.contains(space.parameters[p].name)) continue;
            design::DesignSpace grown = space;
            if (!grow(grown.parameters[p])) continue;
            const double left = leastExcess(grown, layers, base);
            if (left >= excess) continue;
            space = std::move(grown), excess = left, better = true;
        }
    }
    return space;
}

}  // namespace dna::mapping
