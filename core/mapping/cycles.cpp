#include "core/mapping/cycles.h"

#include <algorithm>
#include <utility>

#include "core/mapping/channels.h"
#include "core/mapping/timeline.h"
#include "core/mapping/transfers.h"

namespace dna::mapping {

using design::MemoryModel;

namespace {

// Times are cycles from the start pulse. The constants below are register stages of rtlgen/rtl, named after the state
// they lead to (those of the buses stand in channels.cpp); tests/verif/simulation_test.cpp compares the outcome with the RTL, layer by layer, to the cycle.
constexpr int64_t kFetch = 1;  ///< dna_load: start to FETCH
constexpr int64_t kFetchedWords = 16;
constexpr int64_t kLocalFetch = 3;  ///< descriptor in the chip asked for to its item at work, its first word read meanwhile
constexpr int64_t kDecoded = 3;     ///< last descriptor beat accepted to the first job's CLIP state
constexpr int64_t kCaptured = 2;    ///< last descriptor beat accepted to captured by compute and store
constexpr int64_t kItems = 3;       ///< CLIP to the first item state
constexpr int64_t kConfigured = 2;  ///< descriptor taken to waiting for a tile (store)
constexpr int64_t kStarted = 1;     ///< descriptor taken to waiting for a job (compute), configuration apart
constexpr int64_t kLoaded = 2;      ///< last word of a job consumed to its token
constexpr int64_t kPrepared = 2;    ///< job taken to its first issue cycle
constexpr int64_t kReleased = 4;    ///< end of a job's issue to its slots free
constexpr int64_t kAnswered = 2;    ///< last write response to layer done
constexpr int64_t kRowsDone = 2;    ///< a job's last write response to its rows readable
constexpr int64_t kBlocksCompared = 1;  ///< blocks done to known by dna_load

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
        const int64_t go = std::max({load_free_, compute_taken_ + 1, store_taken_ + 1});
        const int64_t arrived = chunk.localDescriptors() ? readDescriptor(go) : requestDescriptor(go, chunk.beatsPerWord());
        load_free_ = arrived + kDecoded;
        compute_taken_ = std::max(arrived + kCaptured, compute_idle_);
        store_taken_ = std::max(arrived + kCaptured, store_idle_);
        compute_free_ = compute_taken_ + kStarted + timing.configure;
        store_free_ = store_taken_ + kConfigured;
        if (watched_) timeline_.storing.push_back({store_idle_, store_free_});
    }

    /// Cycle in which the last word of a descriptor in DRAM is accepted.
    int64_t requestDescriptor(int64_t go, int beats_per_word) {
        reads_.request({0, 0, 1, int(kFetchedWords)}, go + 1, beats_per_word);
        return reads_.lastWord();
    }

    /// The same for one in the chip: a word a cycle, behind everything that was asked for before it.
    int64_t readDescriptor(int64_t go) const {
        return std::max(go + kLocalFetch, reads_.consumed() + 1) + kFetchedWords - 1;
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
        return 1 + timing.sums_stage + timing.post_stages + plan.lastPixel(pixels) + 1 - plan.lastSetCycles(pixels);
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
        auto block = [&](int64_t of) {
            return plan.setCycles(int(of)) * int64_t{sub.reduction - 1} + plan.lastSetCycles(int(of));
        };
        const int64_t sets = (whole > 0 ? whole * block(words) : 0) + block(rest);
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
    addClasses(engines.timeline(), times);
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
