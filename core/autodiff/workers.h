#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace dna::autodiff {

/// A small pool that runs numbered tasks. Which thread runs a task is open; what a task writes must depend on its
/// number only, so that results are the same for every number of threads. Waiting threads sleep (passive) after a short
/// spin.
class Workers {
public:
    /// `threads` includes the calling one; at least 1.
    explicit Workers(int threads = 1);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    int threads() const { return static_cast<int>(pool_.size()) + 1; }

    /// Runs task(0), ..., task(count - 1) and returns when all are done. A task's exception is rethrown here.
    template <class Task>
    void run(int count, const Task& task) {
        if (pool_.empty() || count <= 1) {
            for (int i = 0; i < count; ++i) task(i);
            return;
        }
        dispatch(
            count, [](const void* self, int i) { (*static_cast<const Task*>(self))(i); }, &task);
    }

    /// run(), every other time from the last task to the first: an op begins with what the one before it left in cache.
    template <class Task>
    void sweep(int count, const Task& task) {
        backwards_ = !backwards_;
        const bool backwards = backwards_;
        run(count, [&](int i) { task(backwards ? count - 1 - i : i); });
    }

private:
    using Call = void (*)(const void*, int);
    void dispatch(int count, Call call, const void* task);
    void workerLoop();
    bool takeTask();

    std::vector<std::thread> pool_;
    bool backwards_ = true;
    std::mutex mutex_;
    std::condition_variable wake_, done_;
    /// Round in the upper half, number of the next task in the lower one. A task is taken by compare-and-swap, so a
    /// thread that wakes late and looks at an older round takes nothing, and nobody has to wait for it.
    std::atomic<uint64_t> ticket_{0};
    std::atomic<int> count_{0}, finished_{0};
    std::atomic<Call> call_{nullptr};
    std::atomic<const void*> task_{nullptr};
    std::atomic<bool> stop_{false};
    std::exception_ptr failure_;
};

}  // namespace dna::autodiff
