#pragma once

#include <string>

#include "core/design/design.h"

namespace dna::flows {

/// README.md of an emitted folder: what its files are, how a host runs the chip, its registers.
std::string emittedReadme(const design::Design& design);

}  // namespace dna::flows
