#include "core/mapping/cycles.h"

#include <algorithm>
#include <deque>

#include "core/mapping/transfers.h"

namespace dna::mapping {

using design::MemoryModel;

namespace {

// Times are cycles from the start pulse. The constants below are register stages of rtlgen/rtl, named after the state they
// lead to; tests/verif/simulation_test.cpp compares the outcome with the RTL, layer by layer, to the cycle.
constexpr int64_t kFetch = 1;              ///< dna_load: start to FETCH
constexpr int64_t kDescriptorBeats = 16;
constexpr int64_t kDecoded = 3;            ///< last descriptor beat accepted to the first job's CLIP state
constexpr int64_t kCaptured = 2;           ///< last descriptor beat accepted to captured by compute and store
constexpr int64_t kItems = 2;              ///< CLIP to the first item state
constexpr int64_t kConfigured = 2;         ///< descriptor taken to waiting for a job (compute) or a tile (store)
constexpr int64_t kLoaded = 2;             ///< last word of a job consumed to its token
constexpr int64_t kPrepared = 2;           ///< job taken to its first issue cycle
constexpr int64_t kReleased = 4;           ///< end of a job's issue to its slots free
constexpr int64_t kDrained = 19;           ///< end of issue to the tile's token, drain chain apart
constexpr int64_t kFirstBeat = 4;          ///< tile taken to its first beat written
constexpr int64_t kTileRead = 2;           ///< tile taken to its first word read
constexpr int64_t kAnswered = 2;           ///< last write response to layer done
constexpr int kLengths = 4;                ///< write bursts requested ahead of their data

/// Reads: bursts are requested one a cycle, at most N outstanding; their data come in order, back to back, and are consumed
/// one word a cycle (narrow pictures: one pixel a cycle).
class ReadChannel {
public:
    explicit ReadChannel(const MemoryModel& memory) : memory_(memory) {}

    /// Requests a transfer's bursts, the first not before `earliest`; returns the cycle of the last request.
    int64_t request(const Transfer& transfer, int64_t earliest) {
        int64_t now = earliest - 1;
        for (int i = 0; i < transfer.blocks; ++i)
            forEachBurst(transfer.segment(i), memory_, [&](const Burst& burst) {
                now = requestOne(now + 1);
                receive(now, burst.beats, [](int) { return 1; });
            });
        beats_ += transfer.totalBeats();
        return now;
    }

    /// The same for the narrow picture: `row_beats` beats a row of `width` pixels, four pixels a beat.
    int64_t requestNarrow(const Transfer& transfer, int64_t earliest, int row_beats, int width) {
        int64_t now = earliest - 1;
        int beat = 0;
        forEachBurst(transfer.segment(0), memory_, [&](const Burst& burst) {
            now = requestOne(now + 1);
            const int first = beat;
            receive(now, burst.beats, [&](int i) { return (first + i) % row_beats == row_beats - 1 ? width - 4 * (row_beats - 1) : 4; });
            beat += burst.beats;
        });
        beats_ += transfer.totalBeats();
        return now;
    }

    /// Counts a transfer that took place before time began.
    void count(const Transfer& transfer) { beats_ += transfer.totalBeats(); }

    /// Cycle in which the last beat asked for so far is accepted, and in which its last word is consumed.
    int64_t lastBeat() const { return last_beat_; }
    int64_t consumed() const { return last_beat_ + last_step_; }
    int64_t beats() const { return beats_; }

private:
    int64_t requestOne(int64_t now) {
        if (int(outstanding_.size()) < memory_.outstanding_reads) return now;
        now = std::max(now, outstanding_.front() + 1);
        outstanding_.pop_front();
        return now;
    }

    template <class Steps>
    void receive(int64_t requested, int beats, Steps&& steps) {
        last_beat_ = std::max(requested + memory_.read_latency, last_beat_ + last_step_);
        for (int i = 0; i < beats; ++i) {
            if (i > 0) last_beat_ += last_step_;
            last_step_ = steps(i);
        }
        outstanding_.push_back(last_beat_);
    }

    const MemoryModel& memory_;
    std::deque<int64_t> outstanding_;
    int64_t last_beat_ = -1;
    int64_t last_step_ = 1;
    int64_t beats_ = 0;
};

/// Two slots of an operand: taken in order, freed in order.
class Slots {
public:
    /// Earliest cycle at which the next slot may be taken.
    int64_t available() const { return taken_ < 2 ? 0 : freed_[size_t(taken_) - 2]; }
    void take() { ++taken_; }
    void release(int64_t when) { freed_.push_back(when); }

private:
    int64_t taken_ = 0;
    std::vector<int64_t> freed_;
};

class Machine {
public:
    /// A warm machine has the first descriptor and the first tile's weights already.
    Machine(const MemoryModel& memory, bool warm) : memory_(memory), reads_(memory_), warm_descriptor_(warm), warm_weights_(warm) {}

    LayerTime run(const LayerPlan& plan) {
        const int64_t before = layer_done_, beats = reads_.beats();
        LayerTime time;
        int64_t weight_base = 0;
        barrier_ = layer_done_ + 1;
        for (const SubPlan& sub : plan.subs) {
            fetchDescriptor();
            for (const Job& job : jobsOf(plan, sub)) {
                const int64_t loaded = load(plan, sub, job, weight_base);
                const int64_t tile = compute(plan, sub, job, loaded);
                store(plan, sub, job, tile, time);
            }
            compute_idle_ = std::max(compute_free_, tile_);
            layer_done_ = store_idle_ = last_beat_written_ + memory_.write_latency + kAnswered;
            weight_base += weightImageBytes(sub);
        }
        time.done = layer_done_;
        time.latency = layer_done_ - before;
        time.read_beats = reads_.beats() - beats;
        finishClasses(plan, time);
        return time;
    }

private:
    void fetchDescriptor() {
        const int64_t go = std::max({load_free_, compute_taken_ + 1, store_taken_ + 1});
        int64_t arrived = 0;
        if (warm_descriptor_) {
            warm_descriptor_ = false;
            arrived = -kDecoded;
        } else {
            reads_.request({0, 0, 1, int(kDescriptorBeats)}, go + 1);
            arrived = reads_.lastBeat();
        }
        load_free_ = arrived + kDecoded;
        compute_taken_ = std::max(arrived + kCaptured, compute_idle_);
        store_taken_ = std::max(arrived + kCaptured, store_idle_);
        compute_free_ = compute_taken_ + kConfigured;
        store_free_ = store_taken_ + kConfigured;
        storing_.push_back({store_idle_, store_free_});
    }

    /// Walks the job's three item states; each takes a cycle even when it loads nothing. Returns when its token is there.
    int64_t load(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t weight_base) {
        int64_t now = load_free_ + kItems;
        if (job.weights_changed) {
            now = std::max(now, weights_.available());
            weights_.take();
            now = requestWeights(weightTransfer(plan, sub, job, weight_base), now + 1);
        }
        ++now;
        if (job.input_changed) {
            now = std::max({now, inputs_.available(), barrier_});
            inputs_.take();
            const Transfer t = inputTransfer(plan, sub, job);
            now = plan.layer.narrow_input ? reads_.requestNarrow(t, now + 1, plan.input_pitch_words(), plan.layer.in_width)
                                          : reads_.request(t, now + 1);
        }
        ++now;
        if (plan.layer.residual_node >= 0) {
            now = std::max(now, residuals_.available());
            residuals_.take();
            now = reads_.request(outputTransfer(plan, sub, job), now + 1);
        }
        load_free_ = now + 1;
        return reads_.consumed() + kLoaded;
    }

    int64_t requestWeights(const Transfer& transfer, int64_t earliest) {
        if (warm_weights_) {
            warm_weights_ = false;
            reads_.count(transfer);
            return earliest;
        }
        return reads_.request(transfer, earliest);
    }

    int64_t compute(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t loaded) {
        const int64_t start = std::max({loaded, outputs_.available(), compute_free_});
        outputs_.take();
        const int64_t end = start + kPrepared + jobIssueCycles(plan, sub, job.row_tile, job.channel_tile);
        compute_free_ = end;
        if (job.input_released) inputs_.release(end + kReleased);
        if (job.weights_released) weights_.release(end + kReleased);
        tile_ = end + kDrained + plan.chunk.rows - sub.bubble;
        busy_.push_back({start, tile_});
        storing_.push_back({loaded, start});  // a loaded job waits for an output slot
        if (plan.layer.residual_node >= 0) residuals_.release(tile_);
        return tile_;
    }

    void store(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t tile, LayerTime& time) {
        const Transfer transfer = outputTransfer(plan, sub, job);
        const int64_t start = std::max(tile, store_free_);
        const int64_t requested = requestWrites(transfer, start);
        const int64_t beats = transfer.totalBeats();
        last_beat_written_ = start + kFirstBeat + beats - 1;
        time.write_beats += beats;
        store_free_ = std::max(start + kTileRead + beats, requested + 1) + 1;
        outputs_.release(store_free_);
        storing_.push_back({start + 1, job.last ? last_beat_written_ + memory_.write_latency + kAnswered : store_free_});
    }

    /// Write requests go ahead of the data by at most kLengths bursts; returns the cycle of the last one.
    int64_t requestWrites(const Transfer& transfer, int64_t start) const {
        int64_t now = start + kTileRead - 1, written = start + kFirstBeat - 1;
        std::deque<int64_t> ends;
        for (int i = 0; i < transfer.blocks; ++i)
            forEachBurst(transfer.segment(i), memory_, [&](const Burst& burst) {
                ++now;
                if (int(ends.size()) == kLengths) {
                    now = std::max(now, ends.front() + 1);
                    ends.pop_front();
                }
                written += burst.beats;
                ends.push_back(written);
            });
        return now;
    }

    /// Classes as dna_perf counts them: the compute side is busy from a job's take to its tile's token; else the store
    /// engine is at work (or between descriptors); else everybody waits for data.
    void finishClasses(const LayerPlan& plan, LayerTime& time) {
        const int64_t begin = time.done - time.latency;
        const int64_t computing = covered(busy_, begin, time.done);
        storing_.insert(storing_.end(), busy_.begin(), busy_.end());
        const int64_t active = covered(storing_, begin, time.done);
        time.classes.compute = macCycles(plan);
        time.classes.fill_drain = computing - time.classes.compute;
        time.classes.wait_store = active - computing;
        time.classes.wait_load = time.latency - active;
        busy_.clear();
        storing_.clear();
    }

    struct Interval {
        int64_t begin, end;
    };
    /// Length of the union of intervals inside [begin, end).
    static int64_t covered(std::vector<Interval> intervals, int64_t begin, int64_t end) {
        std::sort(intervals.begin(), intervals.end(), [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
        int64_t length = 0, reached = begin;
        for (const Interval& i : intervals) {
            const int64_t from = std::max(i.begin, reached), to = std::min(i.end, end);
            if (to > from) length += to - from, reached = to;
        }
        return length;
    }

    MemoryModel memory_;
    ReadChannel reads_;
    Slots inputs_, weights_, residuals_, outputs_;
    bool warm_descriptor_, warm_weights_;
    int64_t load_free_ = kFetch;                       ///< load engine ready for a job or a fetch
    int64_t compute_taken_ = -1, compute_free_ = 0;    ///< descriptor taken; ready for a job
    int64_t compute_idle_ = 0, store_idle_ = 0;        ///< ready for a descriptor
    int64_t store_taken_ = -1, store_free_ = 0;
    int64_t tile_ = 0, last_beat_written_ = 0, layer_done_ = 0, barrier_ = 0;
    std::vector<Interval> busy_, storing_;             ///< of the current layer
};

}  // namespace

int64_t jobIssueCycles(const LayerPlan& plan, const SubPlan& sub, int row_tile, int channel_tile) {
    const int64_t units = plan.units(sub, channel_tile);
    const int64_t pixel_blocks = int64_t{plan.yBlocks(sub, row_tile)} * sub.x_blocks;
    const int64_t blocks = units * pixel_blocks;
    const bool channels_outer = plan.mapping.block_order == BlockOrder::ChannelsOuter;
    const int64_t switches = channels_outer || units == 1 ? units : blocks;
    return blocks * (sub.reduction + sub.bubble) + switches * design::t3Timing(plan.chunk).unit_switch;
}

int64_t macCycles(const LayerPlan& plan) {
    int64_t cycles = 0;
    for (const SubPlan& sub : plan.subs) {
        int64_t units = 0, pixel_blocks = 0;
        for (int t = 0; t < sub.channel_tiles; ++t) units += plan.units(sub, t);
        for (int t = 0; t < sub.row_tiles; ++t) pixel_blocks += int64_t{plan.yBlocks(sub, t)} * sub.x_blocks;
        cycles += units * pixel_blocks * sub.reduction;
    }
    return cycles;
}

std::vector<LayerTime> networkCycles(const std::vector<LayerPlan>& plans, const MemoryModel& memory) {
    Machine machine(memory, false);
    std::vector<LayerTime> times;
    for (const LayerPlan& plan : plans) times.push_back(machine.run(plan));
    return times;
}

LayerTime layerCycles(const LayerPlan& plan, const MemoryModel& memory) { return Machine(memory, true).run(plan); }

}  // namespace dna::mapping
