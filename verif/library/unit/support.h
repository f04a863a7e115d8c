// What the unit benches share: comparing, random numbers, ports of any width. A bench is one translation unit with the
// model of its module (class Vdut); `parameter::X` are the module's parameters, `width::x_i` the widths of its ports.
// The program takes FULL (0 or 1) and SEED, prints the first difference and "checks N mismatches M".
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "Vdut.h"
#include "parameters.h"

namespace unit {

/// xorshift64*, seeded by the command line.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull + 0x2545f4914f6cdd1dull) {}
    uint64_t next() {
        state_ ^= state_ >> 12, state_ ^= state_ << 25, state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1dull;
    }
    uint64_t below(uint64_t bound) { return (next() >> 11) % bound; }
    bool oneIn(uint64_t n) { return below(n) == 0; }
    /// `bits` bits; one in four times a corner: 0, all ones, the largest or the smallest signed value.
    uint64_t word(int bits) {
        const uint64_t mask = bits >= 64 ? ~0ull : (1ull << bits) - 1;
        if (below(4) != 0) return next() & mask;
        const uint64_t top = 1ull << (bits - 1);
        const uint64_t corners[] = {0, mask, top, top - 1, 1, top + 1};
        return corners[below(6)] & mask;
    }

private:
    uint64_t state_;
};

inline int64_t signedValue(uint64_t bits, int width) {
    const uint64_t sign = 1ull << (width - 1);
    const uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
    return int64_t(((bits & mask) ^ sign) - sign);
}
inline uint64_t unsignedValue(int64_t value, int width) {
    return width >= 64 ? uint64_t(value) : uint64_t(value) & ((1ull << width) - 1);
}

/// `count` <= 64 bits of a port from bit `low` on.
template <class Port>
uint64_t bits(const Port& port, int low, int count) {
    if constexpr (std::is_integral_v<Port>) {
        return unsignedValue(int64_t(uint64_t(port) >> low), count);
    } else {
        uint64_t value = 0;
        for (int done = 0; done < count;) {
            const int at = low + done, take = std::min(32 - at % 32, count - done);
            value |= (uint64_t(port[at / 32]) >> (at % 32) & ((1ull << take) - 1)) << done;
            done += take;
        }
        return value;
    }
}
template <class Port>
void setBits(Port& port, int low, int count, uint64_t value) {
    if constexpr (std::is_integral_v<Port>) {
        const uint64_t mask = (count >= 64 ? ~0ull : (1ull << count) - 1) << low;
        port = Port((uint64_t(port) & ~mask) | (value << low & mask));
    } else {
        for (int done = 0; done < count;) {
            const int at = low + done, take = std::min(32 - at % 32, count - done);
            const uint32_t mask = uint32_t(((1ull << take) - 1) << (at % 32));
            port[at / 32] = (port[at / 32] & ~mask) | (uint32_t(value >> done) << (at % 32) & mask);
            done += take;
        }
    }
}

class Bench {
public:
    Bench(int argc, char** argv)
        : full(argc > 1 && argv[1][0] == '1'), random(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1) {
        Verilated::randReset(2);  // registers without reset start with random values
        Verilated::randSeed(int(1 + random.below(1000000)));
    }

    void expect(uint64_t found, uint64_t wanted, const char* what) {
        ++checks_;
        if (found == wanted || mismatches_++ != 0) return;
        std::printf("first: check %lld, %s: found %llx, expected %llx\n", (long long)checks_, what,
                    (unsigned long long)found, (unsigned long long)wanted);
        std::fflush(stdout);  // an assertion of the library may end the program
    }

    template <class Top>
    static void clock(Top& top) {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
    }
    template <class Top>
    static void reset(Top& top) {
        top.rst_n = 0;
        top.eval();
        clock(top);
        clock(top);
        top.rst_n = 1;
        top.eval();
    }

    /// The program's exit code.
    int finish() const {
#if VM_COVERAGE
        Verilated::threadContextp()->coveragep()->write("coverage.dat");
#endif
        std::printf("checks %lld mismatches %lld\n", (long long)checks_, (long long)mismatches_);
        return mismatches_ == 0 ? 0 : 1;
    }

    const bool full;
    Random random;

private:
    int64_t checks_ = 0, mismatches_ = 0;
};

}  // namespace unit
