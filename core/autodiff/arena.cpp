#include "core/autodiff/arena.h"

#include <sys/mman.h>

namespace dna::autodiff {

namespace {

constexpr size_t kChunkBytes = size_t{32} << 20;
constexpr size_t kHugePage = size_t{2} << 20;

/// Whole huge pages: feature maps are read as long streams, and small pages would cost a table walk every few lines.
std::byte* allocateChunk(size_t size) {
    auto* memory = static_cast<std::byte*>(::operator new[](size, std::align_val_t(kHugePage)));
    ::madvise(memory, size, MADV_HUGEPAGE);
    return memory;
}

}  // namespace

void* Arena::takeBytes(size_t bytes) {
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    while (current_ < chunks_.size() && used_ + bytes > chunks_[current_].size) {
        ++current_;
        used_ = 0;
    }
    if (current_ == chunks_.size()) {
        const size_t size = (std::max(bytes, kChunkBytes) + kHugePage - 1) / kHugePage * kHugePage;
        chunks_.push_back({std::unique_ptr<std::byte[], Free>(allocateChunk(size)), size});
    }
    void* place = chunks_[current_].bytes.get() + used_;
    used_ += bytes;
    return place;
}

size_t Arena::capacity() const {
    size_t sum = 0;
    for (const Chunk& chunk : chunks_) sum += chunk.size;
    return sum;
}

}  // namespace dna::autodiff
