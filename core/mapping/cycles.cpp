#include "core/mapping/cycles.h"

#include <algorithm>
#include <deque>

#include "core/mapping/transfers.h"

namespace dna::mapping {

using design::MemoryModel;

namespace {

/// Constants of the engines' state machines (rtlgen/rtl/dna_load.v, dna_compute.v, dna_store.v), in cycles.
constexpr int64_t kFirstRequest = 2;    ///< start to the first descriptor request
constexpr int64_t kDescriptorBeats = 16;
constexpr int64_t kDecode = 2;          ///< last descriptor beat to the load engine's first job
constexpr int64_t kConfigure = 3;       ///< last descriptor beat to compute and store configured
constexpr int64_t kJobPrepare = 3;      ///< load engine: job taken to its first item
constexpr int64_t kLoaded = 2;          ///< last beat of a job accepted to compute starting it
constexpr int64_t kComputePrepare = 2;  ///< job taken to its first issue
constexpr int64_t kReleased = 6;        ///< last issue of a job to its input and weight slots free at the load engine
constexpr int64_t kPipeline = 24;       ///< last issue of a job to its output tile complete, drain chain apart
constexpr int64_t kStorePrepare = 3;    ///< output tile complete to the first beat written
constexpr int64_t kStoreNext = 2;       ///< last beat of a job to the next job taken
constexpr int64_t kStored = 2;          ///< last write response to the layer counted as done

/// Reads: bursts are requested one a cycle, at most N outstanding; their data come in order, back to back.
class ReadChannel {
public:
    explicit ReadChannel(const MemoryModel& memory) : memory_(memory) {}

    /// Requests a transfer's bursts, the first not before `earliest`; returns the cycle after the last request.
    int64_t request(const Transfer& transfer, int64_t earliest, int cycles_per_beat) {
        int64_t now = earliest;
        for (int i = 0; i < transfer.blocks; ++i)
            forEachBurst(transfer.segment(i), memory_, [&](const Burst& burst) { now = issue(burst.beats, now, cycles_per_beat); });
        beats_ += transfer.totalBeats();
        return now;
    }

    /// Counts a transfer that took place before time began.
    void count(const Transfer& transfer) { beats_ += transfer.totalBeats(); }

    /// Cycle in which the last beat asked for so far is accepted.
    int64_t lastBeat() const { return last_beat_; }
    int64_t beats() const { return beats_; }

private:
    int64_t issue(int beats, int64_t now, int cycles_per_beat) {
        if (int(outstanding_.size()) == memory_.outstanding_reads) {
            now = std::max(now, outstanding_.front() + 1);
            outstanding_.pop_front();
        }
        const int64_t first = std::max(now + memory_.read_latency, last_beat_ + last_step_);
        last_beat_ = first + int64_t{beats - 1} * cycles_per_beat;
        last_step_ = cycles_per_beat;
        outstanding_.push_back(last_beat_);
        return now + 1;
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
    Machine(const MemoryModel& memory, bool warm) : memory_(memory), reads_(memory), warm_(warm), warm_weights_(warm) {}

    LayerTime run(const LayerPlan& plan) {
        const int64_t before = last_done_;
        const int64_t beats = reads_.beats();
        LayerTime time;
        int64_t weight_base = 0;
        for (size_t i = 0; i < plan.subs.size(); ++i) {
            barrier_ = i == 0 ? last_done_ : barrier_;
            runSub(plan, plan.subs[i], weight_base, time);
            weight_base += weightImageBytes(plan.subs[i]);
        }
        time.done = last_done_;
        time.latency = last_done_ - before;
        time.read_beats = reads_.beats() - beats;
        finishClasses(plan, time);
        return time;
    }

private:
    void fetchDescriptor() {
        if (warm_) {
            warm_ = false;
            configured_ = request_;
            return;
        }
        const int64_t start = std::max(request_, configured_);
        reads_.request({0, 0, 1, int(kDescriptorBeats)}, start, 1);
        request_ = reads_.lastBeat() + kDecode;
        pending_configuration_ = reads_.lastBeat() + kConfigure;
    }

    void runSub(const LayerPlan& plan, const SubPlan& sub, int64_t weight_base, LayerTime& time) {
        fetchDescriptor();
        configured_ = std::max({pending_configuration_, compute_free_, store_free_});
        compute_free_ = store_free_ = configured_;
        for (const Job& job : jobsOf(plan, sub)) {
            const int64_t loaded = load(plan, sub, job, weight_base);
            const int64_t full = compute(plan, sub, job, loaded);
            store(plan, sub, job, full, time);
        }
        last_done_ = last_response_ + kStored;
        store_free_ = last_done_;
    }

    int64_t load(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t weight_base) {
        request_ += kJobPrepare;
        if (job.weights_changed) {
            request_ = std::max(request_, weights_.available());
            weights_.take();
            request_ = requestWeights(weightTransfer(plan, sub, job, weight_base));
        }
        if (job.input_changed) {
            request_ = std::max({request_, inputs_.available(), barrier_});
            inputs_.take();
            request_ = reads_.request(inputTransfer(plan, sub, job), request_, plan.layer.narrow_input ? 4 : 1);
        }
        if (plan.layer.residual_node >= 0) {
            request_ = std::max(request_, residuals_.available());
            residuals_.take();
            request_ = reads_.request(outputTransfer(plan, sub, job), request_, 1);
        }
        return reads_.lastBeat() + kLoaded;
    }

    /// A warm machine has the first tile's weights already.
    int64_t requestWeights(const Transfer& transfer) {
        if (warm_weights_) {
            warm_weights_ = false;
            reads_.count(transfer);
            return request_;
        }
        return reads_.request(transfer, request_, 1);
    }

    int64_t compute(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t loaded) {
        const int64_t start = std::max({loaded, outputs_.available(), compute_free_});
        outputs_.take();
        const int64_t end = start + kComputePrepare + jobIssueCycles(plan, sub, job.row_tile, job.channel_tile);
        compute_free_ = end;
        if (job.input_released) inputs_.release(end + kReleased);
        if (job.weights_released) weights_.release(end + kReleased);
        const int64_t full = end + kPipeline + plan.chunk.rows;
        if (plan.layer.residual_node >= 0) residuals_.release(full);
        return full;
    }

    void store(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t full, LayerTime& time) {
        const Transfer transfer = outputTransfer(plan, sub, job);
        const int64_t start = std::max(full, store_free_) + kStorePrepare;
        const int64_t last = start + transfer.totalBeats() - 1;
        time.write_beats += transfer.totalBeats();
        store_free_ = last + kStoreNext;
        outputs_.release(store_free_);
        last_response_ = last + memory_.write_latency;
    }

    /// Wait classes are what is left of the latency: split by who was the bottleneck, the reads or the writes.
    void finishClasses(const LayerPlan& plan, LayerTime& time) const {
        time.classes.compute = macCycles(plan);
        int64_t busy = 0;
        for (const SubPlan& sub : plan.subs)
            for (const Job& job : jobsOf(plan, sub))
                busy += kComputePrepare + jobIssueCycles(plan, sub, job.row_tile, job.channel_tile);
        busy = std::min(busy + kPipeline + plan.chunk.rows, time.latency);
        time.classes.compute = std::min(time.classes.compute, time.latency);
        time.classes.fill_drain = std::max<int64_t>(0, busy - time.classes.compute);
        const int64_t waiting = time.latency - time.classes.compute - time.classes.fill_drain;
        const int64_t tail = std::min(waiting, int64_t{memory_.write_latency} + kStored);
        const bool writes = time.write_beats > time.read_beats;
        time.classes.wait_store = writes ? waiting : tail;
        time.classes.wait_load = writes ? 0 : waiting - tail;
    }

    MemoryModel memory_;
    ReadChannel reads_;
    Slots inputs_, weights_, residuals_, outputs_;
    bool warm_ = false, warm_weights_ = false;
    int64_t request_ = kFirstRequest;
    int64_t pending_configuration_ = 0, configured_ = 0;
    int64_t compute_free_ = 0, store_free_ = 0;
    int64_t barrier_ = 0, last_done_ = 0, last_response_ = 0;
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
