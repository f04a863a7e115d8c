#include "flows/pe_activity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/rng.h"

namespace dna::flows {
namespace {

constexpr int kStreams = 64;
constexpr int kSumLength = 36;    // products of one sum in the synthetic trace: 3x3 over 4 channels
constexpr int kDrainCycles = 8;   // cycles after a transfer in which sums of other rows pass through

/// An 8-bit operand as one of another width: its upper bits, or low bits that look random behind it.
uint64_t scaled(int8_t value, int bits) {
    if (bits <= 8) return static_cast<uint64_t>(value >> (8 - bits));
    return static_cast<uint64_t>(int64_t{value} << (bits - 8)) | ((static_cast<uint8_t>(value) * 0x9dU) & ((1U << (bits - 8)) - 1));
}

/// Sets the operands of one stream; sums of other rows pass through the drain register after a transfer. Where weights
/// stay (dna_pe_ws), a new one becomes active where a sum of the trace begins.
void apply(GateSimulation& simulation, int stream, const PeOperands& operands, uint64_t chain) {
    const int bits = static_cast<int>(simulation.module().ports.at("x_i").bits.size());
    simulation.setInputValue("x_i", stream, scaled(operands.input, bits));
    simulation.setInputValue("w_i", stream, scaled(operands.weight, bits));
    const bool stays = simulation.module().source_name == "dna_pe_ws";
    simulation.setInputValue(stays ? "load_i" : "first_i", stream, operands.first);
    simulation.setInputValue(stays ? "swap_i" : "transfer_i", stream, operands.transfer);
    simulation.setInputValue("chain_i", stream, chain);
}

/// The same for a row-stationary PE: steps of half its weights, a new weight in the other half where a sum of the trace
/// begins (a set stays for as many steps as a sum of the trace is long), totals of the row above two cycles later.
void applyRow(GateSimulation& simulation, int stream, const PeOperands& operands, uint64_t chain, int cycle) {
    const int half = 1 << (simulation.module().ports.at("read_i").bits.size() - 1);
    const int written = cycle / kSumLength, place = cycle % half;
    simulation.setInputValue("x_i", stream, static_cast<uint8_t>(operands.input));
    simulation.setInputValue("w_i", stream, static_cast<uint8_t>(operands.weight));
    simulation.setInputValue("write_i", stream, operands.first);
    simulation.setInputValue("place_i", stream, static_cast<uint64_t>((written + half) % (2 * half)));
    simulation.setInputValue("read_i", stream, static_cast<uint64_t>(written / half % 2 * half + place));
    simulation.setInputValue("use_i", stream, 1);
    simulation.setInputValue("first_i", stream, place == 2 % half);
    simulation.setInputValue("transfer_i", stream, place == 3 % half);
    simulation.setInputValue("join_i", stream, place == 5 % half);
    simulation.setInputValue("chain_i", stream, chain);
}

/// Fills the register files of a row-stationary PE.
void fillWeights(GateSimulation& simulation, const std::vector<PeOperands>& trace) {
    const size_t words = size_t{1} << simulation.module().ports.at("place_i").bits.size();
    for (size_t place = 0; place < words; ++place) {
        for (int stream = 0; stream < kStreams; ++stream) {
            applyRow(simulation, stream, trace[(place + 7 * static_cast<size_t>(stream)) % trace.size()], 0, 1);
            simulation.setInputValue("write_i", stream, 1);
            simulation.setInputValue("place_i", stream, place);
        }
        simulation.cycle();
    }
    for (int stream = 0; stream < kStreams; ++stream) simulation.setInputValue("write_i", stream, 0);
}

int8_t clamped(double value) { return static_cast<int8_t>(std::clamp(std::lround(value), -128L, 127L)); }

}  // namespace

std::vector<PeOperands> readPeTrace(const std::filesystem::path& file) {
    std::istringstream lines(base::readFile(file));
    std::vector<PeOperands> trace;
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        std::istringstream words(line);
        int input = 0, weight = 0, first = 0, transfer = 0;
        if (!(words >> input >> weight >> first >> transfer) || std::abs(input) > 128 || std::abs(weight) > 128)
            throw base::InputError(file.string(), fmt::format("line {}", number), "expected: input weight first transfer");
        trace.push_back({static_cast<int8_t>(input), static_cast<int8_t>(weight), first != 0, transfer != 0});
    }
    if (trace.size() < kStreams * 4) throw base::InputError(file.string(), "", "is too short to measure activity");
    return trace;
}

std::vector<PeOperands> syntheticPeTrace(int cycles, uint64_t seed) {
    base::Rng rng(seed, "pe operands");
    std::vector<PeOperands> trace;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const bool zero = rng.uniform() < 0.5;
        const double input = zero ? -128.0 : -128.0 + std::abs(60.0 * rng.normal());
        const bool boundary = cycle % kSumLength == 0;
        trace.push_back({clamped(input), clamped(24.0 * rng.normal()), boundary, boundary});
    }
    return trace;
}

PeEnergy peEnergy(const NetlistModule& pe, const Library& library, double slew_ns, const std::vector<PeOperands>& trace,
                  const std::string& source) {
    GateSimulation simulation(pe, library);
    base::Rng rng(1, "pe chain");
    const bool row_stationary = pe.source_name == "dna_pe_rs";
    if (row_stationary) fillWeights(simulation, trace);
    const int length = static_cast<int>(trace.size()) / kStreams;  // every stream gets its own stretch of the trace
    std::vector<int> since_transfer(kStreams, kDrainCycles);
    PeEnergy result{.busy = {}, .idle = {}, .source = source, .cycles = length};
    for (int cycle = 0; cycle < length; ++cycle) {
        for (int stream = 0; stream < kStreams; ++stream) {
            const PeOperands& operands = trace[static_cast<size_t>(stream * length + cycle)];
            int& since = since_transfer[static_cast<size_t>(stream)];
            since = operands.transfer ? 0 : since + 1;
            if (row_stationary) {
                applyRow(simulation, stream, operands, rng.next() & 0x3ffff, cycle);
                continue;
            }
            const bool chained = since < kDrainCycles || simulation.module().source_name == "dna_pe_ws";
            apply(simulation, stream, operands, chained ? rng.next() & 0x3ffff : 0);
        }
        simulation.cycle();
        if (cycle == 3) simulation.resetCounts();  // registers hold data from here on
    }
    result.busy = simulatedEnergy(simulation, library, slew_ns);
    for (int stream = 0; stream < kStreams; ++stream) {
        if (!row_stationary) {
            apply(simulation, stream, trace[static_cast<size_t>(stream)], 0);
            continue;
        }
        for (const char* port : {"write_i", "use_i", "first_i", "transfer_i", "join_i", "chain_i"})
            simulation.setInputValue(port, stream, 0);
    }
    for (int cycle = 0; cycle < 4; ++cycle) simulation.cycle();
    simulation.resetCounts();
    for (int cycle = 0; cycle < 64; ++cycle) simulation.cycle();
    result.idle = simulatedEnergy(simulation, library, slew_ns);
    return result;
}

}  // namespace dna::flows
