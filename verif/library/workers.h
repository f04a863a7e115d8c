#pragma once

#include <functional>

namespace dna::verif {

/// Calls task(0) ... task(count - 1), `threads` at a time. The first exception stops it and is thrown; Interrupted when
/// the user asked to stop.
void forEach(int count, int threads, const std::function<void(int)>& task);

}  // namespace dna::verif
