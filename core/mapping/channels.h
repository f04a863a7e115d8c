#pragma once

#include <cstdint>
#include <deque>

#include "core/design/templates.h"
#include "core/mapping/transfers.h"

namespace dna::mapping {

/// Reads of the load engine: bursts are requested one a cycle, at most N outstanding; their beats come in order, back to
/// back. The beats of a word are gathered while the word before is consumed, one word a cycle (narrow pictures:
/// LayerPlan::narrowCycles). Times are cycles from the start pulse.
class ReadChannel {
public:
    explicit ReadChannel(const design::MemoryModel& memory) : memory_(memory) {}

    /// Requests a transfer's bursts, the first not before `earliest`; returns the cycle of the last request.
    int64_t request(const Transfer& transfer, int64_t earliest, int beats_per_word);

    /// The same for the narrow picture, with the cycles of a row's words and of its last one.
    int64_t requestNarrow(const Transfer& transfer, int64_t earliest, int beats_per_word, int row_words, int full,
                          int last);

    /// Cycle in which the last word asked for so far is complete, and in which it is consumed.
    int64_t lastWord() const { return last_word_; }
    int64_t consumed() const { return last_word_ + last_step_; }
    int64_t beats() const { return beats_; }

private:
    /// `steps(word)`: cycles that a word of the transfer's first segment stays.
    template <class Steps>
    int64_t requestAll(const Transfer& transfer, int64_t earliest, int beats_per_word, Steps&& steps);
    int64_t requestOne(int64_t now);

    design::MemoryModel memory_;
    std::deque<int64_t> outstanding_;
    int64_t last_word_ = -1;
    int64_t last_step_ = 1;
    int64_t beats_ = 0;
};

/// Writes of the store engine: a few words are read ahead of their beats, requests go ahead of the data by a few bursts, a
/// beat a cycle.
class WriteChannel {
public:
    explicit WriteChannel(const design::MemoryModel& memory) : memory_(memory) {}

    /// Writes a tile that is taken at `start`; returns when the store engine is ready for the next.
    int64_t write(const Transfer& transfer, int64_t start, int beats_per_word);

    /// Cycle of the last beat so far.
    int64_t lastBeat() const { return last_beat_; }

private:
    /// These return the cycle in which the last word is read.
    int64_t atBusSpeed(int64_t words, int64_t start);
    int64_t behindBus(int64_t words, int64_t start, int beats_per_word);
    /// Returns the cycle of the last request.
    int64_t request(const Transfer& transfer, int64_t start, int beats_per_word);

    design::MemoryModel memory_;
    std::deque<int64_t> written_;  ///< when the last words leave the FIFO
    std::deque<int64_t> ends_;     ///< when the last bursts end
    int64_t first_end_ = 0, last_beat_ = -1;
};

}  // namespace dna::mapping
