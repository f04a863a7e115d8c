#include "core/mapping/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "core/base/error.h"
#include "core/design/templates.h"

namespace dna::mapping {

using design::Chunk;

namespace {

int ceilDiv(int a, int b) { return (a + b - 1) / b; }
int roundUp(int a, int b) { return ceilDiv(a, b) * b; }

/// Words that need against words there are; remembers the worst.
class Capacity {
public:
    void need(const char* buffer, int64_t words, int64_t capacity) {
        const double excess = double(words) / double(capacity) - 1.0;
        if (words <= capacity || excess <= refusal_.excess) return;
        refusal_ = {
            fmt::format("{} holds {} words, the tile needs {} ({} over)", buffer, capacity, words, words - capacity),
            excess};
    }
    bool ok() const { return refusal_.reason.empty(); }
    const Refusal& refusal() const { return refusal_; }

private:
    Refusal refusal_;
};

/// Widths of the descriptor's fields in the hardware.
constexpr int64_t kFieldLimit = 65535, kCounterLimit = 1023, kChannelLimit = 4095;

int inputRow(const LayerPlan& plan, const SubPlan& sub, int row_tile) {
    return row_tile * sub.rows_full * plan.layer.stride - plan.layer.pad;
}

/// Rows of banks that the tallest tile occupies.
int bankRows(const LayerPlan& plan, const SubPlan& sub) {
    const int shift = sub.shift + plan.log2_y_lanes();
    int rows = 0;
    for (int tile = 0; tile < sub.row_tiles; ++tile) {
        const int begin = plan.input_rows_begin(sub, tile), end = plan.input_rows_end(sub, tile);
        if (end > begin) rows = std::max(rows, ((end - 1) >> shift) - (begin >> shift) + 1);
    }
    return rows;
}

void planOutput(const LayerPlan& plan, SubPlan& sub) {
    const Layer& layer = plan.layer;
    const LayerMapping& m = plan.mapping;
    sub.rows_full = std::min(m.tile_rows, layer.out_height);
    sub.row_tiles = ceilDiv(layer.out_height, sub.rows_full);
    sub.rows_last = layer.out_height - (sub.row_tiles - 1) * sub.rows_full;
    const int padded = roundUp(sub.sub.out_channels, layer.block());
    const int channels = std::min(m.tile_channels, padded);
    sub.channel_tiles = ceilDiv(padded, channels);
    sub.blocks_full = channels / layer.block();
    sub.blocks_last = padded / layer.block() - (sub.channel_tiles - 1) * sub.blocks_full;
    sub.units_full = channels / plan.chunk.cols;
    const int last_channels = sub.sub.out_channels - (sub.channel_tiles - 1) * channels;
    sub.units_last = ceilDiv(last_channels, plan.chunk.cols);
    sub.x_blocks = ceilDiv(layer.out_width, plan.x_lanes());
    sub.y_blocks_full = ceilDiv(sub.rows_full, plan.y_lanes());
    sub.y_blocks_last = ceilDiv(sub.rows_last, plan.y_lanes());
}

void planInput(const LayerPlan& plan, SubPlan& sub) {
    const Layer& layer = plan.layer;
    const SubLayer& s = sub.sub;
    // A row-stationary array reads whole rows: nothing is gained by planes of even and odd columns.
    sub.shift = layer.stride == 2 && !plan.chunk.rowStationary() ? 1 : 0;
    sub.drop_odd = sub.shift != 0 && layer.taps() == 1 && layer.pad == 0;
    if (layer.mode == ArrayMode::Dense) {
        sub.input_block = s.in_begin / layer.block();
        const int last = s.in_begin + (s.runs - 1) * s.run_stride + s.in_channels - 1;
        sub.input_blocks = last / layer.block() - sub.input_block + 1;
        sub.channel_offset = s.in_begin % layer.block();
        if (s.runs == 2) sub.run_start = sub.channel_offset + s.run_stride;
    } else {
        sub.input_blocks = sub.blocks_full;
    }
    sub.x_words = (((layer.in_width - 1) >> sub.shift) >> plan.mapping.log2_x_lanes) + 1;
    const int planes = sub.shift != 0 && !sub.drop_odd ? 4 : 1;
    sub.plane_words = bankRows(plan, sub) * sub.x_words;
    sub.block_words = planes * sub.plane_words;
}

int smallestBlock(const LayerPlan& plan, const SubPlan& sub) {
    int smallest = plan.chunk.psum_words;
    for (const int tile : {0, sub.row_tiles - 1}) {
        const int pixels = plan.tilePixels(sub, tile), rest = pixels % plan.chunk.psum_words;
        smallest = std::min(smallest, rest == 0 ? plan.chunk.psum_words : rest);
    }
    return smallest;
}

/// Sets work on aligned channels: run 0 from the first one's, run 1 up to the last one's, both inside what is loaded.
void alignRuns(SubPlan& sub, bool two_runs, int width) {
    sub.channel_offset -= sub.channel_offset % width;
    if (two_runs) sub.run_start = roundUp(sub.run_start + sub.sub.in_channels, width) - sub.slices * width;
}

void planFold(const LayerPlan& plan, SubPlan& sub) {
    const Layer& layer = plan.layer;
    const design::Timing timing = design::timingOf(plan.chunk);
    const bool dense = layer.mode == ArrayMode::Dense;
    sub.fold = bestFold(layer, sub.sub, plan.chunk, sub.rows_full, sub.channel_offset, sub.run_start);
    const Fold& fold = sub.fold;
    sub.slices = setsOfRun(sub.sub, layer.mode, sub.channel_offset, sub.run_start, fold.setChannels());
    alignRuns(sub, dense && sub.sub.runs == 2, fold.setChannels());
    sub.reduction = fold.taps() * (dense ? sub.sub.runs : 1) * sub.slices;
    sub.unit_words = timing.parameter_words + sub.reduction * plan.setWords(sub);
    sub.y_blocks_full = ceilDiv(sub.rows_full, fold.groups);
    sub.y_blocks_last = ceilDiv(sub.rows_last, fold.groups);
    // A unit's parameters may not be overwritten before the first row of its last set took them over.
    int64_t smallest = fold.block_steps;
    for (const int tile : {0, sub.row_tiles - 1})
        smallest = std::min(smallest, (plan.tileSteps(sub, tile) - 1) % fold.block_steps + 1);
    const int64_t gap = timing.sums_stage - 5 + fold.chain() + fold.stepMacs() - foldSetCycles(fold, smallest);
    sub.gap = int(std::max<int64_t>(timing.gap, gap));
}

void planReduction(const LayerPlan& plan, SubPlan& sub) {
    const Layer& layer = plan.layer;
    const design::Timing timing = design::timingOf(plan.chunk);
    const int taps = layer.taps();
    const bool dense = layer.mode == ArrayMode::Dense;
    sub.shared_weights = layer.pool;
    sub.gap = timing.gap;
    if (plan.chunk.rowStationary()) return planFold(plan, sub);
    if (!plan.chunk.weightsStay()) {
        sub.reduction = dense ? taps * sub.sub.runs * sub.sub.in_channels : taps;
        sub.pace = plan.drainsSlowly(sub) ? plan.chunk.rawWords() : plan.chunk.columns_per_lane;
        sub.bubble = std::max(0, timing.drain * sub.pace - sub.reduction);
        // Units of several blocks have taken their parameters over long before their last block.
        const bool single = plan.mapping.block_order == BlockOrder::PixelsOuter ||
                            sub.x_blocks * std::min(sub.y_blocks_full, sub.y_blocks_last) == 1;
        if (!single)
            sub.gap = 1;
        else if (sub.reloads)
            sub.gap += sub.pace;  // its rows leave as much later
        sub.unit_words = timing.parameter_words + ceilDiv(sub.reduction, plan.vectorsPerWord());
        return;
    }
    const int rows = plan.chunk.rows, channels = sub.sub.in_channels;
    sub.slices = dense ? sliceCount(sub.channel_offset, channels, rows) : std::max(1, plan.chunk.cols / rows);
    const bool two_runs = dense && sub.sub.runs == 2;
    if (two_runs) sub.slices = std::max(sub.slices, sliceCount(sub.run_start, channels, rows));
    alignRuns(sub, two_runs, rows);
    sub.reduction = taps * (dense ? sub.sub.runs : 1) * sub.slices;
    sub.unit_words = timing.parameter_words + sub.reduction * plan.setWords(sub);
    // A unit's parameters may not be overwritten before its first row has left its last set.
    sub.gap = std::max(timing.gap, timing.sums_stage - 4 - plan.lastSetCycles(smallestBlock(plan, sub)));
}

/// Output array, channels outer: the fewest channel blocks of a part for which it is stored in time. A part takes its half of the
/// output buffer with its first parameters and gives it back when its last word is read; the one after the next waits for that.
void planParts(const LayerPlan& plan, SubPlan& sub) {
    constexpr int kMost = 15, kTolerated = 16;  // waits of 1/16 of a part's time are
    if (plan.chunk.array != design::Template::OutputArray || plan.mapping.block_order != BlockOrder::ChannelsOuter) return;
    if (plan.chunk.output_slots == 1) return;  // there is no other half
    const design::Timing timing = design::timingOf(plan.chunk);
    const int pixel_blocks = sub.y_blocks_full * sub.x_blocks;
    const int issue = plan.units_per_block() *
                      (pixel_blocks * (sub.reduction + sub.bubble) + sub.gap + timing.parameter_words);
    const int stored = plan.outputWordsPerBlock(sub, 0) * plan.chunk.beatsPerWord();
    const int behind = timing.drain_stage + plan.chunk.rows * sub.pace + timing.post_stages - sub.bubble;
    sub.part_blocks = 1;
    while (sub.part_blocks < kMost && behind + sub.part_blocks * (stored - issue) > sub.part_blocks * issue / kTolerated)
        ++sub.part_blocks;
    if (sub.part_blocks == kMost) sub.part_blocks = 1;  // storing is the slower one
}

void checkCapacity(const LayerPlan& plan, const SubPlan& sub, Capacity& capacity) {
    const int blocks = plan.inputBlocks(sub, 0);
    capacity.need("the input buffer (per lane)", int64_t{blocks} * sub.block_words, plan.chunk.input_words);
    capacity.need("the weight buffer", plan.weightWords(sub, 0), plan.chunk.weight_words);
    const int64_t out = int64_t{sub.blocks_full} * plan.outputWordsPerBlock(sub, 0);
    capacity.need("the output buffer", out, plan.chunk.output_words);
    if (plan.usesResidual(sub))
        capacity.need("the residual buffer", int64_t{sub.blocks_full} * plan.residualWordsPerBlock(sub, 0),
                      plan.chunk.output_words);
    for (const int count : {sub.row_tiles, sub.channel_tiles, sub.units_full, sub.x_blocks, sub.y_blocks_full,
                            sub.input_blocks, plan.layer.in_height, plan.layer.in_width, plan.input_pitch_words()})
        capacity.need("a loop counter", count, kCounterLimit);
    capacity.need("the channel counter", sub.channel_offset + sub.sub.run_stride + sub.sub.in_channels, kChannelLimit);
    capacity.need("a descriptor field (input rows of a tile)",
                  int64_t{plan.input_rows_end(sub, 0)} * plan.input_pitch_words(), kFieldLimit);
}

std::string illegal(const Layer& layer, const Chunk& chunk, const LayerMapping& m) {
    DNA_CHECK(layer.operand_bits == chunk.operand_bits, "layers were extracted for another operand width");
    if (layer.value_bits > chunk.operand_bits)
        return fmt::format("its values need {} bits, the design's operands have {}", layer.value_bits,
                           chunk.operand_bits);
    if (m.log2_x_lanes < 0 || m.log2_x_lanes > maxLog2XLanes(chunk))
        return fmt::format("log2_x_lanes must be in [0, {}] for {} pixels at a time, found {}", maxLog2XLanes(chunk),
                           chunk.lanes(), m.log2_x_lanes);
    const int row_step = rowStep(chunk, m.log2_x_lanes);
    if (m.tile_rows < 1 || (m.tile_rows < layer.out_height && m.tile_rows % row_step != 0))
        return fmt::format("tile_rows must be a multiple of the {} lanes across rows (or the whole map), found {}",
                           row_step, m.tile_rows);
    if (m.tile_channels < layer.block() || m.tile_channels % layer.block() != 0)
        return fmt::format("tile_channels must be a positive multiple of {}, found {}", layer.block(), m.tile_channels);
    if (layer.kernel > 15 || layer.kernel_width > 15 || layer.pad > 7 || layer.stride > 2 || layer.dilation > 2)
        return fmt::format(
            "kernel {}x{} (at most 15), stride {} (at most 2), pad {} (at most 7) or dilation {} "
            "(at most 2) is beyond the hardware",
            layer.kernel, layer.kernel_width, layer.stride, layer.pad, layer.dilation);
    if (m.tile_reduction < 0 || m.tile_reduction % layer.block() != 0)
        return fmt::format("tile_reduction must be a multiple of {} (or 0: all input channels), found {}", layer.block(),
                           m.tile_reduction);
    if (layer.max_pool && !chunk.max_pool)
        return chunk.hasPartialSums() ? "PEs whose weights stay can't take maxima: a max pool needs an output_array"
                                      : "the design's PEs can't take maxima: set \"max_pool\" of the chunk to true";
    if (accumulatorBits(layer) > chunk.accumulator_bits)
        return fmt::format("the reduction needs {} accumulator bits, the design has {}", accumulatorBits(layer),
                           chunk.accumulator_bits);
    return {};
}

/// Runs of at most `channels` input channels, cut where words begin; runs of a folded shuffle one after the other.
std::vector<SubLayer> passesOf(const SubLayer& sub, int block, int channels) {
    if (channels == 0 || sub.runs * sub.in_channels <= channels) return {sub};
    std::vector<SubLayer> passes;
    for (int run = 0; run < sub.runs; ++run) {
        int at = sub.in_begin + run * sub.run_stride;
        for (const int end = at + sub.in_channels; at < end;) {
            const int cut = std::min(end, at - at % block + channels);
            SubLayer pass = sub;
            pass.in_begin = at, pass.in_channels = cut - at, pass.runs = 1, pass.run_stride = 0;
            passes.push_back(pass);
            at = cut;
        }
    }
    return passes;
}

}  // namespace

int LayerPlan::log2_y_lanes() const { return std::countr_zero(unsigned(y_lanes())); }

int LayerPlan::input_pitch_words() const {
    return layer.narrow_input ? ceilDiv(layer.in_width, layer.narrowPixels()) : layer.in_width;
}

int LayerPlan::narrowCycles(const SubPlan& sub, int pixels) const {
    const int at_once = layer.narrowPixels() >> sub.shift;
    const bool wide = chunk.array == design::Template::OutputArray && at_once > 1 && x_lanes() >= at_once;
    return wide ? 1 << sub.shift : pixels;
}

int LayerPlan::input_rows_begin(const SubPlan& sub, int row_tile) const {
    return std::clamp(inputRow(*this, sub, row_tile), 0, layer.in_height);
}

int LayerPlan::input_rows_end(const SubPlan& sub, int row_tile) const {
    const int span = (rows(sub, row_tile) - 1) * layer.stride + layer.span();
    return std::clamp(inputRow(*this, sub, row_tile) + span, 0, layer.in_height);
}

int LayerPlan::outputWordsPerBlock(const SubPlan& sub, int row_tile) const {
    return tileOutputs(sub, row_tile) * (writesRaw(sub) ? layer.rawWords() : 1);
}

int LayerPlan::residualWordsPerBlock(const SubPlan& sub, int row_tile) const {
    return tileOutputs(sub, row_tile) * (sub.reloads ? layer.rawWords() : 1);
}

bool LayerPlan::splitsReduction() const {
    return std::any_of(subs.begin(), subs.end(), [](const SubPlan& sub) { return sub.spills; });
}

int LayerPlan::setCycles(int pixels) const {
    const int steps = std::max(pixels, design::timingOf(chunk).min_set);
    return steps + steps % 2;
}

int LayerPlan::lastPixel(int pixels) const {
    const int share = chunk.columns_per_lane;
    const int pause = share == 2 && pixels > 1 ? 2 : 0;  // dna_compute_ws: LATE
    return (pixels - 1) * share + pause;
}

int LayerPlan::lastSetCycles(int pixels) const {
    const int share = chunk.columns_per_lane;
    return setCycles(pixels) + pixels * (share - 1) + (share == 2 ? 2 : 0);
}

int LayerPlan::setWords(const SubPlan& sub) const {
    if (chunk.rowStationary()) return ceilDiv(sub.fold.setVectors(), vectorsPerWord());
    return layer.mode == ArrayMode::Dense ? chunk.rows / vectorsPerWord() : 1;
}

int LayerPlan::weightWords(const SubPlan& sub, int channel_tile) const {
    return sub.shared_weights ? sub.unit_words : units(sub, channel_tile) * sub.unit_words;
}

bool readsBlocks(const LayerPlan& plan, const LayerPlan& before) {
    return plan.layer.mode == ArrayMode::Depthwise && before.subs.size() == 1 &&
           before.layer.output_node == plan.layer.input.node;
}

int accumulatorBits(const Layer& layer) {
    int64_t reduction = 1;
    for (const SubLayer& sub : layer.subs) {
        const int64_t taps = layer.taps();
        reduction = std::max(reduction, layer.mode == ArrayMode::Dense ? taps * sub.runs * sub.in_channels : taps);
    }
    const int64_t least = network::leastOf(layer.operand_bits), greatest = network::greatestOf(layer.operand_bits);
    return 1 + std::bit_width(uint64_t(reduction * -least * greatest));
}

int maxLog2XLanes(const Chunk& chunk) { return chunk.rowStationary() ? 0 : std::countr_zero(unsigned(chunk.lanes())); }

int rowStep(const Chunk& chunk, int log2_x_lanes) { return chunk.rowStationary() ? 1 : chunk.lanes() >> log2_x_lanes; }

int bestLog2XLanes(const Layer& layer, const Chunk& chunk) {
    const int log2_lanes = maxLog2XLanes(chunk);
    int best = log2_lanes;
    int64_t fewest = INT64_MAX;
    for (int log2_x = log2_lanes; log2_x >= 0; --log2_x) {
        const int64_t blocks =
            int64_t{ceilDiv(layer.out_width, 1 << log2_x)} * ceilDiv(layer.out_height, chunk.lanes() >> log2_x);
        if (blocks < fewest) fewest = blocks, best = log2_x;
    }
    return best;
}

std::string unsplittable(const Layer& layer, const Chunk& chunk) {
    if (layer.mode != ArrayMode::Dense) return "a depthwise layer or pool has no reduction over channels to split";
    if (layer.residual_node >= 0) return "the reduction of a layer that adds a residual can't be split";
    if (chunk.array != design::Template::OutputArray) return "only an output_array can split a reduction";
    if (!chunk.split_reduction)
        return "the design can't split a reduction: set \"split_reduction\" of the chunk to true";
    return {};
}

std::variant<LayerPlan, Refusal> lower(const Layer& layer, const Chunk& chunk, const LayerMapping& mapping) {
    if (const std::string why = illegal(layer, chunk, mapping); !why.empty()) return Refusal{why, 1.0};
    LayerPlan plan{layer, mapping, chunk, {}};
    Capacity capacity;
    for (const SubLayer& sub_layer : layer.subs) {
        const std::vector<SubLayer> passes = passesOf(sub_layer, layer.block(), mapping.tile_reduction);
        if (passes.size() > 1)
            if (const std::string why = unsplittable(layer, chunk); !why.empty()) return Refusal{why, 1.0};
        for (const SubLayer& pass : passes) {
            SubPlan sub;
            sub.sub = pass;
            sub.reloads = &pass != &passes.front();
            sub.spills = &pass != &passes.back();
            planOutput(plan, sub);
            planInput(plan, sub);
            planReduction(plan, sub);
            planParts(plan, sub);
            checkCapacity(plan, sub, capacity);
            plan.subs.push_back(sub);
        }
    }
    if (!capacity.ok()) return capacity.refusal();
    return plan;
}

}  // namespace dna::mapping
