#include "costmodel/loopnest/mapper/cuts.h"

#include <cmath>

namespace dna::costmodel::loopnest {
namespace {

/// Different tiles that a fan-out needs at least: two dimensions along one axis share some.
double atLeastDistinct(const Factors& hop, Tensor t) {
    double all = 1;
    std::array<double, kAxes> along;
    along.fill(1);
    for (int d = 0; d < kDims; ++d) {
        const Dim dim = static_cast<Dim>(d);
        if (!indexes(t, dim)) continue;
        double& most = along[index(axisOf(t, dim))];
        most = std::max(most, double(hop[d]));
    }
    for (const double n : along) all *= n;
    return all;
}

double touchedWords(const Problem& p, Tensor t) {
    const PerDim<double> bounds = asDoubles(p.bounds);
    if (t != Tensor::Inputs) return tileWords(p, t, bounds);
    const auto touched = [&](Dim a, Dim b) {
        return detail::distinctSums(bounds[index(a)], double(p.step(t, a)), bounds[index(b)], double(p.step(t, b)));
    };
    return bounds[index(Dim::N)] * bounds[index(Dim::C)] * bounds[index(Dim::G)] * touched(Dim::P, Dim::R) *
           touched(Dim::Q, Dim::S);
}

}  // namespace

MapSpace::MapSpace(const Problem& p, const Architecture& a, const MapperOptions& o)
    : problem(p), architecture(a), options(o), macs(loopnest::macs(p)) {
    for (int t = 0; t < kTensors; ++t) {
        const Tensor tensor = static_cast<Tensor>(t);
        tensor_words[t] = touchedWords(p, tensor);
        int parent = 0;
        for (int l = 1; l < a.levelCount(); ++l) {
            if (!keeps(l, tensor)) continue;
            cuts.push_back({tensor, parent, l});
            parent = l;
        }
        innermost_kept[t] = parent;
    }
}

double MapSpace::capacity(int l) const {
    const double words = architecture.levels[l].capacity_words;
    return options.rules.double_buffered && words != kUnlimited ? std::floor(words / 2) : words;
}

double MapSpace::tileWordsKept(int l, PerDim<double> extent) const {
    double words = 0;
    for (int d = 0; d < kDims; ++d) extent[d] = std::min(extent[d], double(problem.bounds[d]));
    for (int t = 0; t < kTensors; ++t)
        if (keeps(l, static_cast<Tensor>(t))) words += tileWords(problem, static_cast<Tensor>(t), extent);
    return words;
}

SpatialGeometry::SpatialGeometry(const MapSpace& space, const SpatialChoice& choice) {
    instances[0] = 1;
    for (int l = 0; l < space.levels(); ++l) {
        instances[l + 1] = instances[l] * product(choice.hops[l]);
        for (int t = 0; t < kTensors; ++t) distinct[l][t] = atLeastDistinct(choice.hops[l], static_cast<Tensor>(t));
    }
    busy_cycles = space.macs / instances[space.levels()];
    compute_cycles = 1;
    for (int d = 0; d < kDims; ++d) {
        int64_t spread = 1;
        for (const Factors& hop : choice.hops) spread *= hop[d];
        compute_cycles *= double((space.problem.bounds[d] + spread - 1) / spread);
    }
}

Unforwarded unforwarded(const MapSpace& space, const Factors& hop, int child, const PerDim<double>& temporal_above,
                        double distinct) {
    if (!space.options.rules.neighbour_forwarding) return {};
    if (!space.options.rules.halo_reuse) return {product(hop) > 1 ? 0.0 : 1.0, 0};
    const auto n = [&](Dim d) { return double(hop[index(d)]); };
    const auto above = [&](Dim d) { return temporal_above[index(d)]; };
    // A neighbour may hold what a PE needs next: rows (columns) are spread by one dimension and stepped by the other
    // one.
    const auto passedOn = [&](Dim a, Dim b) { return (n(a) > 1 && above(b) > 1) || (n(b) > 1 && above(a) > 1); };
    const bool rows = passedOn(Dim::P, Dim::R), columns = passedOn(Dim::Q, Dim::S);
    if (!rows && !columns) return {};
    if (!space.keeps(child, Tensor::Inputs)) {
        // Forwarding only changes how many receivers share a read on average: never more than the largest group has.
        const double largest = n(Dim::M) * std::min(n(Dim::P), n(Dim::R)) * std::min(n(Dim::Q), n(Dim::S));
        return {product(hop) / (distinct * largest), 0};
    }
    // A step along rows leaves at least one of the rows of PEs to the sender, one along columns likewise.
    const double most_rows = rows ? n(Dim::P) * n(Dim::R) : 1, most_columns = columns ? n(Dim::Q) * n(Dim::S) : 1;
    double whole = above(Dim::C) * above(Dim::N) * above(Dim::G);
    if (!rows) whole *= above(Dim::P) * above(Dim::R);
    if (!columns) whole *= above(Dim::Q) * above(Dim::S);
    return {1 / std::max(most_rows, most_columns), whole};
}

CutRate cutRate(const MapSpace& space, const SpatialGeometry& geometry, const Cut& cut, double distinct, double share,
                double least_words) {
    const WordEnergy& parent = space.architecture.levels[cut.parent].energy;
    const WordEnergy& child = space.architecture.levels[cut.child].energy;
    const double parents = geometry.instances[cut.parent], children = geometry.instances[cut.child];
    CutRate rate;
    if (cut.tensor != Tensor::Outputs) {
        rate.parent_reads = distinct * share;
        rate.parent_reads_offset = distinct * least_words;
        rate.child_fills = 1;
        rate.offset_pj = parent.read_pj * parents * rate.parent_reads_offset;
        const bool counted_once = space.options.rules.forwarded_of_one_sender && geometry.instances[cut.child - 1] > 1;
        if (counted_once) rate.child_fills = share;  // of several senders only one's forwarded words are counted
        rate.energy_pj = parent.read_pj * parents * rate.parent_reads + child.fill_pj * children * rate.child_fills;
        return rate;
    }
    const double refilled = space.options.rules.refill_every_reducer ? 1 : distinct * parents / children;
    rate.parent_reads = rate.parent_updates = distinct;
    rate.child_fills = refilled;
    rate.energy_pj = (parent.read_pj + parent.update_pj) * parents * distinct + child.fill_pj * children * refilled;
    if (space.options.rules.first_read_elision) {
        double outer = 1;  // words of Outputs that one parent starts from nothing
        for (int l = 0; l < cut.parent; ++l) outer *= geometry.distinct[l][index(Tensor::Outputs)];
        const double fresh_parent = space.tensor_words[index(Tensor::Outputs)] / outer;
        const double fresh_child = fresh_parent / distinct * refilled;
        rate.parent_reads_offset = -fresh_parent;
        rate.child_fills_offset = -fresh_child;
        rate.offset_pj = -parent.read_pj * parents * fresh_parent - child.fill_pj * children * fresh_child;
    }
    return rate;
}

void addMacLevel(const MapSpace& space, const SpatialGeometry& geometry, double inputs_distinct, PartialCost& cost) {
    cost.compute_cycles = geometry.compute_cycles;
    cost.energy_pj += space.macs * space.architecture.mac_energy_pj;
    for (int t = 0; t < kTensors; ++t) {
        const int l = space.innermost_kept[t];
        const WordEnergy& price = space.architecture.levels[l].energy;
        double distinct = 1, outer = 1;
        for (int h = l; h < space.levels(); ++h) distinct *= geometry.distinct[h][t];
        if (t == index(Tensor::Inputs)) distinct = inputs_distinct;
        const double words = geometry.busy_cycles * distinct;
        double reads = words;
        if (t == index(Tensor::Outputs)) {
            for (int h = 0; h < l; ++h) outer *= geometry.distinct[h][t];
            if (space.options.rules.first_read_elision) reads -= space.tensor_words[t] / outer;
            cost.writes[l] += words;
            cost.energy_pj += price.update_pj * words * geometry.instances[l];
        }
        cost.reads[l] += reads;
        cost.energy_pj += price.read_pj * reads * geometry.instances[l];
    }
}

}  // namespace dna::costmodel::loopnest
