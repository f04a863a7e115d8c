// From words of the weight buffer to vectors: pieces of a word, of packed layers widened, against an array of integers.
//
// module: dna_weights
// quick: VECTOR=128 BITS=8 PACKED=1
// quick: VECTOR=64 BITS=8 PACKED=1
// full: VECTOR=128 BITS=8 PACKED=0
// full: VECTOR=64 BITS=8 PACKED=0
// full: VECTOR=128 BITS=16 PACKED=1
// full: VECTOR=64 BITS=16 PACKED=1
// full: VECTOR=64 BITS=4 PACKED=0
#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    constexpr int kColumns = parameter::VECTOR / parameter::BITS;
    const int cycles = bench.full ? 200000 : 20000;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const bool mac = !bench.random.oneIn(4), packed = parameter::PACKED != 0 && bench.random.oneIn(2);
        const int bits = packed ? parameter::BITS / 2 : parameter::BITS;
        const int part = int(bench.random.below(uint64_t(128 / (kColumns * bits))));
        int64_t weights[kColumns];
        for (int low = 0; low < 128; low += 64) unit::setBits(dut.data_i, low, 64, bench.random.next());
        for (int c = 0; c < kColumns; ++c) {
            weights[c] = unit::signedValue(bench.random.word(bits), bits);
            unit::setBits(dut.data_i, (part * kColumns + c) * bits, bits, unit::unsignedValue(weights[c], bits));
        }
        dut.mac_i = mac, dut.packed_i = packed, dut.part_i = part;
        bench.clock(dut);
        for (int c = 0; c < kColumns; ++c)
            bench.expect(unit::bits(dut.w_o, c * parameter::BITS, parameter::BITS),
                         mac ? unit::unsignedValue(weights[c], parameter::BITS) : 0, "w_o");
    }
    return bench.finish();
}
