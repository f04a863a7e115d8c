#include "costmodel/loopnest/mapper/visit_bounds.h"

#include <limits>

namespace dna::costmodel::loopnest {
namespace {

constexpr std::array<Dim, 3> kKeepsWeights = {Dim::P, Dim::Q, Dim::N};
constexpr std::array<Dim, 3> kKeepsOutputs = {Dim::C, Dim::R, Dim::S};

bool keeps(Innermost kind, Tensor t) {
    return (kind == Innermost::KeepsWeights && t == Tensor::Weights) ||
           (kind == Innermost::KeepsInputs && t == Tensor::Inputs) ||
           (kind == Innermost::KeepsOutputs && t == Tensor::Outputs);
}

double at(const PerDim<double>& f, Dim d) { return f[index(d)]; }

/// Loops that an input tile slides under: those of the level where the window slides first, and all further out.
struct Sliding {
    PerDim<double> first, rest;
    bool split_unknown = false;
    double visits = 1;  ///< all positions of the tile, in tiles
};

/// Fewest tiles fetched when the window slides along the axis of `d` first: whole tiles wherever another axis moves,
/// slabs for the steps of `d`, and nothing for steps of its partner that fall back onto the same window.
double slideAlong(const MapSpace& space, const TileBelow& tile, const Sliding& loops, Dim d) {
    const bool rows = d == Dim::P || d == Dim::R;
    if (!space.options.rules.halo_reuse || !(rows || d == Dim::Q || d == Dim::S)) return loops.visits;
    const Dim partner = d == Dim::P ? Dim::R : d == Dim::R ? Dim::P : d == Dim::Q ? Dim::S : Dim::Q;
    const double extent = rows ? inputRows(space.problem, tile.extent) : inputColumns(space.problem, tile.extent);
    const double step = at(tile.unit, d) * double(space.problem.step(Tensor::Inputs, d));
    const double slab = std::min(1.0, step / extent);
    const double partner_bound = at(loops.first, partner) * at(loops.rest, partner);
    const double elsewhere = loops.visits / (at(loops.first, d) * at(loops.rest, d) * partner_bound);
    const bool returns = partner_bound > 1;
    const double bound = loops.split_unknown && returns ? 2 : at(loops.first, d);
    const double slabs = loops.visits * (bound - 1) / bound * slab;
    const double others = returns ? 0 : (loops.visits / bound - elsewhere) * slab;
    return std::min(loops.visits, elsewhere + slabs + others);
}

/// The best of sliding along any of `dims` that has a loop.
template <class Dims>
double bestSlide(const MapSpace& space, const TileBelow& tile, const Sliding& loops, const Dims& dims) {
    double best = loops.visits;
    for (const Dim d : dims)
        if (at(loops.first, d) > 1) best = std::min(best, slideAlong(space, tile, loops, d));
    return best;
}

constexpr std::array<Dim, 4> kSlides = {Dim::P, Dim::Q, Dim::R, Dim::S};

double inputVisits(const MapSpace& space, const TileBelow& tile, const LoopsAbove& above, Innermost kind) {
    const int t = index(Tensor::Inputs);
    if (tile.inner_moving > 1) {  // the window slides below the array's top already
        Sliding loops{tile.inner, above.first, true, tile.inner_moving * above.first_all * above.rest_all};
        for (int d = 0; d < kDims; ++d) loops.rest[d] *= above.rest[d];
        TileBelow smallest_step = tile;
        smallest_step.unit = tile.extent;
        for (const Dim d : kSlides) smallest_step.unit[index(d)] = 1;
        loops.first[index(Dim::M)] = 1;
        return bestSlide(space, smallest_step, loops, kSlides);
    }
    Sliding loops{above.first, above.rest, above.split_unknown, above.first_all * above.rest_all};
    if (kind == Innermost::KeepsInputs) {
        loops.first[index(Dim::M)] = 1;
        if (above.first_moving[t] > 1) {
            loops.visits = above.first_moving[t] * above.rest_all;
        } else {
            loops.first = above.rest, loops.rest.fill(1);
            loops.first[index(Dim::M)] = 1;
            loops.visits = above.rest_moving[t];
        }
        return bestSlide(space, tile, loops, kSlides);
    }
    if (above.first_all == 1) loops.first = above.rest, loops.rest.fill(1);
    if (kind == Innermost::KeepsWeights) return bestSlide(space, tile, loops, kKeepsWeights);
    if (kind == Innermost::KeepsOutputs) return bestSlide(space, tile, loops, kKeepsOutputs);
    return loops.visits;
}

}  // namespace

LoopsAbove::LoopsAbove(const PerDim<double>& first_loops, const PerDim<double>& rest_loops, bool unknown)
    : first(first_loops), rest(rest_loops), split_unknown(unknown) {
    first_all = rest_all = 1;
    first_moving.fill(1), rest_moving.fill(1);
    for (int d = 0; d < kDims; ++d) {
        busy *= std::min(1.0, first[d]);
        first[d] = std::max(1.0, first[d]);
        first_all *= first[d], rest_all *= rest[d];
        for (int t = 0; t < kTensors; ++t)
            if (indexes(static_cast<Tensor>(t), static_cast<Dim>(d)))
                first_moving[t] *= first[d], rest_moving[t] *= rest[d];
    }
}

bool LoopsAbove::allows(Innermost kind) const {
    const PerDim<double>& loops = first_all > 1 ? first : rest;
    const auto any = [&](const auto& dims) {
        for (const Dim d : dims)
            if (at(loops, d) > 1) return true;
        return false;
    };
    const bool weights = any(kKeepsWeights), outputs = any(kKeepsOutputs), inputs = at(loops, Dim::M) > 1;
    switch (kind) {
        case Innermost::KeepsWeights:
            return weights;
        case Innermost::KeepsOutputs:
            return outputs;
        case Innermost::KeepsInputs:
            return inputs;
        case Innermost::MovesAll:
            break;
    }
    return !weights && !outputs && !inputs;  // a loop over groups first is never better than another one
}

double fewestVisits(const MapSpace& space, const TileBelow& tile, const LoopsAbove& above, Innermost kind) {
    const Tensor tensor = tile.cut.tensor;
    if (tensor == Tensor::Inputs) return above.busy * inputVisits(space, tile, above, kind);
    const int t = index(tensor);
    if (tile.inner_moving > 1) return above.busy * tile.inner_moving * above.first_all * above.rest_all;
    if (!keeps(kind, tensor)) return above.busy * above.first_all * above.rest_all;
    return above.busy * (above.first_moving[t] > 1 ? above.first_moving[t] * above.rest_all : above.rest_moving[t]);
}

}  // namespace dna::costmodel::loopnest
