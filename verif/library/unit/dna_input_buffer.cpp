// Banks of the input buffer against arrays of words: one word written a cycle, or short ones to neighbouring banks; all banks
// read from the other half, or in turns where there is one.
//
// module: dna_input_buffer
// quick: ROWS=4 LOG=2 WORDS=10 ADDR=4
// quick: ROWS=4 LOG=2 WORDS=10 ADDR=4 SLOTS=1
// quick: ROWS=4 LOG=2 WORDS=10 ADDR=4 PIXELS=8 QUARTER=3
// quick: ROWS=4 LOG=2 WORDS=10 ADDR=4 BANKS=4
// full: ROWS=16 LOG=4 WORDS=64 ADDR=6
#include <array>
#include <vector>

#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    constexpr int kBits = width::write_data_i, kParts = kBits / 32;
    using Word = std::array<uint32_t, kParts>;
    std::vector<Word> words(size_t(2 * parameter::ROWS * parameter::WORDS));
    const auto at = [&](int slot, int bank, int address) -> Word& {
        return words[size_t((slot % parameter::SLOTS * parameter::ROWS + bank) * parameter::WORDS + address)];
    };
    const int filling = 2 * parameter::ROWS * parameter::WORDS;
    const int cycles = filling + (bench.full ? 300000 : 30000);
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const bool fill = cycle < filling;  // every word is written before any is read
        const int slot = fill ? cycle / (filling / 2) : (cycle / 61) % 2;
        const int bank = fill ? cycle % parameter::ROWS : int(bench.random.below(parameter::ROWS));
        const int address =
            fill ? cycle / parameter::ROWS % parameter::WORDS : int(bench.random.below(parameter::WORDS));
        const bool write = fill || bench.random.oneIn(2);
        dut.write_i = write, dut.write_slot_i = slot, dut.write_bank_i = bank, dut.write_addr_i = address;
        // Bits of the banks' numbers that may differ: none, or some of the low ones.
        const int group = fill ? 0 : (1 << bench.random.below(parameter::QUARTER + 1)) - 1;
        const int valid = fill ? -1 : int(bench.random.next());
        dut.write_group_i = unsigned(group), dut.write_valid_i = unit::unsignedValue(valid, parameter::PIXELS);
        constexpr int kPixel = kBits / parameter::PIXELS;
        Word word, pixels;
        for (int p = 0; p < kParts; ++p) {
            unit::setBits(dut.write_data_i, 32 * p, 32, word[size_t(p)] = uint32_t(bench.random.next()));
            unit::setBits(dut.write_pixels_i, 32 * p, 32, pixels[size_t(p)] = uint32_t(bench.random.next()));
        }
        for (int b = 0; write && b < parameter::ROWS; ++b) {
            const int number = b % parameter::PIXELS;
            if (((b ^ bank) & ~group) != 0 || (valid >> number & 1) == 0) continue;
            Word& here = at(slot, b, address);
            here = word;
            unit::setBits(here, 0, kPixel, unit::bits(pixels, number * kPixel, kPixel));
        }
        dut.read_slot_i = 1 - slot;
        uint64_t reads = fill || (write && parameter::SLOTS == 1) ? 0 : bench.random.next();
        int from[parameter::ROWS];
        for (int b = 0; b < parameter::ROWS; ++b) {
            from[b] = int(bench.random.below(parameter::WORDS));
            unit::setBits(dut.read_i, b, 1, reads >> b & 1);
            unit::setBits(dut.read_addr_i, b * parameter::ADDR, parameter::ADDR, uint64_t(from[b]));
        }
        bench.clock(dut);
        for (int b = 0; b < parameter::ROWS; ++b)
            for (int p = 0; (reads >> b & 1) && p < kParts; ++p)
                bench.expect(unit::bits(dut.read_data_o, b * kBits + 32 * p, 32), at(1 - slot, b, from[b])[size_t(p)],
                             "read_data_o");
    }
    return bench.finish();
}
