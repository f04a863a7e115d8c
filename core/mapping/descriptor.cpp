#include "core/mapping/descriptor.h"

#include <fmt/format.h>

#include <bit>

#include "core/base/error.h"
#include "core/mapping/values.h"
#include "core/nn/integer/fixed_point.h"

namespace dna::mapping {

using design::kWordBytes;

namespace {

uint32_t pair(int64_t low, int64_t high) {
    DNA_CHECK(low >= 0 && low < 65536 && high >= 0 && high < 65536, fmt::format("descriptor halves {}, {}", low, high));
    return uint32_t(low) | uint32_t(high) << 16;
}

/// Two signed halves.
uint32_t values(int low, int high) { return uint32_t(uint16_t(low)) | uint32_t(uint16_t(high)) << 16; }

/// Flag bits shared by the sections of a descriptor.
struct Flags {
    enum : uint32_t {
        kDepthwise = 1u << 0,
        kShift = 1u << 1,
        kDropOdd = 1u << 2,
        kNarrowOrRaw = 1u << 3,
        kResidual = 1u << 4,
        kChannelsOuter = 1u << 5,
        kSharedWeights = 1u << 6,
        kWaitOrPixelsOuter = 1u << 7,
        kLast = 1u << 8,
        kHalfLast = 1u << 9,
        kMaxPool = 1u << 10,
        kDilated = 1u << 11,
        kSlow = 1u << 20,
        kReload = 1u << 21,
        kPacked = 1u << 22,
        kByBlocks = 1u << 23,
    };
};

uint32_t commonFlags(const LayerPlan& plan, const SubPlan& sub) {
    uint32_t flags = 0;
    if (plan.layer.mode == ArrayMode::Depthwise) flags |= Flags::kDepthwise;
    if (sub.shift != 0) flags |= Flags::kShift;
    if (sub.drop_odd) flags |= Flags::kDropOdd;
    if (plan.usesResidual(sub)) flags |= Flags::kResidual;
    if (plan.drainsSlowly(sub)) flags |= Flags::kSlow;
    if (sub.reloads) flags |= Flags::kReload;
    if (plan.mapping.tile_order == TileOrder::ChannelsOuter) flags |= Flags::kChannelsOuter;
    if (sub.shared_weights) flags |= Flags::kSharedWeights;
    return flags | uint32_t(plan.mapping.log2_x_lanes) << 12 | uint32_t(plan.log2_y_lanes()) << 16;
}

void encodeLoad(Descriptor& d, const LayerPlan& plan, const SubPlan& sub, const DescriptorPlace& place) {
    const Layer& layer = plan.layer;
    const int64_t row_bytes = int64_t{plan.input_pitch_words()} * kWordBytes;
    const int64_t pitch = inputBlockPitch(layer);
    const bool dense = layer.mode == ArrayMode::Dense;
    const uint32_t input = place.input + uint32_t(dense ? sub.input_block * pitch : 0);
    d[0] = commonFlags(plan, sub) | (layer.narrow_input ? Flags::kNarrowOrRaw : 0u) |
           (place.wait_previous ? Flags::kWaitOrPixelsOuter : 0u) | (place.by_blocks ? Flags::kByBlocks : 0u) | (place.last ? Flags::kLast : 0u);
    d[1] = pair(sub.row_tiles, sub.channel_tiles);
    d[2] = input;
    d[3] = input - uint32_t(layer.pad * row_bytes);
    d[4] = uint32_t(sub.rows_full * layer.stride * row_bytes);
    d[5] = uint32_t(pitch);
    d[6] = uint32_t(sub.blocks_full * pitch);
    d[7] = pair(layer.pad, sub.rows_full * layer.stride);
    d[8] = pair(layer.in_height, sub.input_blocks);
    d[9] = pair((sub.rows_full - 1) * layer.stride + layer.span(), (sub.rows_last - 1) * layer.stride + layer.span());
    d[10] = pair(sub.blocks_full, sub.blocks_last);
    d[11] = pair(plan.input_pitch_words(), sub.rows_full);
    d[12] = pair(layer.in_width, sub.x_words);
    d[13] = pair(sub.plane_words, sub.block_words);
    d[14] = place.weights;
    d[15] = uint32_t(sub.units_full * sub.unit_words * kWordBytes);
    d[16] = pair(plan.weightWords(sub, 0), plan.weightWords(sub, sub.channel_tiles - 1));
    if (!plan.usesResidual(sub)) return;
    const int words = sub.reloads ? layer.rawWords() : 1;
    const int64_t out_pitch = sub.reloads ? sumsBlockPitch(layer) : outputBlockPitch(layer);
    d[17] = (sub.reloads ? place.sums : place.residual) + uint32_t(sub.sub.out_begin / layer.block() * out_pitch);
    d[18] = uint32_t(int64_t{sub.rows_full} * layer.out_width * words * kWordBytes);
    d[19] = uint32_t(out_pitch);
    d[20] = uint32_t(sub.blocks_full * out_pitch);
    d[21] = pair(plan.residualWordsPerBlock(sub, 0), plan.residualWordsPerBlock(sub, sub.row_tiles - 1));
}

void encodeFold(uint32_t* c, const LayerPlan& plan, const SubPlan& sub) {
    const Fold& fold = sub.fold;
    c[5] = pair(plan.layer.out_width, int64_t{fold.groups} * plan.layer.out_width);
    c[6] = pair(plan.tileSteps(sub, 0), plan.tileSteps(sub, sub.row_tiles - 1));
    const int log2_channels = std::countr_zero(unsigned(fold.channels));
    const int log2_slices = std::countr_zero(unsigned(fold.slices));
    c[21] = pair(fold.filter_columns | fold.column_passes << 4 | fold.filter_rows << 8 | fold.row_passes << 12,
                 log2_channels | log2_slices << 3 | fold.chain() << 6);
    c[22] = pair(fold.block_steps, fold.groups | fold.step_cycles << 6);
}

void encodeCompute(Descriptor& d, const LayerPlan& plan, const SubPlan& sub, const LayerArithmetic& a) {
    const Layer& layer = plan.layer;
    const bool dense = layer.mode == ArrayMode::Dense;
    const bool stay = plan.chunk.hasPartialSums();
    const int channels = stay ? sub.slices : dense ? sub.sub.in_channels : 1;
    uint32_t* c = d.data() + 24;
    c[0] = commonFlags(plan, sub) | (plan.writesRaw(sub) ? Flags::kNarrowOrRaw : 0u) |
           (plan.mapping.block_order == BlockOrder::PixelsOuter ? Flags::kWaitOrPixelsOuter : 0u) |
           (layer.stride == 2 ? Flags::kShift : 0u) | (layer.max_pool ? Flags::kMaxPool : 0u) |
           (layer.dilation == 2 ? Flags::kDilated : 0u) | (plan.packsWeights() ? Flags::kPacked : 0u) |
           uint32_t(sub.part_blocks) << 24;
    c[1] = pair(sub.row_tiles, sub.channel_tiles);
    c[2] = uint32_t(layer.kernel_width) | uint32_t(layer.kernel) << 4 | uint32_t(layer.pad) << 8 |
           uint32_t(sub.channel_offset) << 16 | (dense && sub.sub.runs == 2 ? 1u << 24 : 0u);
    c[3] = pair(sub.rows_full, sub.rows_last);
    c[4] = pair(sub.units_full, sub.units_last);
    c[5] = pair(layer.out_width, sub.x_blocks);
    c[6] = pair(sub.y_blocks_full, sub.y_blocks_last);
    c[7] = pair(layer.in_height, layer.in_width);
    c[8] = pair(channels, sub.run_start);
    c[9] = pair(sub.run_start / layer.block() * sub.block_words, stay ? sub.gap : sub.bubble);
    c[10] = pair(sub.unit_words, sub.x_words);
    c[11] = pair(sub.plane_words, sub.block_words);
    c[12] = pair(sub.rows_full * layer.stride, 0);
    c[13] = values(a.output.zero_point, a.output.low);
    c[14] = values(a.output.high, a.pad_value);
    c[15] = uint32_t(a.residual_shift - 1);
    c[16] = uint32_t(a.multiplier_conv);
    c[17] = pair(plan.tileOutputs(sub, 0), plan.tileOutputs(sub, sub.row_tiles - 1));
    c[18] = values(a.residual_zero, a.sum.zero_point);
    c[19] = values(a.sum.low, a.sum.high);
    c[20] = uint32_t(a.multiplier_residual);
    if (plan.chunk.rowStationary()) encodeFold(c, plan, sub);
}

void encodeStore(Descriptor& d, const LayerPlan& plan, const SubPlan& sub, const DescriptorPlace& place) {
    const int64_t pitch = sub.spills ? sumsBlockPitch(plan.layer) : outputBlockPitch(plan.layer);
    const int words = plan.writesRaw(sub) ? plan.layer.rawWords() : 1;
    const bool half_last = plan.units_per_block() == 2 && sub.units_last % 2 != 0 && !plan.writesRaw(sub);
    uint32_t* s = d.data() + 48;
    s[0] = (plan.mapping.tile_order == TileOrder::ChannelsOuter ? Flags::kChannelsOuter : 0u) |
           (sub.part_blocks == 0 ? Flags::kWaitOrPixelsOuter : uint32_t(sub.part_blocks) << 10) | (half_last ? Flags::kHalfLast : 0u) | uint32_t(sub.rows_full) << 16;
    s[1] = pair(sub.row_tiles, sub.channel_tiles);
    s[2] = (sub.spills ? place.sums : place.output) + uint32_t(sub.sub.out_begin / plan.layer.block() * pitch);
    s[3] = uint32_t(int64_t{sub.rows_full} * plan.layer.out_width * words * kWordBytes);
    s[4] = uint32_t(pitch);
    s[5] = uint32_t(sub.blocks_full * pitch);
    s[6] = pair(plan.outputWordsPerBlock(sub, 0), plan.outputWordsPerBlock(sub, sub.row_tiles - 1));
    s[7] = pair(sub.blocks_full, sub.blocks_last);
}

/// Weights and parameters of a layer by logical channel and tap.
class WeightSource {
public:
    WeightSource(const LayerPlan& plan, const nn::IntegerNetwork& network)
        : layer_(plan.layer),
          node_(network.nodes[size_t(plan.layer.node)]),
          multiplier_bytes_(plan.chunk.multiplier_bits / 8) {
        taps_ = layer_.taps();
        input_zero_ = network.graph.nodes[size_t(plan.layer.input.node)].quantization->zero_point;
        in_per_group_ = layer_.mode == ArrayMode::Depthwise ? 1 : layer_.in_channels / layer_.groups;
        out_per_group_ = layer_.mode == ArrayMode::Depthwise ? 1 : layer_.out_channels / layer_.groups;
    }

    /// Weight of output channel `out` (physical) for physical input channel `in` (dense) at a tap; 0 across groups.
    int weight(int out, int in, int tap) const {
        if (layer_.pool) return 1;
        if (layer_.mode == ArrayMode::Depthwise) return node_.weight_q[size_t(logicalOut(out)) * taps_ + tap];
        const int logical = logicalIn(in);
        if (logical / in_per_group_ != out / out_per_group_) return 0;
        return node_.weight_q[(size_t(out) * in_per_group_ + logical % in_per_group_) * taps_ + tap];
    }

    void parameter(int out, bool partial, uint8_t* record) const {
        if (partial) return put(record, 0, 0, 1);
        if (layer_.max_pool) return put(record, -input_zero_, identity_.multiplier, identity_.shift);
        const size_t i = layer_.pool ? 0 : size_t(logicalOut(out));
        if (layer_.raw_output) return put(record, node_.bias_q[i], 0, 1);
        put(record, node_.bias_q[i], node_.multiplier[i], node_.shift[i]);
    }

private:
    /// Bias, shift - 1, multiplier: as dna_ppu takes them.
    void put(uint8_t* record, int32_t bias, int32_t multiplier, int32_t shift) const {
        DNA_CHECK(multiplier >= 0 && shift >= 1 && shift <= 62, "requantisation out of range");
        for (int b = 0; b < 4; ++b) record[b] = uint8_t(uint32_t(bias) >> (8 * b));
        record[4] = uint8_t(shift - 1);
        for (int b = 0; b < multiplier_bytes_; ++b) record[5 + b] = uint8_t(uint32_t(multiplier) >> (8 * b));
    }

    /// Inverse of TensorRef::physical.
    static int logicalOf(const TensorRef& tensor, int physical, int channels) {
        if (tensor.shuffle_groups == 1) return physical;
        const int per_group = channels / tensor.shuffle_groups;
        return (physical % per_group) * tensor.shuffle_groups + physical / per_group;
    }
    int logicalIn(int physical) const { return logicalOf(layer_.input, physical, layer_.in_channels); }
    int logicalOut(int physical) const { return logicalOf(layer_.output, physical, layer_.out_channels); }

    const Layer& layer_;
    const nn::IntegerNode& node_;
    int input_zero_ = 0;
    nn::FixedPoint identity_;  ///< the factor 1
    int multiplier_bytes_;
    int taps_ = 1, in_per_group_ = 1, out_per_group_ = 1;
};

/// Weights stay: the vectors of a unit in the order in which sets are loaded; depthwise sets are one word each.
void writeSets(const LayerPlan& plan, const SubPlan& sub, const WeightSource& source, int first, int valid,
               uint8_t* weights) {
    const bool dense = plan.layer.mode == ArrayMode::Dense;
    const int rows = plan.chunk.rows, cols = plan.chunk.cols, block = plan.chunk.block(), bits = plan.storedWeightBits();
    int64_t at = 0;
    const SubLayer& s = sub.sub;
    for (int tap = 0; tap < plan.layer.taps(); ++tap) {
        for (int slice = 0; slice < sub.slices && !dense; ++slice, at += block)
            for (int c = 0; c < valid; ++c) putValue(weights, at + c, bits, source.weight(first + c, 0, tap));
        for (int run = 0; run < s.runs && dense; ++run) {
            const int begin = s.in_begin + run * s.run_stride;
            const int first_in = sub.input_block * block + (run == 0 ? sub.channel_offset : sub.run_start);
            for (int in = first_in; in < first_in + sub.slices * rows; ++in, at += cols)
                for (int c = 0; c < valid && in >= begin && in < begin + s.in_channels; ++c)
                    putValue(weights, at + c, bits, source.weight(first + c, in, tap));
        }
    }
}

/// Row-stationary: the vectors of a unit in the order in which the register files are written.
class FoldImage {
public:
    FoldImage(const LayerPlan& plan, const SubPlan& sub, const WeightSource& source, int first, int valid,
              uint8_t* weights)
        : plan_(plan), sub_(sub), source_(source), first_(first), valid_(valid), weights_(weights) {}

    void write() {
        const Fold& fold = sub_.fold;
        const int runs = plan_.layer.mode == ArrayMode::Dense ? sub_.sub.runs : 1;
        for (int y = 0; y < fold.row_passes; ++y)
            for (int x = 0; x < fold.column_passes; ++x)
                for (int run = 0; run < runs; ++run)
                    for (int slice = 0; slice < sub_.slices; ++slice)
                        writeSet(y * fold.filter_rows, x * fold.filter_columns, run, slice * fold.setChannels());
    }

private:
    void writeSet(int tap_y, int tap_x, int run, int channel) {
        const Fold& fold = sub_.fold;
        for (int place = 0; place < fold.chain(); ++place) {
            for (int i = 0; i < fold.stepMacs(); ++i, at_ += plan_.chunk.cols) {
                const int y = tap_y + place % fold.filter_rows, x = tap_x + i / fold.channels;
                if (y >= plan_.layer.kernel || x >= plan_.layer.kernel_width) continue;
                writeVector(y * plan_.layer.kernel_width + x, run,
                            channel + place / fold.filter_rows * fold.channels + i % fold.channels);
            }
        }
        const int word = plan_.vectorsPerWord() * plan_.chunk.cols;
        at_ = (at_ + word - 1) / word * word;
    }

    /// `channel` counts from the first one of the run's sets.
    void writeVector(int tap, int run, int channel) {
        const SubLayer& s = sub_.sub;
        const int in = sub_.input_block * plan_.chunk.block() + (run == 0 ? sub_.channel_offset : sub_.run_start) + channel;
        const int begin = s.in_begin + run * s.run_stride;
        const bool used = plan_.layer.mode != ArrayMode::Dense || (in >= begin && in < begin + s.in_channels);
        for (int c = 0; c < valid_ && used; ++c)
            putValue(weights_, at_ + c, plan_.storedWeightBits(), source_.weight(first_ + c, in, tap));
    }

    const LayerPlan& plan_;
    const SubPlan& sub_;
    const WeightSource& source_;
    int first_, valid_;
    uint8_t* weights_;
    int64_t at_ = 0;  ///< values written so far
};

}  // namespace

std::vector<uint8_t> descriptorBytes(const std::vector<Descriptor>& descriptors) {
    std::vector<uint8_t> bytes;
    bytes.reserve(descriptors.size() * kDescriptorBytes);
    for (const Descriptor& d : descriptors)
        for (const uint32_t word : d)
            for (int b = 0; b < 4; ++b) bytes.push_back(uint8_t(word >> (8 * b)));
    return bytes;
}

LayerArithmetic arithmeticOf(const nn::IntegerNetwork& network, const Layer& layer) {
    const auto& nodes = network.graph.nodes;
    LayerArithmetic a;
    a.pad_value = layer.max_pool ? network::leastOf(layer.operand_bits) : nodes[size_t(layer.input.node)].quantization->zero_point;
    a.output = nodes[size_t(layer.node)].quantization.value_or(network::Quantization{});
    if (layer.residual_node < 0) return a;
    const nn::IntegerNode& add = network.nodes[size_t(layer.output_node)];
    a.residual = true;
    a.residual_zero = nodes[size_t(layer.residual_node)].quantization->zero_point;
    a.multiplier_conv = add.multiplier[layer.residual_is_first ? 1 : 0];
    a.multiplier_residual = add.multiplier[layer.residual_is_first ? 0 : 1];
    a.residual_shift = add.shift[0];
    a.sum = *nodes[size_t(layer.output_node)].quantization;
    return a;
}

Descriptor encodeDescriptor(const LayerPlan& plan, const SubPlan& sub, const LayerArithmetic& arithmetic,
                            const DescriptorPlace& place) {
    Descriptor d{};
    encodeLoad(d, plan, sub, place);
    encodeCompute(d, plan, sub, arithmetic);
    encodeStore(d, plan, sub, place);
    return d;
}

std::vector<uint8_t> weightImage(const LayerPlan& plan, const SubPlan& sub, const nn::IntegerNetwork& network) {
    const WeightSource source(plan, network);
    const Layer& layer = plan.layer;
    const int cols = plan.chunk.cols;
    const bool dense = layer.mode == ArrayMode::Dense;
    const int units = sub.shared_weights ? 1 : (sub.channel_tiles - 1) * sub.units_full + sub.units_last;
    std::vector<uint8_t> image(size_t(weightImageBytes(sub)), 0);
    for (int unit = 0; unit < units; ++unit) {
        uint8_t* at = image.data() + size_t(unit) * sub.unit_words * kWordBytes;
        const int first = sub.sub.out_begin + unit * cols;
        const int valid = sub.shared_weights ? cols : std::min(cols, sub.sub.out_begin + sub.sub.out_channels - first);
        for (int c = 0; c < valid; ++c) source.parameter(first + c, sub.spills, at + plan.chunk.recordBytes() * c);
        uint8_t* weights = at + plan.chunk.recordBytes() * cols;
        if (plan.chunk.rowStationary()) {
            FoldImage(plan, sub, source, first, valid, weights).write();
            continue;
        }
        if (plan.chunk.weightsStay()) {
            writeSets(plan, sub, source, first, valid, weights);
            continue;
        }
        int64_t vector = 0;
        for (int tap = 0; tap < layer.taps(); ++tap) {
            for (int run = 0; run < (dense ? sub.sub.runs : 1); ++run) {
                for (int i = 0; i < (dense ? sub.sub.in_channels : 1); ++i, vector += cols) {
                    const int in = sub.sub.in_begin + run * sub.sub.run_stride + i;
                    for (int c = 0; c < valid; ++c)
                        putValue(weights, vector + c, plan.storedWeightBits(), source.weight(first + c, in, tap));
                }
            }
        }
    }
    return image;
}

}  // namespace dna::mapping
