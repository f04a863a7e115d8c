#pragma once

#include <string>
#include <vector>

#include "core/design/design_space.h"
#include "core/mapping/layer.h"

namespace dna::mapping {

/// What these layers need of a chunk whatever is searched: accumulators wide enough, maxima, packed weights where they are narrow.
design::Chunk baseChunk(const std::vector<Layer>& layers);

/// The design space of a target (`overrides`, see design::designSpace) for networks of these layers. Where no design of the
/// built-in sizes of buffers holds every layer, those lists go on in doublings, each as far as it is needed and as the hardware
/// has sizes; lists that the target gives stay as they are. `base` holds the fields that are not searched. Throws InputError.
design::DesignSpace fittingSpace(const base::Json& overrides, const std::string& file, const std::vector<Layer>& layers,
                                 const design::Chunk& base);

}  // namespace dna::mapping
