// Product of two signed operands as it is mapped to cells, written out in rows, against the product: all pairs, of wide operands
// random ones.
//
// module: dna_product
// define: DNA_CELLS
// quick: BITS=8 OUT_BITS=16
// quick: BITS=8 OUT_BITS=28
// quick: BITS=4 OUT_BITS=12
// full: BITS=16 OUT_BITS=44
#include <cstdint>

#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    constexpr int kBits = parameter::BITS, kOut = parameter::OUT_BITS;
    constexpr bool kAllPairs = kBits <= 8;
    const uint64_t pairs = kAllPairs ? 1ull << (2 * kBits) : 1000000;
    for (uint64_t pair = 0; pair < pairs; ++pair) {
        const uint64_t drawn = kAllPairs ? pair : bench.random.next();
        const uint64_t a = drawn & ((1ull << kBits) - 1), b = drawn >> kBits & ((1ull << kBits) - 1);
        dut.a_i = a, dut.b_i = b;
        dut.eval();
        const int64_t product = unit::signedValue(a, kBits) * unit::signedValue(b, kBits);
        bench.expect(unit::bits(dut.product_o, 0, kOut), unit::unsignedValue(product, kOut), "product_o");
    }
    return bench.finish();
}
