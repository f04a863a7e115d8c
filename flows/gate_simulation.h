#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "flows/netlist.h"

namespace dna::flows {

/// Zero-delay simulation of one mapped module of library cells, 64 independent streams at a time, counting toggles.
/// The clock is implicit: every cycle() is one rising edge. Zero delay means no glitches: energies made from these
/// toggles are a lower bound and are labelled so.
class GateSimulation {
public:
    /// Throws InputError when the module holds something other than library cells (sub-modules, latches), or a loop.
    GateSimulation(const NetlistModule& module, const Library& library);

    /// Value of one bit of an input port for the coming cycle, one stream per bit of the word.
    void setInput(const std::string& port, size_t bit, uint64_t streams);
    /// The same integer for one stream on all bits of a port.
    void setInputValue(const std::string& port, int stream, uint64_t value);
    /// Bits [first, first + width) of a wider input.
    void setInputField(const std::string& port, size_t first, size_t width, int stream, uint64_t value);
    /// Settles the logic with the present inputs and registers, counts toggles, then clocks the registers.
    void cycle();
    /// What an output port shows to one stream: settled in the last cycle().
    uint64_t outputValue(const std::string& port, int stream) const;

    void resetCounts();
    long cycles() const { return cycles_; }
    /// Toggles of every net over all 64 streams since resetCounts().
    const std::vector<uint64_t>& toggles() const { return toggles_; }

    /// One output pin of a cell: what drives a net.
    struct Driver {
        const NetlistCell* cell;
        const LibraryCell* type;
        const LibraryPin* pin;
        NetBit net;
        std::vector<NetBit> operands;  ///< nets of the function's operands; flip-flop outputs: empty
        int state = -1;                ///< register whose (possibly inverted) value it shows
        bool inverted = false;
    };
    const std::vector<Driver>& drivers() const { return drivers_; }
    const NetlistModule& module() const { return module_; }

private:
    struct Register {
        const FlipFlop* flop;
        std::vector<NetBit> next, clear, preset;
        uint64_t value = 0;
    };
    void addCell(const NetlistCell& cell, const Library& library);
    void sortByLevel();
    void settle();
    void clock();
    uint64_t evaluate(const LogicFunction& function, const std::vector<NetBit>& nets) const;

    const NetlistModule& module_;
    std::vector<Driver> drivers_;     ///< registers first, then logic in an order that settles in one sweep
    std::vector<Register> registers_;
    std::vector<uint64_t> values_, previous_, toggles_;
    long cycles_ = 0;
    bool first_ = true;
};

}  // namespace dna::flows
