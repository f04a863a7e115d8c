#include "core/autodiff/workers.h"

#include <algorithm>
#include <utility>

namespace dna::autodiff {
namespace {

constexpr uint64_t kNoTask = 0xffffffff;  // lower half of a ticket while a round is being set up
constexpr int kSpins = 2000;              // about 20 microseconds before a waiting thread goes to sleep

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

}  // namespace

Workers::Workers(int threads) {
    for (int i = 1; i < std::max(threads, 1); ++i) pool_.emplace_back([this] { workerLoop(); });
}

Workers::~Workers() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : pool_) thread.join();
}

bool Workers::takeTask() {
    uint64_t ticket = ticket_.load();
    const uint64_t index = ticket & kNoTask;
    const int count = count_.load();
    const Call call = call_.load();
    const void* task = task_.load();
    if (index >= static_cast<uint64_t>(count)) return false;
    if (!ticket_.compare_exchange_strong(ticket, ticket + 1)) return true;  // somebody was faster: look again
    try {
        call(task, static_cast<int>(index));
    } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
    }
    if (finished_.fetch_add(1) + 1 == count) {
        const std::lock_guard lock(mutex_);
        done_.notify_one();
    }
    return true;
}

void Workers::workerLoop() {
    const auto work = [this] { return (ticket_.load() & kNoTask) < static_cast<uint64_t>(count_.load()); };
    for (;;) {
        for (int spin = 0; spin < kSpins && !work() && !stop_.load(); ++spin) pause();
        if (!work()) {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return stop_.load() || work(); });
        }
        if (stop_.load()) return;
        while (takeTask()) {
        }
    }
}

void Workers::dispatch(int count, Call call, const void* task) {
    {
        const std::lock_guard lock(mutex_);
        const uint64_t round = (ticket_.load() >> 32) + 1;
        ticket_ = round << 32 | kNoTask;
        count_ = count;
        call_ = call;
        task_ = task;
        finished_ = 0;
        ticket_ = round << 32;
    }
    wake_.notify_all();
    while (takeTask()) {
    }
    for (int spin = 0; spin < kSpins && finished_.load() != count; ++spin) pause();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return finished_.load() == count; });
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace dna::autodiff
