#pragma once

#include <vector>

#include "costmodel/loopnest/architecture.h"
#include "costmodel/loopnest/mapper/factors.h"

namespace dna::costmodel::loopnest {

/// How the loops of one fan-out lie on the mesh.
struct Placement {
    Factors x = kOnes, y = kOnes;
};

/// Spatial factors of every fan-out (index: the level it leaves; the last one goes to the MACs). How factors are split
/// into X and Y does not change counts, except where neighbours forward.
struct SpatialChoice {
    std::vector<Factors> hops;
    double pes() const {
        double all = 1;
        for (const Factors& hop : hops) all *= product(hop);
        return all;
    }
};

/// Every choice of spatial factors that divides the problem and fits the meshes, each once, most PEs first.
std::vector<SpatialChoice> spatialChoices(const Problem& problem, const Architecture& architecture, bool ragged);

/// The ways to lay `factors` on the mesh of level `l`'s fan-out; never empty for a choice of `spatialChoices`.
std::vector<Placement> placements(const Factors& factors, const Architecture& architecture, int l);
/// Whether every factor is needed to cover `whole` units (x inside y): no row or column of a ragged fan-out idles all
/// the time.
bool needed(const Placement& placement, const Factors& whole);

}  // namespace dna::costmodel::loopnest
