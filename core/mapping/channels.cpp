#include "core/mapping/channels.h"

#include <algorithm>

namespace dna::mapping {

namespace {

// Register stages and depths of rtlgen/rtl/dna_store.v.
constexpr int64_t kFirstBeat = 4;  ///< tile taken to its first beat written
constexpr int64_t kTileRead = 2;   ///< tile taken to its first word read
constexpr int kLengths = 4;        ///< write bursts requested ahead of their data
constexpr int kWordsAhead = 4;     ///< words read ahead of their beats

}  // namespace

template <class Steps>
int64_t ReadChannel::requestAll(const Transfer& transfer, int64_t earliest, int beats_per_word, Steps&& steps) {
    int64_t now = earliest - 1;
    for (int i = 0; i < transfer.blocks; ++i) {
        int word = 0;
        forEachBurst(transfer.segment(i), memory_, beats_per_word, [&](const Burst& burst) {
            now = requestOne(now + 1);
            int64_t offered = now + memory_.read_latency;
            for (const int end = word + burst.words; word < end; ++word, offered = 0) {
                const int64_t first = std::max(offered, last_word_ + 1);
                last_word_ = std::max(first + beats_per_word - 1, last_word_ + last_step_);
                last_step_ = steps(word);
            }
            outstanding_.push_back(last_word_);
        });
    }
    beats_ += transfer.totalWords() * beats_per_word;
    return now;
}

int64_t ReadChannel::request(const Transfer& transfer, int64_t earliest, int beats_per_word) {
    return requestAll(transfer, earliest, beats_per_word, [](int) { return 1; });
}

int64_t ReadChannel::requestNarrow(const Transfer& transfer, int64_t earliest, int beats_per_word, int row_words, int full,
                                   int last) {
    return requestAll(transfer, earliest, beats_per_word,
                      [&](int word) { return word % row_words == row_words - 1 ? last : full; });
}

int64_t ReadChannel::requestOne(int64_t now) {
    if (int(outstanding_.size()) < memory_.outstanding_reads) return now;
    now = std::max(now, outstanding_.front() + 1);
    outstanding_.pop_front();
    return now;
}

int64_t WriteChannel::write(const Transfer& transfer, int64_t start, int beats_per_word) {
    const int64_t words = transfer.totalWords();
    const int64_t read = beats_per_word == 1 ? atBusSpeed(words, start) : behindBus(words, start, beats_per_word);
    const int64_t requested = request(transfer, start, beats_per_word);
    return std::max(read + 1, requested + 1) + 1;
}

int64_t WriteChannel::atBusSpeed(int64_t words, int64_t start) {
    first_end_ = start + kFirstBeat;
    last_beat_ = start + kFirstBeat + words - 1;
    return start + kTileRead + words - 1;
}

int64_t WriteChannel::behindBus(int64_t words, int64_t start, int beats_per_word) {
    int64_t read = start + kTileRead - 1;
    for (int64_t word = 0; word < words; ++word) {
        ++read;
        if (int(written_.size()) == kWordsAhead) {
            read = std::max(read, written_.front() + 1);
            written_.pop_front();
        }
        last_beat_ = std::max(read + kFirstBeat - kTileRead, last_beat_ + 1) + beats_per_word - 1;
        if (word == 0) first_end_ = last_beat_;
        written_.push_back(last_beat_);
    }
    return read;
}

int64_t WriteChannel::request(const Transfer& transfer, int64_t start, int beats_per_word) {
    int64_t now = start + kTileRead - 1, end = first_end_ - beats_per_word;
    for (int i = 0; i < transfer.blocks; ++i)
        forEachBurst(transfer.segment(i), memory_, beats_per_word, [&](const Burst& burst) {
            ++now;
            if (int(ends_.size()) == kLengths) {
                now = std::max(now, ends_.front() + 1);
                ends_.pop_front();
            }
            end += int64_t{burst.words} * beats_per_word;
            ends_.push_back(end);
        });
    return now;
}

}  // namespace dna::mapping
