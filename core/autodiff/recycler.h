#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "core/autodiff/arena.h"

namespace dna::autodiff {

/// Memory of feature maps, counted by the values that use it: what nobody uses any more serves the next map of that
/// size. In a backward sweep this is what keeps the peak near the size of the forward pass.
template <class T>
class Recycler {
public:
    explicit Recycler(Arena& arena) : arena_(arena) {}

    /// Uninitialised memory, used or new; it has no users yet.
    T* take(size_t size) {
        const auto found = free_.lower_bound(size);
        if (found != free_.end() && found->first <= size + size / 4) {
            T* data = found->second;
            free_.erase(found);
            return data;
        }
        T* data = arena_.template take<T>(size);
        buffers_[data] = {size, 0};
        return data;
    }
    /// One user more, one user less; memory that did not come from take() is left alone.
    void retain(const T* data) {
        if (const auto found = buffers_.find(data); found != buffers_.end()) ++found->second.users;
    }
    void release(const T* data) {
        const auto found = buffers_.find(data);
        if (found != buffers_.end() && --found->second.users == 0)
            free_.emplace(found->second.size, const_cast<T*>(data));
    }
    void reset() {
        buffers_.clear();
        free_.clear();
    }

private:
    struct Buffer {
        size_t size = 0;
        int users = 0;
    };
    Arena& arena_;
    std::unordered_map<const T*, Buffer> buffers_;
    std::multimap<size_t, T*> free_;
};

}  // namespace dna::autodiff
