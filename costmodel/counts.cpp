#include "costmodel/counts.h"

#include <algorithm>

#include "core/mapping/cycles.h"
#include "core/mapping/transfers.h"

namespace dna::costmodel {

using mapping::ArrayMode;
using mapping::LayerPlan;
using mapping::SubPlan;

namespace {

/// Positions inside the map among `lanes` neighbours from `first`, in the plane of odd or even positions.
int64_t insidePlane(int first, int lanes, int size, int shift, int odd) {
    const int plane = shift != 0 ? (size + 1 - odd) / 2 : size;
    return std::max(0, std::min(first + lanes, plane) - std::max(first, 0));
}

/// Sum over taps of the lanes inside the map, for one block whose first output position is `first`.
int64_t lanesInside(const LayerPlan& plan, const SubPlan& sub, int kernel, int first, int lanes, int size) {
    int64_t sum = 0;
    for (int tap = 0; tap < kernel; ++tap) {
        const int offset = tap * plan.layer.dilation - plan.layer.pad;
        const int odd = sub.shift != 0 ? offset & 1 : 0;
        sum += insidePlane(first + (offset >> sub.shift), lanes, size, sub.shift, odd);
    }
    return sum;
}

/// Bank reads of one unit over all pixel blocks and taps, for one word per tap and pixel.
int64_t readsPerWord(const LayerPlan& plan, const SubPlan& sub) {
    int64_t x = 0, y = 0;
    for (int block = 0; block < sub.x_blocks; ++block)
        x += lanesInside(plan, sub, plan.layer.kernel_width, block * plan.x_lanes(), plan.x_lanes(),
                         plan.layer.in_width);
    for (int tile = 0; tile < sub.row_tiles; ++tile)
        for (int block = 0; block < plan.yBlocks(sub, tile); ++block)
            y += lanesInside(plan, sub, plan.layer.kernel, (tile * sub.y_blocks_full + block) * plan.y_lanes(),
                             plan.y_lanes(), plan.layer.in_height);
    return x * y;
}

/// Input words that one tap of a dense block touches.
int64_t wordsPerTap(const SubPlan& sub, int block) {
    int64_t words = 0;
    for (int run = 0; run < sub.sub.runs; ++run) {
        const int first = sub.channel_offset + run * sub.sub.run_stride;
        words += (first + sub.sub.in_channels - 1) / block - first / block + 1;
    }
    return words;
}

int64_t totalUnits(const SubPlan& sub) { return int64_t{sub.channel_tiles - 1} * sub.units_full + sub.units_last; }

void countTransfers(const LayerPlan& plan, const SubPlan& sub, AccessCounts& n) {
    (plan.chunk.localDescriptors() ? n.descriptor_reads : n.dram_descriptor_reads) += 16;
    for (const mapping::Job& job : mapping::jobsOf(plan, sub)) {
        if (job.weights_changed) {
            const int64_t words = mapping::weightTransfer(plan, sub, job, 0).totalWords();
            n.dram_weight_reads += words;
            n.weight_writes += words;
        }
        if (job.input_changed) {
            const mapping::Transfer t = mapping::inputTransfer(plan, sub, job);
            n.dram_input_reads += t.totalWords();
            const int begin = plan.input_rows_begin(sub, job.row_tile), end = plan.input_rows_end(sub, job.row_tile);
            const int64_t rows = sub.drop_odd ? (end + 1) / 2 - (begin + 1) / 2 : end - begin;
            const int64_t columns = sub.drop_odd ? (plan.layer.in_width + 1) / 2 : plan.layer.in_width;
            n.input_writes += rows * columns * t.blocks;
        }
        const int64_t out = mapping::outputTransfer(plan, sub, job).totalWords();
        n.dram_output_writes += out;
        n.output_reads += out;
        if (plan.usesResidual(sub)) {
            const int64_t words = mapping::residualTransfer(plan, sub, job).totalWords();
            n.dram_residual_reads += words, n.residual_writes += words;
        }
    }
}

/// Weights stay: every step reads its pixel's word; sets are loaded once a block, and a unit's first one ahead.
void countSets(const LayerPlan& plan, const SubPlan& sub, AccessCounts& n) {
    const bool dense = plan.layer.mode == ArrayMode::Dense;
    const int rows = plan.chunk.rows, cols = plan.chunk.cols;
    const int64_t units = totalUnits(sub);
    const int64_t pixels = int64_t{plan.layer.out_height} * plan.layer.out_width;
    const int64_t set_words = plan.setWords(sub);
    int64_t loads = 0, parameter_reads = 0;
    for (const mapping::Job& job : mapping::jobsOf(plan, sub)) {
        const int64_t job_units = plan.units(sub, job.channel_tile);
        const int64_t blocks = (plan.tilePixels(sub, job.row_tile) - 1) / plan.chunk.psum_words + 1;
        const bool channels_outer = plan.mapping.block_order == mapping::BlockOrder::ChannelsOuter;
        parameter_reads += (channels_outer || job_units == 1 ? job_units : job_units * blocks) * design::timingOf(plan.chunk).parameter_words;
        loads += job_units * blocks * sub.reduction;
    }
    const int64_t steps = pixels * units * sub.reduction;
    n.mac_cycles += steps;
    n.sums += steps;
    n.input_reads += readsPerWord(plan, sub) * units * (dense ? sub.sub.runs : 1) * sub.slices;
    n.weight_reads += parameter_reads + loads * set_words;
    n.noc_inputs += steps * rows;
    n.noc_weights += loads * (dense ? rows * cols : cols);
    n.psum_writes += pixels * units * (sub.reduction - 1);
    n.psum_reads += pixels * units * (sub.reduction - 1);
    n.outputs += pixels * units * cols;
    n.output_writes += plan.layer.raw_output ? units * cols * plan.layer.rawBytes() / design::kWordBytes : pixels * units;
    if (plan.layer.residual_node >= 0) n.residual_reads += pixels * units;
}

/// Row-stationary: words that the steps of one set of channels read, over all passes over the kernel.
int64_t foldReads(const LayerPlan& plan, const SubPlan& sub) {
    const mapping::Layer& layer = plan.layer;
    const mapping::Fold& fold = sub.fold;
    int64_t columns = 0, rows = 0;
    for (int tap = 0; tap < fold.filter_columns * fold.column_passes; ++tap)
        for (int x = 0; x < layer.out_width; ++x) {
            const int column = x * layer.stride - layer.pad + tap * layer.dilation;
            columns += column >= 0 && column < layer.in_width ? 1 : 0;
        }
    const int span = (fold.groups - 1) * layer.stride + (fold.filter_rows - 1) * layer.dilation + 1;
    const bool even = layer.stride == 2 && (layer.dilation == 2 || fold.filter_rows == 1);
    for (int tile = 0; tile < sub.row_tiles; ++tile)
        for (int block = 0; block < plan.yBlocks(sub, tile); ++block)
            for (int pass = 0; pass < fold.row_passes; ++pass) {
                const int first = (tile * sub.rows_full + block * fold.groups) * layer.stride - layer.pad +
                                  pass * fold.filter_rows * layer.dilation;
                const int begin = std::max(0, -first), end = std::min(span, plan.input_rows_end(sub, tile) - first);
                if (end > begin) rows += even ? (end + 1) / 2 - (begin + 1) / 2 : end - begin;
            }
    return columns * rows;
}

/// Row-stationary: sets are written once a block, and a unit's first one ahead.
void countFold(const LayerPlan& plan, const SubPlan& sub, AccessCounts& n) {
    const bool dense = plan.layer.mode == ArrayMode::Dense;
    const mapping::Fold& fold = sub.fold;
    const int cols = plan.chunk.cols;
    const int64_t units = totalUnits(sub);
    const int64_t pixels = int64_t{plan.layer.out_height} * plan.layer.out_width;
    int64_t loads = 0, parameter_reads = 0, steps = 0;
    for (const mapping::Job& job : mapping::jobsOf(plan, sub)) {
        const int64_t job_units = plan.units(sub, job.channel_tile), job_steps = plan.tileSteps(sub, job.row_tile);
        const int64_t blocks = (job_steps - 1) / fold.block_steps + 1;
        const bool channels_outer = plan.mapping.block_order == mapping::BlockOrder::ChannelsOuter;
        parameter_reads += (channels_outer || job_units == 1 ? job_units : job_units * blocks) * design::timingOf(plan.chunk).parameter_words;
        loads += job_units * blocks * sub.reduction;
        steps += job_units * job_steps * sub.reduction;
    }
    const int64_t set_words = plan.setWords(sub);
    const int64_t array_rows = int64_t{fold.groups} * fold.chain();
    n.mac_cycles += steps * fold.stepMacs();
    n.sums += pixels * units * sub.reduction;
    n.noc_picks += steps * fold.filter_columns * array_rows;
    n.input_reads += foldReads(plan, sub) * units * (dense ? sub.sub.runs : 1) * sub.slices;
    n.weight_reads += parameter_reads + loads * set_words;
    n.rf_writes += loads * fold.setVectors() * fold.groups * cols;
    n.noc_inputs += steps * fold.stepMacs() * array_rows * (dense ? 1 : cols);
    n.noc_weights += loads * fold.setVectors() * cols;
    n.psum_writes += pixels * units * (sub.reduction - 1);
    n.psum_reads += pixels * units * (sub.reduction - 1);
    n.outputs += pixels * units * cols;
    n.output_writes += plan.layer.raw_output ? units * cols * plan.layer.rawBytes() / design::kWordBytes : pixels * units;
    if (plan.layer.residual_node >= 0) n.residual_reads += pixels * units;
}

void countArray(const LayerPlan& plan, const SubPlan& sub, AccessCounts& n) {
    const bool dense = plan.layer.mode == ArrayMode::Dense;
    const int rows = plan.chunk.rows, cols = plan.chunk.cols;
    const int64_t units = totalUnits(sub);
    const int64_t pixels = int64_t{plan.layer.out_height} * plan.layer.out_width;
    int64_t blocks = 0, parameter_reads = 0;
    for (const mapping::Job& job : mapping::jobsOf(plan, sub)) {
        const int64_t job_units = plan.units(sub, job.channel_tile);
        const int64_t job_blocks = job_units * plan.yBlocks(sub, job.row_tile) * sub.x_blocks;
        const bool channels_outer = plan.mapping.block_order == mapping::BlockOrder::ChannelsOuter;
        parameter_reads += (channels_outer || job_units == 1 ? job_units : job_blocks) * design::timingOf(plan.chunk).parameter_words;
        blocks += job_blocks;
    }
    const int64_t cycles = blocks * sub.reduction;
    const int64_t weight_words = (sub.reduction - 1) / plan.vectorsPerWord() + 1;
    n.mac_cycles += cycles;
    n.input_reads += readsPerWord(plan, sub) * units * (dense ? wordsPerTap(sub, plan.chunk.block()) : 1);
    n.weight_reads += parameter_reads + blocks * weight_words;
    n.noc_inputs += cycles * (dense ? rows : rows * cols);
    n.noc_weights += cycles * cols;
    n.outputs += pixels * units * cols;
    n.output_writes += pixels * units * (plan.writesRaw(sub) ? plan.chunk.rawWords() : 1);
    if (plan.usesResidual(sub)) n.residual_reads += pixels * units * (sub.reloads ? plan.chunk.rawWords() : 1);
}

}  // namespace

AccessCounts countAccesses(const LayerPlan& plan) {
    AccessCounts n;
    n.macs = plan.layer.macs;
    n.beats_per_word = plan.chunk.beatsPerWord();
    for (const SubPlan& sub : plan.subs) {
        countTransfers(plan, sub, n);
        if (plan.chunk.rowStationary())
            countFold(plan, sub, n);
        else
            plan.chunk.weightsStay() ? countSets(plan, sub, n) : countArray(plan, sub, n);
    }
    return n;
}

}  // namespace dna::costmodel
