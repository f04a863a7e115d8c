#include "core/base/log.h"

#include <atomic>

namespace dna::base {
namespace {

// A signal handler may only touch a lock-free atomic; this is the one piece of global state in the program.
std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

}  // namespace

bool stopRequested() { return stop_requested.load(std::memory_order_relaxed); }

void requestStop() { stop_requested.store(true, std::memory_order_relaxed); }

}  // namespace dna::base
