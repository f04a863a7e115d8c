#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace dna::autodiff {

/// Memory that is handed out in order and taken back all at once. Chunks are kept, so a loop that needs the same sizes
/// every step gets the same addresses and faults no pages after the first one.
class Arena {
public:
    static constexpr size_t kAlignment = 128;

    /// Uninitialised values, aligned to kAlignment bytes.
    template <class T>
    T* take(size_t count) {
        return static_cast<T*>(takeBytes(count * sizeof(T)));
    }
    /// Zeroed values.
    template <class T>
    T* takeZero(size_t count) {
        T* values = take<T>(count);
        std::fill(values, values + count, T(0));
        return values;
    }

    /// A place to return to: releases everything taken after it.
    struct Mark {
        size_t chunk = 0, used = 0;
    };
    Mark mark() const { return {current_, used_}; }
    void release(Mark mark) { current_ = mark.chunk, used_ = mark.used; }
    void reset() { release({}); }
    /// Bytes held from the system.
    size_t capacity() const;

private:
    struct Free {
        void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t(size_t{2} << 20)); }
    };
    struct Chunk {
        std::unique_ptr<std::byte[], Free> bytes;
        size_t size = 0;
    };
    void* takeBytes(size_t bytes);

    std::vector<Chunk> chunks_;
    size_t current_ = 0, used_ = 0;
};

/// Releases on leaving the scope what was taken inside it.
class ArenaScope {
public:
    explicit ArenaScope(Arena& arena) : arena_(arena), mark_(arena.mark()) {}
    ~ArenaScope() { arena_.release(mark_); }
    ArenaScope(const ArenaScope&) = delete;
    ArenaScope& operator=(const ArenaScope&) = delete;

private:
    Arena& arena_;
    Arena::Mark mark_;
};

}  // namespace dna::autodiff
