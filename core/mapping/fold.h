#pragma once

#include <cstdint>

#include "core/design/design.h"
#include "core/mapping/layer.h"

namespace dna::mapping {

/// How a layer is folded onto a row-stationary array (docs/templates.md). An array row works on one filter row and one
/// slice of channels of one output row; `chain` neighbouring array rows add up to one output row. A set of weights is
/// what the PEs hold at a time: filter_rows x filter_columns taps of channels x slices input channels.
struct Fold {
    int filter_rows = 1, row_passes = 1;        ///< filter rows of a set; sets that cover the kernel's height
    int filter_columns = 1, column_passes = 1;  ///< the same across
    int channels = 1;                           ///< of a slice: what one PE works on, power of two
    int slices = 1;                             ///< neighbouring slices on array rows of their own, power of two
    int groups = 1;                             ///< output rows at a time
    int step_cycles = 4;                        ///< from one output column to the next
    int64_t block_steps = 1;                    ///< steps for which a set stays; their partial sums fit the memory

    int chain() const { return filter_rows * slices; }
    int stepMacs() const { return filter_columns * channels; }  ///< weights that a PE holds of a set
    int setChannels() const { return channels * slices; }       ///< input channels of a set, inside one word
    int setVectors() const { return chain() * stepMacs(); }     ///< cycles of writing a set
    int taps() const { return row_passes * column_passes; }     ///< sets that differ in their taps
    bool operator==(const Fold&) const = default;
};

/// Sets that a run of channels needs when they start at multiples of `width`.
constexpr int sliceCount(int first, int channels, int width) { return (first % width + channels + width - 1) / width; }

/// Sets of a run: of both alike.
int setsOfRun(const SubLayer& sub, ArrayMode mode, int channel_offset, int run_start, int width);

/// The fold for a tile of `tile_rows` output rows: among those within 1/16 of the fewest cycles the one that moves the
/// fewest bits between buffers and array. `channel_offset` and `run_start` are the first channels of the runs, counted
/// from the first loaded block's.
Fold bestFold(const Layer& layer, const SubLayer& sub, const design::Chunk& chunk, int tile_rows, int channel_offset,
              int run_start);

/// Steps of a tile: groups of output rows times output columns.
int64_t foldSteps(const Fold& fold, int tile_rows, int out_width);

/// Cycles of one set of a block of so many steps.
int64_t foldSetCycles(const Fold& fold, int64_t steps);

/// Cycles of all blocks of one unit in a tile, `sets` a block.
int64_t foldUnitCycles(const Fold& fold, int sets, int64_t tile_steps);

}  // namespace dna::mapping
