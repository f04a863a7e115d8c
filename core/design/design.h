#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace dna::design {

/// A word is 16 bytes: B = 128 / operand bits channels of one pixel. Maps live as [C/B][H][W][B] in DRAM and buffers.
constexpr int kWordBytes = 16;
/// Words of a memory of the input buffer at most.
constexpr int kMostInputWords = 8192;
/// A bank of a buffer's memory has at least so many words.
constexpr int kLeastBankWords = 16;
/// Words of each of the banks that a memory is made of.
constexpr int bankWords(int words, int banks) { return (words + banks - 1) / banks; }

/// The array of a chunk (hardware.md 3.5); the numbers are those of the templates.
enum class Template {
    DotLanes = 1,          ///< rows = input channels, cols = output channels; weights stay, adder tree a column
    WeightStationary = 2,  ///< the same, sums move down the columns
    OutputArray = 3,       ///< rows = output pixels, cols = output channels (channels for depthwise); sums stay
    RowStationary = 4,     ///< rows = filter rows x output rows, cols = output channels; filter rows stay in the PEs
};
/// "dot_lanes", "weight_stationary", "output_array", "row_stationary".
const char* templateName(Template array);

/// Where a chunk's descriptors stand (docs/decisions/017).
enum class DescriptorSource {
    Dram,  ///< in front of the weights, read over AXI
    Ram,   ///< in a memory of the chip that the host writes before the start
    Rom,   ///< in the chip, those of the one program it was emitted with
};
/// "dram", "ram", "rom".
const char* sourceName(DescriptorSource source);

/// One processing chunk. Depths count 128-bit words of one slot: a buffer holds one tile (it is loaded when the array has
/// read the one before) or two (one is loaded while the other is read).
struct Chunk {
    Template array = Template::OutputArray;
    int rows = 8;               ///< PE rows, 4..32 (weights stay: 4..16), power of two
    int cols = 8;               ///< PE columns: the channels of a word, or half of them
    int operand_bits = 8;       ///< width of activations and weights: 4, 8 or 16
    bool max_pool = false;      ///< PEs can take the maximum instead of the sum
    bool split_reduction = false;  ///< output array: partial sums can go to DRAM and come back
    /// Layers whose weights have half of the operands' width keep them packed, two in the place of one, in DRAM and in the
    /// weight buffer (docs/decisions/012).
    bool packed_weights = false;
    int axi_bits = 128;         ///< data width of the AXI master: 32, 64 or 128
    DescriptorSource descriptors = DescriptorSource::Dram;
    int descriptor_slots = 64;  ///< descriptors that the RAM holds, 1..256 (source Ram)
    int input_words = 128;      ///< input buffer, words per lane and slot: a memory a lane
    int weight_words = 512;     ///< weight buffer, words per slot
    int output_words = 512;     ///< output buffer (and residual buffer), words per slot
    int input_slots = 2, weight_slots = 2;  ///< 1 or 2
    int output_slots = 2;                   ///< the same, also of the residual buffer
    /// Banks that each memory of a buffer is made of, 1, 2, 4 or 8: an access takes one of them (docs/decisions/019).
    int input_banks = 1, weight_banks = 1;
    int output_banks = 1;                   ///< also of the residual buffer
    int accumulator_bits = 28;  ///< from the exact bound of the networks the chip is meant for
    int multiplier_bits = 16;   ///< MB of the requantisation rule: 16 or 32
    int multiplier_cut = 8;     ///< bits of that multiplier per partial product, a register stage a level: 4, 8 or 16
    /// Columns that share a lane of post-processing; their row of sums stands still for as many cycles. Not row-stationary.
    int columns_per_lane = 1;
    bool pe_cut = true;         ///< a register between multiplier and adder of a PE
    int psum_words = 64;        ///< partial sums of a column where sums do not stay in the PEs, power of two
    int tree_cut = 2;           ///< dot lanes: levels of an adder tree between registers
    int rf_words = 16;          ///< row-stationary: weights of a PE, half of them at work; power of two
    auto operator<=>(const Chunk&) const = default;
    int block() const { return 8 * kWordBytes / operand_bits; }  ///< channels of a word
    int multiplierLevels() const { return std::countr_zero(unsigned(multiplier_bits / multiplier_cut)); }
    int recordBytes() const { return multiplier_bits > 24 ? 16 : 8; }  ///< requantisation parameters of a channel
    int psumBits() const { return (cols * accumulator_bits + 7) / 8 * 8; }  ///< partial sums of all columns, whole bytes
    int beatsPerWord() const { return 8 * kWordBytes / axi_bits; }
    int rawBits() const { return operand_bits == 16 ? 64 : 32; }       ///< of a sum in DRAM
    int rawWords() const { return cols * rawBits() / 128; }             ///< of one pixel's sums of all columns
    int leastAccumulatorBits() const { return 2 * operand_bits + 1; }
    int mostAccumulatorBits() const { return operand_bits == 16 ? 48 : 32; }
    bool localDescriptors() const { return descriptors != DescriptorSource::Dram; }  ///< in the chip
    int descriptorRamWords() const { return descriptors == DescriptorSource::Ram ? 16 * descriptor_slots : 0; }
    /// One set of weights at a time in registers of the PEs (T1, T2).
    bool weightsStay() const { return array == Template::DotLanes || array == Template::WeightStationary; }
    int mostRows() const { return weightsStay() ? std::min(16, block()) : 32; }
    bool rowStationary() const { return array == Template::RowStationary; }
    bool hasPartialSums() const { return array != Template::OutputArray; }  ///< in memories beside the array
    int postLanes() const { return cols / columns_per_lane; }        ///< of post-processing
    int lanes() const { return weightsStay() ? 1 : rows; }  ///< input pixels at a time; the input buffer has a memory for each
};

struct Design {
    std::string name = "design";
    std::vector<Chunk> chunks = std::vector<Chunk>(1);  ///< one in this version
    bool counters = true;                ///< event counters in the RTL
    bool operator==(const Design&) const = default;
    const Chunk& chunk() const { return chunks.front(); }
};

Design readDesign(const std::filesystem::path& file);
Design readDesign(base::JsonDocument document);
base::Json toJson(const Design& design);

/// SHA-256 of the canonical JSON (keys sorted, no white space): stands in file headers and in a CSR.
std::string designHash(const Design& design);

/// What limits a design must respect; absent = no limit.
struct Limits {
    std::optional<double> max_area_um2, max_energy_mj, max_latency_ms, min_fps, max_sram_bytes;
};

/// How far one limit is violated; excess = value / limit - 1 (or limit / value - 1 for min_fps).
struct Violation {
    std::string limit;
    double value = 0;
    double bound = 0;
    double excess = 0;
    std::string text() const;
};

/// Where a search is to end up: technology, clock, spaces, objective, limits.
struct Target {
    std::string technology = "osu018";
    double clock_mhz = 100;
    std::string objective = "edp";  ///< edp | energy | latency
    Limits limits;
    std::string dram = "lpddr4";
    base::Json design_space;  ///< overrides of the built-in design space: parameter -> list of choices
};

/// Reads a `target` object from the reader of a file or of a configuration's "target" key.
Target readTarget(base::JsonObject& object);
base::Json toJson(const Target& target);

}  // namespace dna::design
