#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "costmodel/loopnest/evaluate.h"

namespace dna::costmodel::loopnest {

/// What a mapper minimises: energy (pJ), latency (cycles), their product, or energy + weight x latency (pJ per cycle).
struct Objective {
    enum class Kind { Energy, Latency, Edp, Weighted };
    Kind kind = Kind::Edp;
    double weight = 0;
    /// Monotone in both, so that it bounds from bounds.
    double value(double energy_pj, double cycles) const {
        switch (kind) {
            case Kind::Energy:
                return energy_pj;
            case Kind::Latency:
                return cycles;
            case Kind::Edp:
                return energy_pj * cycles;
            case Kind::Weighted:
                return energy_pj + weight * cycles;
        }
        return 0;
    }
};

struct MapperOptions {
    Objective objective;
    Convention rules = kTimeloop;
    bool ragged = false;        ///< factors need not divide: the last tile of a dimension may be short (see ragged.h)
    int64_t work = 50'000'000;  ///< nodes of the search tree, all parts together
    double seconds = 0;         ///< stop after this time instead (0: never); the result then depends on the machine
    double gap = 0;             ///< stop when bound >= (1 - gap) x best
    int threads = 1;            ///< never changes the result
};

/// Outcome of mapping one layer. Without a mapping, `infeasible` says why there is none.
struct MapperResult {
    std::optional<Mapping> mapping;
    Evaluation evaluation;
    double objective = 0;    ///< of the mapping
    double bound = 0;        ///< no mapping of the map space is better than this
    bool optimal = false;    ///< bound equals objective
    int64_t evaluated = 0;   ///< complete mappings priced
    int64_t nodes = 0;       ///< of the tree: partial mappings bounded, complete ones priced
    std::string stopped_by;  ///< "proof", "work", "time", "gap", "interrupt"
    double cpu_seconds = 0;
    std::string infeasible;
};

/// The best mapping of a layer, with proof or bound: branch and bound over tile sizes from the innermost level outwards
/// (see README). Map space: perfect factors or ragged ones, the architecture's constraints. Ragged tiles need rules
/// without sliding windows, extrapolation and forwarding (InputError otherwise) and a single instance of level 1.
MapperResult mapLayer(const Problem&, const Architecture&, const MapperOptions&);

}  // namespace dna::costmodel::loopnest
