#pragma once

#include <memory>

#include "core/design/design.h"
#include "core/network/space.h"
#include "core/search/hardware_side.h"

namespace dna::costmodel {

/// The accelerator side of a co-search on a space: DAS (algorithm "gumbel") over the target's design space, its logits
/// kept between calls; tables filled with the best mapping of every operator on the current design. Throws InputError
/// for unknown technologies, DRAM parts or design-space parameters.
std::unique_ptr<search::HardwareSide> makeHardwareSide(const network::NetworkSpace& space, const design::Target& target,
                                                       uint64_t seed);

}  // namespace dna::costmodel
