#pragma once

#include "costmodel/loopnest/explain/explain.h"
#include "costmodel/loopnest/explain/page.h"
#include "costmodel/loopnest/explain/scene.h"

namespace dna::costmodel::loopnest {

/// Size of the layer and what the nest makes of it.
void tellLayer(const Scene& scene, Page& page);
/// Which bandwidth decides. The quotients are exact up to the last digit; the count of cycles is `evaluate`'s, which
/// rounds as the reference does.
void tellCycles(const Scene& scene, const Explanation& out, const Evaluation& evaluation, Page& page);
/// Sum of all levels and the MACs: becomes the explanation's energy.
void tellEnergy(const Scene& scene, Explanation& out, double levels_pj, Page& page);
/// The tiles of one instance against its capacity.
void tellCapacity(const Scene& scene, const Explanation& out, Page& page);

}  // namespace dna::costmodel::loopnest
