// Partial sums: blocks of several sets, one step a cycle (with HOLD: slow last sets, whose sums stand between steps), against an
// array of sums.
//
// module: dna_psum
// quick: COLS=8 SUM_BITS=20 ACC_BITS=28 WORDS=16 ADDR=4
// quick: COLS=8 SUM_BITS=18 ACC_BITS=26 WORDS=16 ADDR=4 HOLD=1
// full: COLS=16 SUM_BITS=18 ACC_BITS=24 WORDS=64 ADDR=6
#include <vector>

#include "support.h"

namespace {

constexpr int kWait = 3;  ///< cycles between the steps of a slow set
constexpr int kCols = parameter::COLS, kSum = parameter::SUM_BITS, kAcc = parameter::ACC_BITS;

/// One step: its place, and whether its set is the block's first or last. Places of a set take an even number of
/// cycles.
struct Step {
    bool valid = false, first = false, last = false;
    int entry = 0;
};

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench), sums_(parameter::WORDS, std::vector<int64_t>(kCols)) {}

    void block(int entries, int sets) {
        for (int set = 0; set < sets; ++set)
            for (int entry = 0; entry < entries; ++entry) {
                cycle({true, set == 0, set + 1 == sets, entry});
                if (parameter::HOLD != 0 && set + 1 == sets)
                    for (int wait = 0; wait < kWait; ++wait) cycle({});
            }
    }
    void drain() {
        for (int i = 0; i < 4; ++i) cycle({});
    }

private:
    /// `step` is at stage -2 now; the steps before it stand at -1, 0 and 1.
    void cycle(const Step& step) {
        dut_.read_i = step.valid && !step.first, dut_.read_addr_i = step.entry;
        const Step& now = stages_[1];   // stage 0
        const Step& done = stages_[2];  // stage 1
        dut_.step_i = now.valid;
        dut_.first_i = now.valid ? now.first : bench_.random.oneIn(2);
        std::vector<int64_t> sums(kCols);
        for (int c = 0; c < kCols; ++c) {
            sums[size_t(c)] = unit::signedValue(bench_.random.word(kSum), kSum);
            unit::setBits(dut_.sums_i, c * kSum, kSum, unit::unsignedValue(sums[size_t(c)], kSum));
        }
        dut_.write_i = done.valid && !done.last, dut_.write_addr_i = done.entry;
        bench_.clock(dut_);
        if (now.valid) {
            standing_ = now.entry;
            std::vector<int64_t>& entry = sums_[size_t(now.entry)];
            for (int c = 0; c < kCols; ++c) {
                const int64_t old = now.first ? 0 : entry[size_t(c)];
                entry[size_t(c)] = unit::signedValue(unit::unsignedValue(old + sums[size_t(c)], kAcc), kAcc);
            }
        }
        if (now.valid || (parameter::HOLD != 0 && standing_ >= 0))
            for (int c = 0; c < kCols; ++c)
                bench_.expect(unit::bits(dut_.row_o, c * kAcc, kAcc),
                              unit::unsignedValue(sums_[size_t(standing_)][size_t(c)], kAcc), "row_o");
        stages_[2] = stages_[1], stages_[1] = stages_[0], stages_[0] = step;
    }

    unit::Bench& bench_;
    Vdut dut_;
    std::vector<std::vector<int64_t>> sums_;
    Step stages_[3];
    int standing_ = -1;  ///< entry of the last step at stage 0
};

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    const int blocks = bench.full ? 20000 : 1000;
    for (int i = 0; i < blocks; ++i) {
        const int entries = 4 + 2 * int(bench.random.below((parameter::WORDS - 4) / 2 + 1));
        run.block(entries, 1 + int(bench.random.below(5)));
        if (bench.random.oneIn(3)) run.drain();
    }
    run.drain();
    return bench.finish();
}
