#pragma once

#include <filesystem>

#include "verif/fuzz_case.h"
#include "verif/library/harness.h"
#include "verif/library/stage.h"

namespace dna::verif {

/// Runs a case on a chip of the library on Icarus, with memories and registers without reset beginning as X: no X may leave
/// the chip, bytes are the definitions', and with the normative memory cycles the model's. A failed case stays in `folder`.
Check runOnIcarus(const FuzzCase& fuzz_case, const Library& library, const std::filesystem::path& folder);

}  // namespace dna::verif
