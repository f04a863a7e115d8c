#include "core/mapping/cycles.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "core/mapping/transfers.h"

namespace dna::mapping {

using design::MemoryModel;

namespace {

// Times are cycles from the start pulse. The constants below are register stages of rtlgen/rtl, named after the state
// they lead to; tests/verif/simulation_test.cpp compares the outcome with the RTL, layer by layer, to the cycle.
constexpr int64_t kFetch = 1;  ///< dna_load: start to FETCH
constexpr int64_t kFetchedWords = 16;
constexpr int64_t kDecoded = 3;     ///< last descriptor beat accepted to the first job's CLIP state
constexpr int64_t kCaptured = 2;    ///< last descriptor beat accepted to captured by compute and store
constexpr int64_t kItems = 3;       ///< CLIP to the first item state
constexpr int64_t kConfigured = 2;  ///< descriptor taken to waiting for a tile (store)
constexpr int64_t kStarted = 1;     ///< descriptor taken to waiting for a job (compute), configuration apart
constexpr int64_t kLoaded = 2;      ///< last word of a job consumed to its token
constexpr int64_t kPrepared = 2;    ///< job taken to its first issue cycle
constexpr int64_t kReleased = 4;    ///< end of a job's issue to its slots free
constexpr int64_t kFirstBeat = 4;   ///< tile taken to its first beat written
constexpr int64_t kTileRead = 2;    ///< tile taken to its first word read
constexpr int64_t kAnswered = 2;    ///< last write response to layer done
constexpr int64_t kRowsDone = 2;    ///< a job's last write response to its rows readable
constexpr int64_t kBlocksCompared = 1;  ///< blocks done to known by dna_load
constexpr int kLengths = 4;         ///< write bursts requested ahead of their data
constexpr int kWordsAhead = 4;      ///< words read ahead of their beats

/// Reads: bursts are requested one a cycle, at most N outstanding; their beats come in order, back to back. The beats of a
/// word are gathered while the word before is consumed, one word a cycle (narrow pictures: LayerPlan::narrowCycles).
class ReadChannel {
public:
    explicit ReadChannel(const MemoryModel& memory) : memory_(memory) {}

    /// Requests a transfer's bursts, the first not before `earliest`; returns the cycle of the last request.
    int64_t request(const Transfer& transfer, int64_t earliest, int beats_per_word) {
        return request(transfer, earliest, beats_per_word, [](int) { return 1; });
    }

    /// The same for the narrow picture, with the cycles of a row's words and of its last one.
    int64_t requestNarrow(const Transfer& transfer, int64_t earliest, int beats_per_word, int row_words, int full, int last) {
        return request(transfer, earliest, beats_per_word,
                       [&](int word) { return word % row_words == row_words - 1 ? last : full; });
    }

    /// Cycle in which the last word asked for so far is complete, and in which it is consumed.
    int64_t lastWord() const { return last_word_; }
    int64_t consumed() const { return last_word_ + last_step_; }
    int64_t beats() const { return beats_; }

private:
    /// `steps(word)`: cycles that a word of the transfer's first segment stays.
    template <class Steps>
    int64_t request(const Transfer& transfer, int64_t earliest, int beats_per_word, Steps&& steps) {
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

    int64_t requestOne(int64_t now) {
        if (int(outstanding_.size()) < memory_.outstanding_reads) return now;
        now = std::max(now, outstanding_.front() + 1);
        outstanding_.pop_front();
        return now;
    }

    MemoryModel memory_;
    std::deque<int64_t> outstanding_;
    int64_t last_word_ = -1;
    int64_t last_step_ = 1;
    int64_t beats_ = 0;
};

/// Writes: words are read ahead into a FIFO of kWordsAhead, requests go ahead of the data by at most kLengths bursts, a
/// beat a cycle.
class WriteChannel {
public:
    explicit WriteChannel(const MemoryModel& memory) : memory_(memory) {}

    /// Writes a tile that is taken at `start`; returns when the store engine is ready for the next.
    int64_t write(const Transfer& transfer, int64_t start, int beats_per_word) {
        const int64_t words = transfer.totalWords();
        const int64_t read = beats_per_word == 1 ? atBusSpeed(words, start) : behindBus(words, start, beats_per_word);
        const int64_t requested = request(transfer, start, beats_per_word);
        return std::max(read + 1, requested + 1) + 1;
    }

    /// Cycle of the last beat so far.
    int64_t lastBeat() const { return last_beat_; }

private:
    /// Returns the cycle in which the last word is read.
    int64_t atBusSpeed(int64_t words, int64_t start) {
        first_end_ = start + kFirstBeat;
        last_beat_ = start + kFirstBeat + words - 1;
        return start + kTileRead + words - 1;
    }

    int64_t behindBus(int64_t words, int64_t start, int beats_per_word) {
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

    /// Returns the cycle of the last request.
    int64_t request(const Transfer& transfer, int64_t start, int beats_per_word) {
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

    MemoryModel memory_;
    std::deque<int64_t> written_;  ///< when the last words leave the FIFO
    std::deque<int64_t> ends_;     ///< when the last bursts end
    int64_t first_end_ = 0, last_beat_ = -1;
};

/// One or two slots of an operand: taken in order, freed in order.
class Slots {
public:
    /// Earliest cycle at which the next of `count` slots may be taken.
    int64_t available(int count) const {
        return taken_ < size_t(count) ? 0 : freed_[(taken_ - size_t(count)) % 2];
    }
    void take() { ++taken_; }
    void release(int64_t when) { freed_[released_++ % 2] = when; }

private:
    size_t taken_ = 0, released_ = 0;
    std::array<int64_t, 2> freed_{};  ///< the last two
};

/// What the engines were doing when, for the cycle classes.
struct Timeline {
    struct Interval {
        int64_t begin, end;
    };
    struct Issue {
        int64_t begin, end, macs;
    };
    std::vector<Interval> computing;  ///< from a job's take to its tile's token
    std::vector<Interval> storing;    ///< store engine at work or between descriptors
    std::vector<Issue> issuing;       ///< issue cycles of a job and the MAC cycles among them

    /// Cycles before `t` that the union of the intervals covers.
    static int64_t covered(const std::vector<Interval>& intervals, int64_t t) {
        int64_t length = 0, reached = 0;
        for (const Interval& i : intervals) {
            const int64_t from = std::max(i.begin, reached), to = std::min(i.end, t);
            if (to > from) length += to - from, reached = to;
        }
        return length;
    }

    /// MAC cycles before `t`, a job's spread evenly over its issue.
    int64_t macs(int64_t t) const {
        int64_t sum = 0;
        for (const Issue& i : issuing)
            sum += i.macs * std::clamp<int64_t>(t - i.begin, 0, i.end - i.begin) / (i.end - i.begin);
        return sum;
    }

    static void sort(std::vector<Interval>& intervals) {
        std::sort(intervals.begin(), intervals.end(),
                  [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
    }
};

/// Classes as dna_perf counts them: a MAC cycle; else a job is between take and token; else the store engine is at
/// work; else everybody waits for data.
CycleClasses classesBefore(const Timeline& sorted, const std::vector<Timeline::Interval>& any, int64_t t) {
    CycleClasses c;
    const int64_t computing = Timeline::covered(sorted.computing, t), active = Timeline::covered(any, t);
    c.compute = sorted.macs(t);
    c.fill_drain = computing - c.compute;
    c.wait_store = active - computing;
    c.wait_load = t - active;
    return c;
}

/// Idle cycles in front of a job's first parameters. On an output array the cycles in which the job is taken count.
int64_t firstGap(const LayerPlan& plan, const SubPlan& sub) {
    if (plan.chunk.array != design::Template::OutputArray) return sub.gap;
    return 1 + (sub.reloads ? sub.pace : 0);
}

int64_t jobMacCycles(const LayerPlan& plan, const SubPlan& sub, const Job& job) {
    if (plan.chunk.rowStationary())
        return plan.units(sub, job.channel_tile) * plan.tileSteps(sub, job.row_tile) * sub.fold.stepMacs() *
               sub.reduction;
    const int64_t pixels = plan.chunk.weightsStay() ? plan.tilePixels(sub, job.row_tile)
                                                    : int64_t{plan.yBlocks(sub, job.row_tile)} * sub.x_blocks;
    return plan.units(sub, job.channel_tile) * pixels * sub.reduction;
}

}  // namespace

/// The three engines and what they have done so far.
class Engines {
public:
    /// `watched`: what they did when is kept, for the cycle classes.
    Engines(const MemoryModel& memory, bool watched) : memory_(memory), reads_(memory), writes_(memory), watched_(watched) {}

    /// `plan` has to live until the next layer runs.
    LayerTime run(const LayerPlan& plan) {
        const int64_t before = layer_done_, beats = reads_.beats();
        LayerTime time;
        int64_t weight_base = 0;
        for (const SubPlan& sub : plan.subs) {
            waits_ = &sub == &plan.subs.front();
            done_before_ = std::exchange(done_, {});
            by_blocks_ = before_ != nullptr && readsBlocks(plan, *before_);
            fetchDescriptor(plan.chunk);
            for (const Job& job : jobsOf(plan, sub)) {
                const int64_t loaded = load(plan, sub, job, weight_base);
                compute(plan, sub, job, loaded, time);
            }
            compute_idle_ = std::max(compute_free_, tile_);
            layer_done_ = store_idle_ = last_beat_written_ + memory_.write_latency + kAnswered;
            weight_base += weightImageBytes(sub);
        }
        before_ = &plan;
        time.done = layer_done_;
        time.latency = layer_done_ - before;
        time.read_beats = reads_.beats() - beats;
        return time;
    }

    int64_t done() const { return layer_done_; }
    Timeline& timeline() { return timeline_; }

    /// Takes the rows written so far for those of a map of another height.
    void scaleRows(int height, int written_height) {
        for (Done& d : done_) d.rows = int(int64_t{d.rows} * height / written_height);
    }

private:
    void fetchDescriptor(const design::Chunk& chunk) {
        const design::Timing timing = design::timingOf(chunk);
        const int beats_per_word = chunk.beatsPerWord();
        const int64_t go = std::max({load_free_, compute_taken_ + 1, store_taken_ + 1});
        reads_.request({0, 0, 1, int(kFetchedWords)}, go + 1, beats_per_word);
        const int64_t arrived = reads_.lastWord();
        load_free_ = arrived + kDecoded;
        compute_taken_ = std::max(arrived + kCaptured, compute_idle_);
        store_taken_ = std::max(arrived + kCaptured, store_idle_);
        compute_free_ = compute_taken_ + kStarted + timing.configure;
        store_free_ = store_taken_ + kConfigured;
        if (watched_) timeline_.storing.push_back({store_idle_, store_free_});
    }

    /// Walks the job's three item states; each takes a cycle even when it loads nothing. Returns when its token is
    /// there.
    int64_t load(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t weight_base) {
        const int beats = plan.chunk.beatsPerWord();
        int64_t now = load_free_ + kItems;
        if (job.weights_changed) {
            now = std::max(now, weights_.available(plan.chunk.weight_slots));
            weights_.take();
            now = reads_.request(weightTransfer(plan, sub, job, weight_base), now + 1, beats);
        }
        ++now;
        if (job.input_changed) {
            now = std::max({now, inputs_.available(plan.chunk.input_slots), readable(plan, sub, job)});
            inputs_.take();
            const Transfer t = inputTransfer(plan, sub, job);
            now = plan.layer.narrow_input ? requestNarrow(plan, sub, t, now + 1) : reads_.request(t, now + 1, beats);
        }
        ++now;
        if (plan.usesResidual(sub)) {
            now = std::max(now, residuals_.available(plan.chunk.output_slots));
            if (sub.reloads) now = std::max(now, written((job.row_tile + 1) * sub.rows_full));
            residuals_.take();
            now = reads_.request(residualTransfer(plan, sub, job), now + 1, beats);
        }
        load_free_ = now + 1;
        return reads_.consumed() + kLoaded;
    }

    int64_t requestNarrow(const LayerPlan& plan, const SubPlan& sub, const Transfer& transfer, int64_t earliest) {
        const int words = plan.input_pitch_words(), pixels = plan.layer.narrowPixels();
        const int last = plan.layer.in_width - pixels * (words - 1);
        return reads_.requestNarrow(transfer, earliest, plan.chunk.beatsPerWord(), words, plan.narrowCycles(sub, pixels),
                                    plan.narrowCycles(sub, last));
    }

    /// When a job's input tile may be read: its rows, or its blocks of channels, are complete early, all of it once the
    /// descriptor before is done.
    int64_t readable(const LayerPlan& plan, const SubPlan& sub, const Job& job) const {
        if (!waits_) return 0;
        const int64_t rows = written(plan.input_rows_end(sub, job.row_tile));
        if (!by_blocks_) return rows;
        const int end = job.channel_tile * sub.blocks_full + plan.blocks(sub, job.channel_tile);
        for (const Done& d : done_before_)
            if (d.blocks >= end) return std::min(rows, d.when + kBlocksCompared);
        return rows;
    }

    /// When the descriptor before has written rows [0, end). Where it has not so many (the layer reads an older, taller map),
    /// the descriptor itself must be done, which is noticed a cycle later than its last rows.
    int64_t written(int end) const {
        for (const Done& d : done_before_)
            if (d.rows >= end) return d.when;
        return layer_done_ + 1;
    }

    /// A job from its take on: its parts are issued, and stored as they are complete. The first part's output slot comes with the
    /// job, the others take theirs at the end of the gap in front of their parameters.
    void compute(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t loaded, LayerTime& time) {
        const int64_t start = std::max({loaded, outputs_.available(plan.chunk.output_slots), compute_free_});
        const int units = plan.units(sub, job.channel_tile), parts = plan.parts(sub, job.channel_tile);
        const int64_t first = firstGap(plan, sub) - sub.gap, behind = tail(plan, sub, job);
        const int64_t cycles = jobIssueCycles(plan, sub, job.row_tile, job.channel_tile) - first;
        int64_t end = start + kPrepared + first;
        for (int part = 0; part < parts; ++part) {
            if (part > 0) end = std::max(end, outputs_.available(plan.chunk.output_slots) - sub.gap + 1);
            outputs_.take();
            const int before = part * sub.part_blocks * plan.units_per_block();
            const int of_part = std::min(plan.partBlocks(sub, job.channel_tile, part) * plan.units_per_block(), units - before);
            end += parts == 1 ? cycles : cycles / units * of_part;
            store(plan, sub, job, part, end + behind, time);
        }
        compute_free_ = end;
        if (job.input_released) inputs_.release(end + kReleased);
        if (job.weights_released) weights_.release(end + kReleased);
        tile_ = end + behind;
        if (plan.usesResidual(sub)) residuals_.release(tile_);
        if (!watched_) return;
        // Row-stationary: writing a set may last until after the tile is complete.
        timeline_.computing.push_back({start, std::max(end, tile_)});
        timeline_.storing.push_back({loaded, start});  // a loaded job waits for an output slot
        timeline_.issuing.push_back({start + kPrepared, end, jobMacCycles(plan, sub, job)});
    }

    /// End of a job's issue to its tile's token: pipeline and drain behind the last MAC.
    static int64_t tail(const LayerPlan& plan, const SubPlan& sub, const Job& job) {
        if (plan.chunk.rowStationary()) return foldTail(plan, sub, job);
        const design::Timing timing = design::timingOf(plan.chunk);
        if (!plan.chunk.weightsStay())
            return timing.drain_stage + (plan.chunk.rows - 1) * sub.pace + (sub.reloads ? sub.pace : 0) +
                   timing.post_stages - sub.bubble;
        const int rest = plan.tilePixels(sub, job.row_tile) % plan.chunk.psum_words;
        const int pixels = rest == 0 ? plan.chunk.psum_words : rest;
        return 1 + timing.sums_stage + timing.post_stages + pixels - plan.setCycles(pixels);
    }

    /// Row-stationary: the last step's sums are added down their chains, then drained group by group.
    static int64_t foldTail(const LayerPlan& plan, const SubPlan& sub, const Job& job) {
        const Fold& fold = sub.fold;
        const int64_t steps = (plan.tileSteps(sub, job.row_tile) - 1) % fold.block_steps + 1;
        const int groups = (plan.rows(sub, job.row_tile) - 1) % fold.groups + 1;
        const int64_t issued = (steps - 1) * fold.step_cycles + fold.stepMacs();
        const design::Timing timing = design::timingOf(plan.chunk);
        return 1 + timing.sums_stage + timing.post_stages + fold.chain() + groups - 1 + issued -
               foldSetCycles(fold, steps);
    }

    /// Stores a part of a job's tile that is complete at `ready`.
    void store(const LayerPlan& plan, const SubPlan& sub, const Job& job, int part, int64_t ready, LayerTime& time) {
        Transfer transfer = outputTransfer(plan, sub, job);
        transfer.blocks = plan.partBlocks(sub, job.channel_tile, part);
        transfer.offset += transfer.pitch * sub.part_blocks * part;
        const int64_t start = std::max(ready, store_free_);
        store_free_ = writes_.write(transfer, start, plan.chunk.beatsPerWord());
        last_beat_written_ = writes_.lastBeat();
        time.write_beats += transfer.totalWords() * plan.chunk.beatsPerWord();
        outputs_.release(store_free_);
        const bool last = part + 1 == plan.parts(sub, job.channel_tile);
        Done done = done_.empty() ? Done{} : done_.back();
        done.when = last_beat_written_ + memory_.write_latency + kRowsDone;
        if (last && job.channel_tile + 1 == sub.channel_tiles) done.rows += sub.rows_full;
        if (job.row_tile + 1 == sub.row_tiles) done.blocks += transfer.blocks;
        done_.push_back(done);
        if (watched_)
            timeline_.storing.push_back(
                {start + 1, last && job.last ? last_beat_written_ + memory_.write_latency + kAnswered : store_free_});
    }

    MemoryModel memory_;
    ReadChannel reads_;
    WriteChannel writes_;
    Slots inputs_, weights_, residuals_, outputs_;
    int64_t load_free_ = kFetch;                     ///< load engine ready for a job or a fetch
    int64_t compute_taken_ = -1, compute_free_ = 0;  ///< descriptor taken; ready for a job
    int64_t compute_idle_ = 0, store_idle_ = 0;      ///< ready for a descriptor
    int64_t store_taken_ = -1, store_free_ = 0;
    int64_t tile_ = 0, last_beat_written_ = 0, layer_done_ = 0;
    bool waits_ = true;  ///< the descriptor reads what the one before writes
    const LayerPlan* before_ = nullptr;
    bool by_blocks_ = false;  ///< its tiles wait for their channels only
    struct Done {
        int rows = 0;    ///< complete in all channels
        int blocks = 0;  ///< blocks of channels complete in all rows
        int64_t when = 0;
    };
    std::vector<Done> done_before_, done_;  ///< of the descriptor before, of this one
    bool watched_;
    Timeline timeline_;
};

int64_t jobIssueCycles(const LayerPlan& plan, const SubPlan& sub, int row_tile, int channel_tile) {
    const int64_t units = plan.units(sub, channel_tile);
    const design::Timing timing = design::timingOf(plan.chunk);
    if (plan.chunk.rowStationary()) {
        const int64_t steps = plan.tileSteps(sub, row_tile), blocks = (steps - 1) / sub.fold.block_steps + 1;
        const bool channels_outer = plan.mapping.block_order == BlockOrder::ChannelsOuter;
        const int64_t switches = channels_outer || units == 1 ? units : units * blocks;
        return units * foldUnitCycles(sub.fold, sub.reduction, steps) +
               switches * (sub.gap + timing.parameter_words + sub.fold.setVectors());
    }
    if (plan.chunk.weightsStay()) {
        const int64_t pixels = plan.tilePixels(sub, row_tile), words = plan.chunk.psum_words;
        const int64_t whole = (pixels - 1) / words, rest = pixels - whole * words;
        const int64_t sets = (whole * plan.setCycles(int(words)) + plan.setCycles(int(rest))) * sub.reduction;
        const bool channels_outer = plan.mapping.block_order == BlockOrder::ChannelsOuter;
        const int64_t switches = channels_outer || units == 1 ? units : units * (whole + 1);
        return units * sets + switches * (sub.gap + timing.parameter_words + plan.chunk.rows);
    }
    const int64_t pixel_blocks = int64_t{plan.yBlocks(sub, row_tile)} * sub.x_blocks;
    const int64_t blocks = units * pixel_blocks;
    const bool channels_outer = plan.mapping.block_order == BlockOrder::ChannelsOuter;
    const int64_t switches = channels_outer || units == 1 ? units : blocks;
    return blocks * (sub.reduction + sub.bubble) + switches * (sub.gap + timing.parameter_words) + firstGap(plan, sub) - sub.gap;
}

int64_t macCycles(const LayerPlan& plan) {
    int64_t cycles = 0;
    for (const SubPlan& sub : plan.subs)
        for (const Job& job : jobsOf(plan, sub)) cycles += jobMacCycles(plan, sub, job);
    return cycles;
}

std::vector<LayerTime> networkCycles(const std::vector<LayerPlan>& plans, const MemoryModel& memory) {
    Engines engines(memory, true);
    std::vector<LayerTime> times;
    for (const LayerPlan& plan : plans) times.push_back(engines.run(plan));
    Timeline& timeline = engines.timeline();
    std::vector<Timeline::Interval> any = timeline.storing;
    any.insert(any.end(), timeline.computing.begin(), timeline.computing.end());
    Timeline::sort(timeline.computing);
    Timeline::sort(any);
    CycleClasses before;
    for (LayerTime& time : times) {
        const CycleClasses now = classesBefore(timeline, any, time.done);
        time.classes = {now.compute - before.compute, now.fill_drain - before.fill_drain,
                        now.wait_load - before.wait_load, now.wait_store - before.wait_store};
        before = now;
    }
    return times;
}

LayerChain::LayerChain(const MemoryModel& memory) : engines_(std::make_shared<const Engines>(memory, false)) {}

LayerChain LayerChain::with(const LayerPlan& plan) const {
    auto engines = std::make_shared<Engines>(*engines_);
    engines->run(plan);
    return LayerChain(std::move(engines));
}

int64_t LayerChain::done() const { return engines_->done(); }

int64_t networkLatency(const std::vector<const LayerPlan*>& plans, const MemoryModel& memory) {
    Engines engines(memory, false);
    for (const LayerPlan* plan : plans) engines.run(*plan);
    return engines.done();
}

LayerTime layerCycles(const LayerPlan& plan, const MemoryModel& memory) {
    Engines engines(memory, false);
    engines.run(plan);
    engines.scaleRows(plan.layer.in_height, plan.layer.out_height);
    LayerPlan behind = plan;
    behind.layer.input.node = plan.layer.output_node;
    return engines.run(behind);
}

}  // namespace dna::mapping
