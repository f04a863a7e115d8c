#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "costmodel/loopnest/evaluate.h"
#include "costmodel/loopnest/explain/term.h"

namespace dna::costmodel::loopnest {

/// What all parts of the derivation look at.
struct Scene {
    const Problem& problem;
    const Architecture& architecture;
    const Convention& rules;
    Nest nest;
    detail::Geometry<double> geometry;
    std::vector<double> instances;  ///< in use, per level; last: MACs
    double compute_cycles = 1;

    const std::string& name(int l) const {
        static const std::string mac = "MAC";
        return l < nest.level_count ? architecture.levels[l].name : mac;
    }
    bool temporal(int i) const { return nest.loops[i].kind == LoopKind::Temporal; }
    std::string_view dim(int i) const { return kDimNames.substr(size_t(index(nest.loops[i].dim)), 1); }
    Term loop(int i) const { return {dim(i), nest.bounds[i]}; }
    /// "Q 14 at GLB"
    std::string loopText(int i) const {
        return fmt::format("{} {} at {}", dim(i), numberText(nest.bounds[i]), name(nest.loops[i].level));
    }
    /// The factors of the loops [from, to) of one sort, outer to inner.
    std::vector<Term> factors(int from, int to, bool want_temporal) const {
        std::vector<Term> out;
        for (int i = from; i < to; ++i)
            if (temporal(i) == want_temporal) out.push_back(loop(i));
        return out;
    }
    const PerDim<double>& extent(int l) const { return geometry.extent[l]; }
};

Scene sceneOf(const Problem& problem, const Architecture& architecture, const Mapping& mapping,
              const Convention& rules);

}  // namespace dna::costmodel::loopnest
