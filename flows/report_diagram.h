#pragma once

#include <string>

#include "core/design/design.h"

namespace dna::flows::report {

/// Block diagram of an accelerator as SVG: buffers, array, post-processing, engines and bus of every chunk.
std::string blockDiagram(const design::Design& design);

}  // namespace dna::flows::report
