#include "verif/interpreter.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/base/error.h"
#include "core/mapping/values.h"

namespace dna::verif {

namespace {

constexpr int kWord = 16;  // bytes

/// Fields of one descriptor, by docs/descriptor.md.
class Fields {
public:
    Fields(const std::vector<uint8_t>& memory, uint32_t at) {
        DNA_CHECK(at + 256 <= memory.size(), "descriptor outside the memory");
        for (size_t i = 0; i < words_.size(); ++i)
            for (size_t b = 0; b < 4; ++b) words_[i] |= uint32_t(memory[at + 4 * i + b]) << (8 * b);
    }
    uint32_t word(int i) const { return words_[size_t(i)]; }
    int low(int i) const { return int(words_[size_t(i)] & 0xffff); }
    int high(int i) const { return int(words_[size_t(i)] >> 16); }
    int signedLow(int i) const { return int16_t(words_[size_t(i)]); }
    int signedHigh(int i) const { return int16_t(words_[size_t(i)] >> 16); }
    bool flag(int i, int bit) const { return (words_[size_t(i)] >> bit & 1) != 0; }

private:
    std::array<uint32_t, 64> words_{};
};

__extension__ using Wide = __int128;
int64_t roundShift(Wide value, int shift) { return int64_t(((value >> (shift - 1)) + 1) >> 1); }

class SubLayerRun {
public:
    SubLayerRun(std::vector<uint8_t>& dram, const Fields& f, const design::Chunk& chunk)
        : dram_(dram),
          f_(f),
          bits_(chunk.operand_bits),
          block_(chunk.block()),
          weight_bits_(f.flag(24, 22) ? bits_ / 2 : bits_),
          record_(uint32_t(chunk.recordBytes())),
          multiplier_bytes_(uint32_t(chunk.multiplier_bits / 8)),
          cols_(chunk.cols),
          set_rows_(chunk.weightsStay() ? chunk.rows : 0),
          folded_(chunk.rowStationary()) {}

    void run() {
        for (int row = 0; row < f_.low(25); ++row)
            for (int channel = 0; channel < f_.high(25); ++channel) tile(row, channel);
    }

private:
    bool depthwise() const { return f_.flag(24, 0); }
    bool raw() const { return f_.flag(24, 3); }
    bool residual() const { return f_.flag(24, 4); }
    bool shared() const { return f_.flag(24, 6); }
    bool reloads() const { return f_.flag(24, 21); }
    bool maximum() const { return f_.flag(24, 10); }
    int stride() const { return f_.flag(24, 1) ? 2 : 1; }

    void tile(int row_tile, int channel_tile) {
        const bool row_last = row_tile + 1 == f_.low(25), channel_last = channel_tile + 1 == f_.high(25);
        const int rows = row_last ? f_.high(27) : f_.low(27);
        const int units = channel_last ? f_.high(28) : f_.low(28);
        for (int unit = 0; unit < units; ++unit)
            for (int y = 0; y < rows; ++y)
                for (int x = 0; x < f_.low(29); ++x) pixel(row_tile, channel_tile, unit, y, x);
    }

    /// Unit's parameters and weights in DRAM.
    uint32_t unitAddress(int channel_tile, int unit) const {
        if (shared()) return f_.word(14);
        return f_.word(14) + uint32_t(channel_tile) * f_.word(15) + uint32_t(unit * f_.low(34) * kWord);
    }

    /// Value `index` of an array of operands in DRAM.
    int value(uint32_t base, int64_t index) const { return value(base, index, bits_); }
    int value(uint32_t base, int64_t index, int bits) const {
        DNA_CHECK(base + size_t((index + 1) * bits + 7) / 8 <= dram_.size(), "value outside the DRAM image");
        return mapping::getValue(dram_.data() + base, index, bits);
    }

    int input(int channel, int y, int x, int channel_tile) const {
        if (y < 0 || y >= f_.low(31) || x < 0 || x >= f_.high(31)) return f_.signedHigh(38);
        const uint32_t tile = depthwise() ? uint32_t(channel_tile) * f_.word(6) : 0;
        const int pixel = f_.flag(0, 3) ? 4 : block_;
        return value(f_.word(2) + tile + uint32_t(channel / block_) * f_.word(5) + uint32_t(y * f_.low(11) * kWord),
                     x * pixel + channel % block_);
    }

    void pixel(int row_tile, int channel_tile, int unit, int y, int x) {
        const int width = int(f_.word(26) & 0xf), height = int(f_.word(26) >> 4 & 0xf);
        const int pad = int(f_.word(26) >> 8 & 0xff), step = f_.flag(24, 11) ? 2 : 1;
        const uint32_t address = unitAddress(channel_tile, unit);
        const int top = row_tile * f_.low(36) + y * stride() - pad;
        for (int col = 0; col < cols_; ++col) {
            const uint32_t weights = address + record_ * uint32_t(cols_);
            int64_t weight = col;  // of the values behind the parameters
            if (folded_) {
                const int64_t sum = foldedSum(weights, weight, unit, col, top, x * stride() - pad, channel_tile);
                finish(address + record_ * uint32_t(col), sum, row_tile, channel_tile, unit * cols_ + col, y, x);
                continue;
            }
            int64_t sum = maximum() ? INT64_MIN : 0;
            for (int tap = 0; tap < width * height; ++tap) {
                const int64_t taken = atTap(weights, weight, unit, col, top + tap / width * step,
                                            x * stride() + tap % width * step - pad, channel_tile);
                sum = maximum() ? std::max(sum, taken) : sum + taken;
            }
            finish(address + record_ * uint32_t(col), sum, row_tile, channel_tile, unit * cols_ + col, y, x);
        }
    }

    /// Products of one kernel tap; `weight` moves on to the next tap's.
    int64_t atTap(uint32_t weights, int64_t& weight, int unit, int col, int y, int x, int channel_tile) const {
        const int own = unit * cols_ + col;
        auto product = [&](int channel) {
            const int64_t w = value(weights, weight, weight_bits_);
            return w == 0 ? 0 : w * input(channel, y, x, channel_tile);
        };
        int64_t sum = 0;
        if (depthwise() && set_rows_ == 0) {
            sum = product(own);
            weight += cols_;
        } else if (depthwise()) {  // a word a set; a set works for the columns whose channels it reads
            const int first = unit * cols_ % block_ / set_rows_;
            for (int set = 0; set < f_.low(32); ++set, weight += block_)
                if (own % block_ / set_rows_ == first + set) sum += product(own);
        } else {
            const int offset = int(f_.word(26) >> 16 & 0xff), runs = f_.flag(26, 24) ? 2 : 1;
            const int channels = f_.low(32) * std::max(set_rows_, 1);
            for (int run = 0; run < runs; ++run)
                for (int c = 0; c < channels; ++c, weight += cols_)
                    sum += product((run == 0 ? offset : f_.high(32)) + c);
        }
        return sum;
    }

    /// Row-stationary: the products of all sets, vector by vector; a set starts with a word of its own.
    int64_t foldedSum(uint32_t weights, int64_t weight, int unit, int col, int top, int left, int channel_tile) const {
        const int columns = f_.low(45) & 0xf, column_passes = f_.low(45) >> 4 & 0xf;
        const int rows = f_.low(45) >> 8 & 0xf, row_passes = f_.low(45) >> 12 & 0xf;
        const int channels = 1 << (f_.high(45) & 7), slices = 1 << (f_.high(45) >> 3 & 7), chain = f_.high(45) >> 6;
        const int runs = !depthwise() && f_.flag(26, 24) ? 2 : 1, step = f_.flag(24, 11) ? 2 : 1;
        DNA_CHECK(chain == rows * slices, "a chain is the filter rows of all slices");
        int64_t sum = 0;
        for (int set = 0; set < row_passes * column_passes * runs * f_.low(32); ++set) {
            const int slice = set % f_.low(32), run = set / f_.low(32) % runs, pass = set / f_.low(32) / runs;
            const int first = (run == 0 ? int(f_.word(26) >> 16 & 0xff) : f_.high(32)) + slice * channels * slices;
            for (int i = 0; i < chain * columns * channels; ++i, weight += cols_) {
                const int place = i / (columns * channels), tap = i / channels % columns;
                const int y = top + (pass / column_passes * rows + place % rows) * step;
                const int x = left + (pass % column_passes * columns + tap) * step;
                const int channel = depthwise() ? unit * cols_ + col : first + place / rows * channels + i % channels;
                const int64_t w = value(weights, weight, weight_bits_);
                if (w != 0) sum += w * input(channel, y, x, channel_tile);
            }
            weight += -int64_t{chain} * columns * channels * cols_ & (8 * kWord / weight_bits_ - 1);
        }
        return sum;
    }

    uint32_t rawBytes() const { return bits_ == 16 ? 8 : 4; }  ///< of a sum in DRAM
    int64_t rawSum(uint32_t base, int64_t index) const {
        uint64_t sum = 0;
        for (uint32_t b = 0; b < rawBytes(); ++b)
            sum |= uint64_t{dram_.at(base + rawBytes() * uint32_t(index) + b)} << (8 * b);
        return bits_ == 16 ? int64_t(sum) : int32_t(uint32_t(sum));
    }

    void finish(uint32_t parameters, int64_t sum, int row_tile, int channel_tile, int channel, int y, int x) {
        uint32_t bias = 0;
        for (uint32_t b = 0; b < 4; ++b) bias |= uint32_t(dram_.at(parameters + b)) << (8 * b);
        const int shift = dram_.at(parameters + 4) + 1;
        int64_t multiplier = 0;
        for (uint32_t b = 0; b < multiplier_bytes_; ++b) multiplier |= int64_t{dram_.at(parameters + 5 + b)} << (8 * b);
        sum += int32_t(bias);
        const uint32_t other = f_.word(17) + uint32_t(row_tile) * f_.word(18) + uint32_t(channel_tile) * f_.word(20) +
                               uint32_t(channel / block_) * f_.word(19);
        const int64_t place = int64_t{y * f_.low(29) + x} * block_ + channel % block_;
        if (reloads()) sum += rawSum(other, place);
        const uint32_t base = f_.word(50) + uint32_t(row_tile) * f_.word(51) + uint32_t(channel_tile) * f_.word(53) +
                              uint32_t(channel / block_) * f_.word(52);
        if (raw()) {
            for (uint32_t b = 0; b < rawBytes(); ++b)
                dram_.at(base + rawBytes() * uint32_t(place) + b) = uint8_t(uint64_t(sum) >> (8 * b));
            return;
        }
        int64_t output =
            std::clamp<int64_t>(roundShift(Wide{sum} * multiplier, shift) + f_.signedLow(37), f_.signedHigh(37), f_.signedLow(38));
        if (residual() && !reloads()) {
            const int64_t total = (output - f_.signedLow(37)) * int64_t{f_.word(40)} +
                                  (value(other, place) - f_.signedLow(42)) * int64_t{f_.word(44)};
            const int add_shift = f_.low(39) + 1;
            output =
                std::clamp<int64_t>(roundShift(total, add_shift) + f_.signedHigh(42), f_.signedLow(43), f_.signedHigh(43));
        }
        mapping::putValue(dram_.data() + base, place, bits_, int(output));
    }

    std::vector<uint8_t>& dram_;
    const Fields& f_;
    int bits_, block_;                    ///< of an operand; operands of a word
    int weight_bits_;                     ///< of a weight in DRAM
    uint32_t record_, multiplier_bytes_;  ///< of a column's parameters
    int cols_;
    int set_rows_;  ///< rows of a set where weights stay, else 0
    bool folded_;   ///< row-stationary
};

}  // namespace

void interpret(std::vector<uint8_t>& dram, const std::vector<uint8_t>& memory, uint32_t descriptor_base, const design::Chunk& chunk) {
    for (uint32_t at = descriptor_base;; at += 256) {
        const Fields fields(memory, at);
        SubLayerRun(dram, fields, chunk).run();
        if (fields.flag(0, 8)) return;
    }
}

}  // namespace dna::verif
