// Rotation of words from banks to lanes against its definition: every field shape, every amount.
//
// module: dna_align
// quick: ROWS=16 LOG=4 BITS=9
// full: ROWS=4 LOG=2 BITS=9
// full: ROWS=8 LOG=3 BITS=129
// full: ROWS=32 LOG=5 BITS=17
#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    constexpr int kBits = parameter::BITS < 64 ? parameter::BITS : 64;  // the low bits are compared, all are driven
    const int repeats = bench.full ? 200 : 20;
    for (int log2_x = 0; log2_x <= parameter::LOG; ++log2_x) {
        const int across = 1 << log2_x, down = parameter::ROWS >> log2_x;
        for (int amount = 0; amount < parameter::ROWS; ++amount) {
            const int rx = amount % across, ry = amount / across;
            for (int repeat = 0; repeat < repeats; ++repeat) {
                uint64_t banks[parameter::ROWS];
                for (int b = 0; b < parameter::ROWS; ++b) {
                    banks[b] = bench.random.next() & (~0ull >> (64 - kBits));
                    for (int part = 0; part < parameter::BITS; part += kBits)
                        unit::setBits(dut.banks_i, b * parameter::BITS + part, std::min(kBits, parameter::BITS - part),
                                      banks[b]);
                }
                dut.amount_i = amount, dut.log2_x_i = log2_x;
                dut.eval();
                for (int j = 0; j < down; ++j)
                    for (int i = 0; i < across; ++i)
                        bench.expect(unit::bits(dut.lanes_o, (i + across * j) * parameter::BITS, kBits),
                                     banks[(i + rx) % across + across * ((j + ry) % down)], "lanes_o");
            }
        }
    }
    return bench.finish();
}
