#pragma once

#include <memory>
#include <vector>

#include "core/autodiff/scalar_tape.h"
#include "costmodel/loopnest/evaluate.h"

namespace dna::costmodel::loopnest {

/// Derivatives of energy (pJ) and cycles by one number.
struct CostSlope {
    double energy_pj = 0, cycles = 0;
};

/// A cost and its derivatives. At kinks (a level becomes the bottleneck, tiles begin to overlap) they are those of one
/// side; which loop moves a tile first and who can forward to whom is taken at the nearest integers and held.
struct CostGradient {
    struct Level {
        CostSlope read_bandwidth, write_bandwidth;  ///< by words per cycle
        CostSlope read_pj, fill_pj, update_pj;      ///< by the price of a word
    };
    Cost<double> cost;                       ///< the same bits as costOf(analyse<double>(...))
    std::array<CostSlope, kMaxLoops> loops;  ///< by the bound of each loop of the nest, as if it were free
    std::array<Level, kMaxLevels> levels;
    CostSlope mac_pj;
};

/// Computes costs with all their derivatives from scratch. Holds the memory for that; one object a thread.
class GradientEvaluator {
public:
    GradientEvaluator();
    /// `bounds` are those of `nest.loops` and may be fractional.
    CostGradient evaluate(const Problem& problem, const Architecture& architecture, const Nest& nest,
                          const std::array<double, kMaxLoops>& bounds, const Convention& rules);

private:
    autodiff::ScalarTape tape_;
    std::unique_ptr<double[]> slopes_;  ///< one a node
};

}  // namespace dna::costmodel::loopnest
