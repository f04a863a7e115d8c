#pragma once

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "core/design/design.h"
#include "core/mapping/fold.h"
#include "core/mapping/layer.h"

namespace dna::mapping {

/// Order of the tile loops (buffer level): which tile index moves in the outer loop.
enum class TileOrder { RowsOuter, ChannelsOuter };
/// Order of the block loops inside a tile (array level).
enum class BlockOrder { ChannelsOuter, PixelsOuter };

/// Mapping of one layer (on a row-stationary array its Fold follows from it): a tile is tile_rows output rows (full
/// width) x tile_channels output channels; a block is 2^log2_x_lanes x (rows / 2^log2_x_lanes) pixels x cols channels.
struct LayerMapping {
    int tile_rows = 1;
    int tile_channels = 16;  ///< multiple of the channels of a word
    int log2_x_lanes = 0;
    TileOrder tile_order = TileOrder::RowsOuter;
    BlockOrder block_order = BlockOrder::ChannelsOuter;
    int tile_reduction = 0;  ///< dense: input channels of a pass, multiple of those of a word; 0: all of them
    bool operator==(const LayerMapping&) const = default;
};

/// One descriptor's worth of work with every size resolved, addresses apart. `full`/`last` pairs: the last tile of a
/// dimension may be ragged. Words are 16 bytes.
struct SubPlan {
    SubLayer sub;
    bool spills = false;   ///< writes partial sums: a later pass goes on with them
    bool reloads = false;  ///< adds the partial sums of the pass before
    int row_tiles = 1, channel_tiles = 1;
    int rows_full = 1, rows_last = 1;      ///< output rows of a tile
    int units_full = 1, units_last = 1;    ///< units (cols channels) of a tile
    int blocks_full = 1, blocks_last = 1;  ///< channel blocks (words) of an output tile
    int x_blocks = 1;                      ///< blocks across the width
    int y_blocks_full = 1, y_blocks_last = 1;
    // input tile
    int shift = 0;                         ///< 1 for stride 2: even and odd columns and rows in planes of their own
    bool drop_odd = false;                 ///< 1x1 stride 2: odd rows and columns are not kept
    int input_block = 0;                   ///< first channel block that dense mode loads
    int input_blocks = 1;                  ///< blocks of a dense tile (depthwise: blocks_full / blocks_last)
    int x_words = 1;                       ///< words of one bank row
    int plane_words = 1, block_words = 1;  ///< bank words of one plane, of one channel block
    // reduction
    int channel_offset = 0;  ///< channel after the first loaded block's where run 0 starts (or its first set)
    int run_start = 0;       ///< the same of run 1
    int reduction = 1;       ///< steps of an output pixel: MAC cycles of a block, sets where weights stay (T1, T2, T4)
    int slices = 1;          ///< weights stay: sets of a run (groups of channels) at one tap
    Fold fold;               ///< row-stationary
    int bubble = 0;          ///< output array: idle cycles behind a block, so that the drain of the last is over
    int pace = 1;            ///< output array: cycles between two drained rows
    int gap = 0;             ///< idle cycles in front of a unit's parameters
    int unit_words = 1;      ///< weight-buffer words of a unit, parameters in front
    bool shared_weights = false;  ///< pool: one unit serves all channels
    int part_blocks = 0;          ///< channel blocks of a part of an output tile; 0: it is stored whole
    int job_count() const { return row_tiles * channel_tiles; }
};

/// A lowered layer: what model, golden machine and descriptors are all made from.
struct LayerPlan {
    Layer layer;
    LayerMapping mapping;
    design::Chunk chunk;
    std::vector<SubPlan> subs;

    int y_lanes() const { return chunk.lanes() >> mapping.log2_x_lanes; }
    int x_lanes() const { return 1 << mapping.log2_x_lanes; }
    int log2_y_lanes() const;
    int units_per_block() const { return chunk.block() / chunk.cols; }
    /// Cycles in which the load engine writes a word of the picture with so many pixels: one a cycle, or all (stride 2: even, then
    /// odd ones) at once where they belong to banks of their own.
    int narrowCycles(const SubPlan& sub, int pixels) const;
    int input_pitch_words() const;                                 ///< words of one row of the input map in DRAM
    int input_rows_begin(const SubPlan& sub, int row_tile) const;  ///< first input row of a tile, clipped to the map
    int input_rows_end(const SubPlan& sub, int row_tile) const;    ///< one past the last, clipped
    int rows(const SubPlan& sub, int row_tile) const {
        return row_tile + 1 == sub.row_tiles ? sub.rows_last : sub.rows_full;
    }
    int units(const SubPlan& sub, int t) const { return t + 1 == sub.channel_tiles ? sub.units_last : sub.units_full; }
    int blocks(const SubPlan& sub, int t) const {
        return t + 1 == sub.channel_tiles ? sub.blocks_last : sub.blocks_full;
    }
    int yBlocks(const SubPlan& sub, int t) const {
        return t + 1 == sub.row_tiles ? sub.y_blocks_last : sub.y_blocks_full;
    }
    int inputBlocks(const SubPlan& sub, int t) const {
        return layer.mode == ArrayMode::Depthwise ? blocks(sub, t) : sub.input_blocks;
    }
    bool writesRaw(const SubPlan& sub) const { return layer.raw_output || sub.spills; }
    bool usesResidual(const SubPlan& sub) const { return layer.residual_node >= 0 || sub.reloads; }
    /// Rows drain at the pace of the words of their raw sums. (A lane of one column keeps the sums of a row itself.)
    bool drainsSlowly(const SubPlan& sub) const {
        return sub.spills || sub.reloads || (layer.raw_output && chunk.columns_per_lane > 1);
    }
    bool splitsReduction() const;  ///< there are partial sums in DRAM
    /// Two weights stand in the place of one. Not where a set is one word, of which packing would fill a part only.
    bool packsWeights() const {
        return chunk.packed_weights && 2 * layer.weight_bits <= chunk.operand_bits &&
               !(chunk.weightsStay() && layer.mode == ArrayMode::Depthwise);
    }
    /// Width of a weight, vectors (a weight a column) of a word, in DRAM and in the weight buffer.
    int storedWeightBits() const { return packsWeights() ? chunk.operand_bits / 2 : chunk.operand_bits; }
    int vectorsPerWord() const { return 8 * design::kWordBytes / (storedWeightBits() * chunk.cols); }
    int setWords(const SubPlan& sub) const;  ///< of weights; where weights stay and in register files
    int tileOutputs(const SubPlan& sub, int row_tile) const { return rows(sub, row_tile) * layer.out_width; }
    /// Words of one channel block of a tile in the output buffer, and in the residual buffer.
    int outputWordsPerBlock(const SubPlan& sub, int row_tile) const;
    int residualWordsPerBlock(const SubPlan& sub, int row_tile) const;
    int weightWords(const SubPlan& sub, int channel_tile) const;
    /// Parts of an output tile: each is stored as soon as it is complete, from the half of the output buffer that the one before
    /// does not have.
    int parts(const SubPlan& sub, int channel_tile) const {
        return sub.part_blocks == 0 ? 1 : (blocks(sub, channel_tile) - 1) / sub.part_blocks + 1;
    }
    int partBlocks(const SubPlan& sub, int channel_tile, int part) const {
        const int all = blocks(sub, channel_tile);
        return sub.part_blocks == 0 ? all : std::min(sub.part_blocks, all - part * sub.part_blocks);
    }

    // Weights stay: a block is a run of output pixels of a tile.
    int tilePixels(const SubPlan& sub, int row_tile) const {
        return layer.raw_output ? 1 : rows(sub, row_tile) * layer.out_width;
    }
    int setCycles(int pixels) const;   ///< of a block of so many pixels
    int lastSetCycles(int pixels) const;  ///< of its last set, which waits for the lanes of post-processing
    int lastPixel(int pixels) const;      ///< when the last set issues the block's last pixel, from 0

    // Row-stationary: a block is a run of steps of a tile.
    int64_t tileSteps(const SubPlan& sub, int row_tile) const {
        return foldSteps(sub.fold, rows(sub, row_tile), layer.out_width);
    }
};

/// Whether a layer may read blocks of channels of its input as soon as the layer before has stored them: its tiles are some
/// of the input's channels, and one descriptor before it writes just that map.
bool readsBlocks(const LayerPlan& plan, const LayerPlan& before);

/// Why a mapping can't run: which buffer, how many words over.
struct Refusal {
    std::string reason;
    double excess = 0;  ///< worst need / capacity - 1, for graded penalties
};

/// Lowers one layer, or refuses with the reason. The only place that knows what is legal.
std::variant<LayerPlan, Refusal> lower(const Layer& layer, const design::Chunk& chunk, const LayerMapping& mapping);

/// The nearest legal mapping not above the wanted tiles: sizes are clipped to the layer, then halved until the buffers
/// hold them; then the reduction is split into as few passes as it takes, when the design can. `estimate`, `emit` and every
/// search go through it. Refuses when even the smallest tile does not fit.
std::variant<LayerMapping, Refusal> legalize(const Layer& layer, const design::Chunk& chunk,
                                             const LayerMapping& wanted);

/// Why the reduction of a layer can't be split on this design; empty when it can.
std::string unsplittable(const Layer& layer, const design::Chunk& chunk);

/// Input channels of a pass for this many passes of about the same size (for LayerMapping::tile_reduction); 0 when the layer
/// has not so many words of input channels.
int reductionOfPasses(const Layer& layer, int passes);

/// Legal tile heights (but the whole map's) are multiples of this; legal log2_x_lanes are at most the other.
int rowStep(const design::Chunk& chunk, int log2_x_lanes);
int maxLog2XLanes(const design::Chunk& chunk);

/// Lanes across the width that need the fewest blocks for a tile of `tile_rows` rows (ties: widest).
int bestLog2XLanes(const Layer& layer, const design::Chunk& chunk);

/// Worst-case accumulator width of a layer with operands of b bits: 1 + ceil(log2(reduction * 2^(b-1) * (2^(b-1) - 1) + 1)).
int accumulatorBits(const Layer& layer);

}  // namespace dna::mapping
