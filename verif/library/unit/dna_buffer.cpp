// Buffer against arrays of bytes: masked writes into one memory while the other is read, or in turns where there is one; data
// are held. With several banks of a memory nothing differs.
//
// module: dna_buffer
// quick: WORDS=12 ADDR=4
// quick: WORDS=12 ADDR=4 SLOTS=1
// quick: WORDS=11 ADDR=4 BANKS=2
// quick: WORDS=18 ADDR=5 BANKS=8 SLOTS=1
// full: WORDS=512 ADDR=9
// full: WORDS=512 ADDR=9 BANKS=4
#include <vector>

#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    constexpr int kBytes = width::write_data_i / 8;
    constexpr int kSlots = parameter::SLOTS;
    std::vector<std::vector<uint8_t>> halves(kSlots, std::vector<uint8_t>(size_t(parameter::WORDS) * kBytes));
    std::vector<uint8_t> shown(kBytes);
    bool known = false;
    const int cycles = bench.full ? 1000000 : 100000;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const int fill = cycle / 2 < parameter::WORDS * 2 ? cycle : -1;  // every word is written before any is read
        const int slot = fill >= 0 ? fill / parameter::WORDS % 2 : (cycle / 97) % 2;
        const bool write = fill >= 0 || bench.random.oneIn(2);
        const bool read = fill < 0 && bench.random.oneIn(2) && !(write && kSlots == 1);
        const int to = fill >= 0 ? fill % parameter::WORDS : int(bench.random.below(parameter::WORDS));
        const int from = int(bench.random.below(parameter::WORDS));
        const uint64_t mask = fill >= 0 ? ~0ull : bench.random.next();
        dut.write_i = write, dut.write_slot_i = slot, dut.write_addr_i = to,
        dut.write_mask_i = unit::unsignedValue(int64_t(mask), kBytes);
        dut.read_i = read, dut.read_slot_i = 1 - slot, dut.read_addr_i = from;
        for (int b = 0; b < kBytes; ++b) {
            const uint8_t byte = uint8_t(bench.random.next());
            unit::setBits(dut.write_data_i, 8 * b, 8, byte);
            if (write && (mask >> b & 1)) halves[size_t(slot % kSlots)][size_t(to * kBytes + b)] = byte;
        }
        bench.clock(dut);
        if (read) {
            const auto begin = halves[size_t((1 - slot) % kSlots)].begin() + from * kBytes;
            shown.assign(begin, begin + kBytes);
            known = true;
        }
        for (int b = 0; known && b < kBytes; ++b)
            bench.expect(unit::bits(dut.read_data_o, 8 * b, 8), shown[size_t(b)], "read_data_o");
    }
    return bench.finish();
}
