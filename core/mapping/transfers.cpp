#include "core/mapping/transfers.h"

namespace dna::mapping {

using design::kWordBytes;

namespace {
int64_t alignUp(int64_t bytes, int64_t to) { return (bytes + to - 1) / to * to; }

/// A job's tile of a map with so many words a pixel and block.
Transfer tileTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job, int words) {
    const int64_t row = int64_t{plan.layer.out_width} * words * kWordBytes;
    const int64_t pitch = plan.layer.out_height * row;
    const int first_block = sub.sub.out_begin / plan.layer.block() + job.channel_tile * sub.blocks_full;
    return {.offset = first_block * pitch + int64_t{job.row_tile} * sub.rows_full * row,
            .pitch = pitch,
            .blocks = plan.blocks(sub, job.channel_tile),
            .words = plan.tileOutputs(sub, job.row_tile) * words};
}

}  // namespace

std::vector<Job> jobsOf(const LayerPlan& plan, const SubPlan& sub) {
    const bool rows_outer = plan.mapping.tile_order == TileOrder::RowsOuter;
    const int outer = rows_outer ? sub.row_tiles : sub.channel_tiles;
    const int inner = rows_outer ? sub.channel_tiles : sub.row_tiles;
    const bool depthwise = plan.layer.mode == ArrayMode::Depthwise;
    std::vector<Job> jobs;
    for (int a = 0; a < outer; ++a) {
        for (int b = 0; b < inner; ++b) {
            Job job;
            job.row_tile = rows_outer ? a : b;
            job.channel_tile = rows_outer ? b : a;
            job.first = jobs.empty();
            const bool rows_moved = job.first || jobs.back().row_tile != job.row_tile;
            const bool channels_moved = job.first || jobs.back().channel_tile != job.channel_tile;
            job.input_changed = rows_moved || (depthwise && channels_moved);
            job.weights_changed = job.first || (channels_moved && !sub.shared_weights);
            if (!job.first) {
                jobs.back().input_released = job.input_changed;
                jobs.back().weights_released = job.weights_changed;
            }
            jobs.push_back(job);
        }
    }
    jobs.back().last = jobs.back().input_released = jobs.back().weights_released = true;
    return jobs;
}

int64_t inputBlockPitch(const Layer& layer) {
    const int64_t row =
        layer.narrow_input ? alignUp(int64_t{layer.in_width} * kWordBytes / layer.narrowPixels(), kWordBytes) : int64_t{layer.in_width} * kWordBytes;
    return row * layer.in_height;
}

int64_t outputBlockPitch(const Layer& layer) {
    if (layer.raw_output) return sumsBlockPitch(layer);
    return int64_t{layer.out_width} * layer.out_height * kWordBytes;
}

int64_t sumsBlockPitch(const Layer& layer) {
    return int64_t{layer.out_width} * layer.out_height * layer.rawWords() * kWordBytes;
}

Transfer inputTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job) {
    const int begin = plan.input_rows_begin(sub, job.row_tile), end = plan.input_rows_end(sub, job.row_tile);
    const int64_t pitch = inputBlockPitch(plan.layer);
    const int first_block =
        plan.layer.mode == ArrayMode::Depthwise ? job.channel_tile * sub.blocks_full : sub.input_block;
    const int row_words = plan.input_pitch_words();
    return {.offset = first_block * pitch + int64_t{begin} * row_words * kWordBytes,
            .pitch = pitch,
            .blocks = plan.inputBlocks(sub, job.channel_tile),
            .words = (end - begin) * row_words};
}

Transfer weightTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job, int64_t weight_base) {
    const int64_t tile_bytes = int64_t{sub.units_full} * sub.unit_words * kWordBytes;
    const int tile = sub.shared_weights ? 0 : job.channel_tile;
    return {.offset = weight_base + tile * tile_bytes,
            .pitch = 0,
            .blocks = 1,
            .words = plan.weightWords(sub, job.channel_tile)};
}

Transfer outputTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job) {
    return tileTransfer(plan, sub, job, plan.writesRaw(sub) ? plan.layer.rawWords() : 1);
}

Transfer residualTransfer(const LayerPlan& plan, const SubPlan& sub, const Job& job) {
    return tileTransfer(plan, sub, job, sub.reloads ? plan.layer.rawWords() : 1);
}

int64_t weightImageBytes(const SubPlan& sub) {
    const int64_t units = sub.shared_weights ? 1 : int64_t{sub.channel_tiles - 1} * sub.units_full + sub.units_last;
    return alignUp(units * sub.unit_words * kWordBytes, 4096);
}

int64_t mapBytes(const network::Shape& shape, int block) {
    return int64_t{(shape.channels + block - 1) / block} * shape.height * shape.width * design::kWordBytes;
}

int64_t inputMapBytes(const Layer& layer) {
    const int64_t blocks = layer.narrow_input ? 1 : (layer.in_channels + layer.block() - 1) / layer.block();
    return blocks * inputBlockPitch(layer);
}

int64_t outputMapBytes(const Layer& layer) {
    return int64_t{(layer.out_channels + layer.block() - 1) / layer.block()} * outputBlockPitch(layer);
}

int64_t sumsMapBytes(const Layer& layer) {
    return int64_t{(layer.out_channels + layer.block() - 1) / layer.block()} * sumsBlockPitch(layer);
}

}  // namespace dna::mapping
