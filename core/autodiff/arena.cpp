#include "core/autodiff/arena.h"

namespace dna::autodiff {

namespace {
constexpr size_t kChunkBytes = size_t{32} << 20;
}

void* Arena::takeBytes(size_t bytes) {
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    while (current_ < chunks_.size() && used_ + bytes > chunks_[current_].size) {
        ++current_;
        used_ = 0;
    }
    if (current_ == chunks_.size()) {
        const size_t size = std::max(bytes, kChunkBytes);
        auto* memory = static_cast<std::byte*>(::operator new[](size, std::align_val_t(kAlignment)));
        chunks_.push_back({std::unique_ptr<std::byte[], Free>(memory), size});
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
