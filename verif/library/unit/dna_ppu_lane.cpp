// Requantisation lane against the rule (one rounding, half towards plus infinity, clamp) in 128-bit integers: for
// every shift and every output code the sums on both sides of its rounding border, then random values; the residual
// add with a rounding of its own; the raw sum. A lane of several columns takes them in turn, with parameters of their own.
//
// module: dna_ppu_lane
// quick: ACC_BITS=28
// quick: BITS=4 ACC_BITS=20 MB=32 DIGIT=4 LEVELS=3
// quick: SHARE=4 ACC_BITS=26
// full: ACC_BITS=32 DIGIT=16 LEVELS=0
// full: SHARE=2 BITS=16 ACC_BITS=40 RAW_BITS=64 MB=32 DIGIT=16 LEVELS=1
// full: BITS=16 ACC_BITS=44 RAW_BITS=64 MB=32 DIGIT=8 LEVELS=2
#include <algorithm>
#include <vector>

#include "support.h"

namespace {

constexpr int kAcc = parameter::ACC_BITS, kColumns = parameter::SHARE, kChosen = kColumns > 1 ? 1 : 0, kCode = width::y_o, kMultiplier = width::multiplier_a_i;
constexpr int kLatency = 9 + 2 * parameter::LEVELS + kChosen;    // from the sum to the code
constexpr int kResidualStage = 4 + parameter::LEVELS + kChosen;  // the residual's value comes with this stage
constexpr int kMaxShift = std::min(62, (kAcc > 32 ? kAcc : 32) + kMultiplier);  // beyond it every code is the zero point's
using Wide = __int128;

struct Settings {
    int64_t bias = 0, multiplier = 1, zero = 0, low = 0, high = 0;
    int shift = 1;
    bool residual = false;
    int64_t zero_b = 0, multiplier_a = 1, multiplier_b = 1, sum_zero = 0, sum_low = 0, sum_high = 0;
    int sum_shift = 1;
};

Wide roundedShift(Wide value, int shift) { return (value + (Wide(1) << (shift - 1))) >> shift; }

int64_t code(const Settings& s, int64_t sum, int64_t residual) {
    const Wide scaled = s.zero + roundedShift(Wide(sum + s.bias) * s.multiplier, s.shift);
    const int64_t y = int64_t(std::clamp<Wide>(scaled, s.low, s.high));
    if (!s.residual) return y;
    const Wide both = Wide(y - s.zero) * s.multiplier_a + Wide(residual - s.zero_b) * s.multiplier_b;
    return int64_t(std::clamp<Wide>(s.sum_zero + roundedShift(both, s.sum_shift), s.sum_low, s.sum_high));
}

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {
        dut_.hold_i = dut_.activate_i = dut_.parameter_write_i = 0;
        dut_.choose_i = 1;
    }

    /// Loads and activates the settings, sends the sums through, compares every code.
    void block(const Settings& common, const std::vector<int64_t>& sums) {
        const std::vector<Settings> columns = settingsOfColumns(common);
        configure(columns);
        std::vector<int64_t> residuals;
        for (size_t i = 0; i < sums.size(); ++i)
            residuals.push_back(unit::signedValue(bench_.random.word(kCode), kCode));
        for (size_t cycle = 0; cycle < sums.size() + kLatency - 1; ++cycle) {
            const int column = int(cycle % kColumns);
            for (int c = 0; c < kColumns; ++c)  // the other columns' sums are of no concern
                unit::setBits(dut_.sum_i, c * kAcc, kAcc,
                              c == column && cycle < sums.size() ? unit::unsignedValue(sums[cycle], kAcc)
                                                                 : bench_.random.word(kAcc));
            dut_.choose_i = 1u << column;
            // The value of stage 5 was clocked in five edges ago.
            if (cycle >= kResidualStage && cycle - kResidualStage < sums.size())
                dut_.residual_value_i = unit::unsignedValue(residuals[cycle - kResidualStage], kCode);
            bench_.clock(dut_);
            if (cycle >= kChosen && cycle - kChosen < sums.size()) {
                const size_t i = cycle - kChosen;
                bench_.expect(dut_.raw_o, unit::unsignedValue(sums[i] + columns[i % kColumns].bias, width::raw_o), "raw_o");
            }
            if (cycle + 1 < kLatency) continue;
            const size_t i = cycle + 1 - kLatency;
            bench_.expect(dut_.y_o, unit::unsignedValue(code(columns[i % kColumns], sums[i], residuals[i]), kCode), "y_o");
        }
    }

    void holds() {
        unit::setBits(dut_.sum_i, 0, kAcc, 1);
        dut_.choose_i = 1;
        for (int i = 0; i <= kChosen; ++i) bench_.clock(dut_);
        const uint64_t raw = dut_.raw_o;
        dut_.hold_i = 1;
        for (int i = 0; i < 3; ++i) {
            unit::setBits(dut_.sum_i, 0, kAcc, uint64_t(100 + i));
            bench_.clock(dut_);
            bench_.expect(dut_.raw_o, raw, "raw_o held");
        }
        dut_.hold_i = 0;
    }

private:
    /// The first column as wanted; the others differ in what is their own.
    std::vector<Settings> settingsOfColumns(const Settings& common) {
        std::vector<Settings> columns(size_t(kColumns), common);
        for (size_t c = 1; c < columns.size(); ++c) {
            columns[c].bias = unit::signedValue(bench_.random.word(32), 32);
            columns[c].multiplier = 1 + int64_t(bench_.random.below((uint64_t(1) << kMultiplier) - 1));
            columns[c].shift = 1 + int(bench_.random.below(kMaxShift));
        }
        return columns;
    }

    void configure(const std::vector<Settings>& columns) {
        const Settings& s = columns.front();
        for (int c = 0; c < kColumns; ++c) {
            const Settings& own = columns[size_t(c)];
            parameters(c, uint32_t(own.bias), uint64_t(own.multiplier), uint32_t(own.shift - 1));
            dut_.parameter_write_i = 1u << c;
            bench_.clock(dut_);
            parameters(c, ~uint32_t(own.bias), ~uint64_t(own.multiplier), ~uint32_t(own.shift - 1));
        }
        dut_.parameter_write_i = 0, dut_.activate_i = 1;
        bench_.clock(dut_);
        dut_.activate_i = 0;
        dut_.zero_i = unit::unsignedValue(s.zero, kCode), dut_.low_i = unit::unsignedValue(s.low, kCode);
        dut_.high_i = unit::unsignedValue(s.high, kCode);
        dut_.residual_i = s.residual;
        dut_.zero_b_i = unit::unsignedValue(s.zero_b, kCode);
        dut_.multiplier_a_i = s.multiplier_a, dut_.multiplier_b_i = s.multiplier_b, dut_.shift_i = s.sum_shift - 1;
        dut_.sum_zero_i = unit::unsignedValue(s.sum_zero, kCode);
        dut_.sum_low_i = unit::unsignedValue(s.sum_low, kCode),
        dut_.sum_high_i = unit::unsignedValue(s.sum_high, kCode);
    }

    void parameters(int column, uint32_t bias, uint64_t multiplier, uint32_t shift) {
        unit::setBits(dut_.bias_i, column * 32, 32, bias);
        unit::setBits(dut_.scale_i, column * kMultiplier, kMultiplier, unit::unsignedValue(int64_t(multiplier), kMultiplier));
        unit::setBits(dut_.scale_shift_i, column * 6, 6, shift & 63);
    }

    unit::Bench& bench_;
    Vdut dut_;
};

int64_t codeOf(unit::Random& random) { return unit::signedValue(random.word(kCode), kCode); }

Settings randomSettings(unit::Random& random) {
    Settings s;
    s.bias = unit::signedValue(random.word(32), 32);
    if (random.oneIn(2)) s.bias >>= random.below(24);
    s.multiplier = 1 + int64_t(random.below((uint64_t(1) << kMultiplier) - 1));
    s.shift = 1 + int(random.below(kMaxShift));
    s.zero = codeOf(random), s.low = codeOf(random), s.high = codeOf(random);
    if (s.low > s.high) std::swap(s.low, s.high);
    s.residual = random.oneIn(2);
    s.zero_b = codeOf(random), s.sum_zero = codeOf(random);
    s.multiplier_a = int64_t(random.word(kMultiplier)), s.multiplier_b = int64_t(random.word(kMultiplier));
    s.sum_low = codeOf(random), s.sum_high = codeOf(random);
    if (s.sum_low > s.sum_high) std::swap(s.sum_low, s.sum_high);
    s.sum_shift = 1 + int(random.below(1 << width::shift_i));
    return s;
}

/// Sums on both sides of the border of every code: the least sum whose scaled value reaches it, and the one before.
std::vector<int64_t> borders(const Settings& s) {
    const int64_t least = -(int64_t(1) << (kAcc - 1)), most = -least - 1;
    std::vector<int64_t> sums;
    for (int64_t y = -(1 << (kCode - 1)); y < 1 << (kCode - 1); ++y) {
        const Wide scaled =
            (Wide(y - s.zero) << s.shift) - (Wide(1) << (s.shift - 1));  // (sum + bias) * multiplier >= this
        Wide sum = scaled / s.multiplier - s.bias;
        while ((sum + s.bias) * s.multiplier >= scaled) --sum;
        while ((sum + s.bias) * s.multiplier < scaled) ++sum;
        for (const Wide near : {sum - 1, sum})
            if (near >= least && near <= most) sums.push_back(int64_t(near));
    }
    sums.push_back(least);
    sums.push_back(most);
    return sums;
}

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    for (int shift = 1; shift <= kMaxShift; ++shift) {
        for (int64_t multiplier : {int64_t(1), int64_t(1) << (kMultiplier - 1), (int64_t(1) << kMultiplier) - 1,
                                   1 + int64_t(bench.random.below((uint64_t(1) << kMultiplier) - 1))}) {
            Settings s = randomSettings(bench.random);
            s.residual = false, s.multiplier = multiplier, s.shift = shift;
            s.bias = unit::signedValue(bench.random.word(16), 16), s.zero = codeOf(bench.random) / 2;
            s.low = -(1 << (kCode - 1)), s.high = (1 << (kCode - 1)) - 1;
            run.block(s, borders(s));
        }
    }
    run.holds();
    const int blocks = bench.full ? 60000 : 1500, values = 192;  // 11.5 million random sums in full
    for (int i = 0; i < blocks; ++i) {
        std::vector<int64_t> sums;
        const int shrink = int(bench.random.below(kAcc - 1));
        for (int v = 0; v < values; ++v) sums.push_back(unit::signedValue(bench.random.word(kAcc), kAcc) >> shrink);
        run.block(randomSettings(bench.random), sums);
    }
    return bench.finish();
}
