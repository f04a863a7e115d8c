// Processing element of the output array: every pair of operands (up to 8 bits each), then random sequences with first,
// transfer, chain, shift and maxima, against sums kept as integers.
//
// module: dna_pe
// quick: ACC_BITS=28 MAX_POOL=1
// quick: ACC_BITS=28 MAX_POOL=0 HOLD=1
// quick: BITS=4 ACC_BITS=12 MAX_POOL=1 PE_CUT=0
// quick: ACC_BITS=24 MAX_POOL=1 INVERT=1
// quick: ACC_BITS=26 HOLD=1 INVERT=1
// full: BITS=16 ACC_BITS=44 MAX_POOL=1
// full: ACC_BITS=20 MAX_POOL=0
// full: ACC_BITS=32 MAX_POOL=1
#include <deque>

#include "support.h"

namespace {

constexpr int kX = width::x_i, kW = width::w_i, kAcc = parameter::ACC_BITS;
constexpr uint64_t kAll = (uint64_t{1} << kAcc) - 1;
constexpr uint64_t kChainIn = parameter::INVERT != 0 ? kAll : 0, kChainOut = kAll ^ kChainIn;   // bits that are inverted

/// What stands in the element, by the cycle: operands, product, sum, drain.
class Model {
public:
    void clock(int64_t x, int64_t w, bool take_max, bool first, bool transfer, bool shift, uint64_t chain) {
        if (transfer || shift || parameter::HOLD == 0) drain_ = transfer ? sum_ : chain;
        if (parameter::PE_CUT == 0) product_ = x_ * w_;  // no register behind the product
        const int64_t kept = unit::signedValue(sum_, kAcc);
        int64_t next = first ? product_ : kept + product_;
        if (take_max && parameter::MAX_POOL != 0) next = first ? product_ : std::max(kept, product_);
        sum_ = unit::unsignedValue(next, kAcc);
        product_ = x_ * w_;
        x_ = x, w_ = w;
    }
    uint64_t drained() const { return drain_; }

private:
    int64_t x_ = 0, w_ = 0, product_ = 0;
    uint64_t sum_ = 0, drain_ = 0;
};

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {}

    void step(int64_t x, int64_t w, bool take_max, bool first, bool transfer, uint64_t chain) {
        dut_.x_i = unit::unsignedValue(x, kX), dut_.w_i = unit::unsignedValue(w, kW);
        const bool shift = bench_.random.oneIn(2);
        dut_.max_i = take_max, dut_.first_i = first, dut_.transfer_i = transfer, dut_.shift_i = shift;
        unit::setBits(dut_.chain_i, 0, kAcc, chain ^ kChainIn);
        bench_.clock(dut_);
        model_.clock(x, w, take_max, first, transfer, shift, chain);
        if (++cycle_ > 4) bench_.expect(unit::bits(dut_.chain_o, 0, kAcc), model_.drained() ^ kChainOut, "chain_o");
    }

private:
    unit::Bench& bench_;
    Vdut dut_;
    Model model_;
    int cycle_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    // Every product alone: first and transfer in every cycle show one product after the other.
    const int xs = std::min(kX, 8), ws = std::min(kW, 8);
    for (int x = -(1 << (xs - 1)); x < 1 << (xs - 1); ++x)
        for (int w = -(1 << (ws - 1)); w < 1 << (ws - 1); ++w)
            run.step(int64_t(x) << (kX - xs), int64_t(w) << (kW - ws), false, true, true, 0);
    // Sums and maxima. Maxima are taken of products with weight 1, of operands of 8 bits as the layers have them.
    const int cycles = bench.full ? 3000000 : 200000;
    bool take_max = false;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const bool first = bench.random.oneIn(20);
        // The mode changes behind a transfer only; the operands that are under way are of the mode then.
        if (cycle % 500 == 0) {
            for (int i = 0; i < 3; ++i) run.step(0, 0, take_max, true, false, 0);
            take_max = parameter::MAX_POOL != 0 && bench.random.oneIn(2);
            for (int i = 0; i < 3; ++i) run.step(0, 0, take_max, true, false, 0);
        }
        const int64_t w = take_max ? 1 : unit::signedValue(bench.random.word(kW), kW);
        run.step(unit::signedValue(bench.random.word(kX), kX), w, take_max, first, bench.random.oneIn(6),
                 bench.random.word(kAcc));
    }
    return bench.finish();
}
