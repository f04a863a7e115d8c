#pragma once

#include "verif/library/stage.h"

namespace dna::flows {

/// V7: the library against mapped netlists; stands here because it needs cell libraries.
verif::Stage gatesStage();

}  // namespace dna::flows
