// Processing element of the weight-stationary arrays: every pair of operands (up to 8 bits), then random loads and
// swaps.
//
// module: dna_pe_ws
// quick: CHAIN=1 BITS=8 OUT_BITS=20
// full: CHAIN=0 BITS=8 OUT_BITS=16
// full: CHAIN=1 BITS=4 PE_CUT=0 OUT_BITS=12
// full: CHAIN=1 BITS=16 OUT_BITS=36
#include "support.h"

namespace {

constexpr int kBits = parameter::BITS, kOut = parameter::OUT_BITS;

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {}

    void step(int64_t x, int64_t w, bool load, bool swap, uint64_t chain) {
        dut_.x_i = unit::unsignedValue(x, kBits), dut_.w_i = unit::unsignedValue(w, kBits);
        dut_.load_i = load, dut_.swap_i = swap;
        unit::setBits(dut_.chain_i, 0, kOut, chain);
        bench_.clock(dut_);
        // The sum of this edge takes the product of the edge before, that one the operands of the edge before it.
        if (parameter::PE_CUT == 0) product_ = x_ * active_;  // no register behind the product
        const int64_t below = parameter::CHAIN != 0 ? unit::signedValue(chain, kOut) + product_ : x_ * active_;
        product_ = x_ * active_;
        if (swap) active_ = waiting_;
        if (load) waiting_ = w;
        x_ = x;
        if (++cycle_ > 6) bench_.expect(unit::bits(dut_.out_o, 0, kOut), unit::unsignedValue(below, kOut), "out_o");
    }

private:
    unit::Bench& bench_;
    Vdut dut_;
    int64_t x_ = 0, product_ = 0, active_ = 0, waiting_ = 0;
    int cycle_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    run.step(0, 0, true, false, 0);
    run.step(0, 0, true, true, 0);
    const int bits = std::min(kBits, 8);
    const int64_t scale = int64_t(1) << (kBits - bits);
    for (int w = -(1 << (bits - 1)); w < 1 << (bits - 1); ++w) {
        run.step(0, w * scale, true, false, 0);
        for (int x = -(1 << (bits - 1)); x < 1 << (bits - 1); ++x)
            run.step(x * scale, 0, false, x == -(1 << (bits - 1)), bench.random.word(kOut));
    }
    const int cycles = bench.full ? 3000000 : 100000;
    for (int cycle = 0; cycle < cycles; ++cycle)
        run.step(unit::signedValue(bench.random.word(kBits), kBits), unit::signedValue(bench.random.word(kBits), kBits),
                 bench.random.oneIn(3), bench.random.oneIn(4), bench.random.word(kOut));
    return bench.finish();
}
