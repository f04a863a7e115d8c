#include "verif/library/workers.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"

namespace dna::verif {

void forEach(int count, int threads, const std::function<void(int)>& task) {
    std::atomic<int> next{0};
    std::mutex lock;
    std::exception_ptr failure;
    const auto work = [&] {
        for (int i = next++; i < count; i = next++) {
            try {
                if (base::stopRequested()) throw base::Interrupted("the verification of the library was interrupted");
                task(i);
            } catch (...) {
                const std::lock_guard guard(lock);
                if (!failure) failure = std::current_exception();
                next = count;
            }
        }
    };
    std::vector<std::thread> workers;
    for (int i = 1; i < threads && i < count; ++i) workers.emplace_back(work);
    work();
    for (std::thread& worker : workers) worker.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace dna::verif
