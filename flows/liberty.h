#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "flows/liberty_syntax.h"
#include "flows/logic_function.h"

namespace dna::flows {

/// A lookup table over at most two variables; linear between its points, constant outside.
struct EnergyTable {
    std::vector<double> slew;  ///< index of the input transition in ns; empty: no such variable
    std::vector<double> load;  ///< index of the output load in pF; empty: no such variable
    std::vector<double> values;  ///< row-major, [slew][load]
    double at(double slew_ns, double load_pf) const;
};

/// Internal energy of a pin in pJ: of one rising and one falling edge. Tables that differ only by `when` are averaged.
struct InternalEnergy {
    std::string related_pin;  ///< empty for inputs
    EnergyTable rise, fall;
    /// Mean of a rising and a falling edge.
    double perToggle(double slew_ns, double load_pf) const { return 0.5 * (rise.at(slew_ns, load_pf) + fall.at(slew_ns, load_pf)); }
};

struct LibraryPin {
    enum class Direction { Input, Output, Internal };
    std::string name;
    Direction direction = Direction::Input;
    double capacitance_pf = 0;
    bool clock = false;
    LogicFunction function;  ///< outputs
    std::vector<InternalEnergy> energies;
};

/// The flip-flop of a cell: functions of the cell's pins.
struct FlipFlop {
    std::string state, inverse;  ///< names of the state variables in output functions
    LogicFunction next_state, clocked_on, clear, preset;
};

struct LibraryCell {
    std::string name;
    double area_um2 = 0;
    double leakage_nw = 0;
    std::vector<LibraryPin> pins;
    std::vector<FlipFlop> flip_flops;
    bool latch = false;
    const LibraryPin* pin(const std::string& pin_name) const;
    bool sequential() const { return latch || !flip_flops.empty(); }
};

/// What power, area and simulation need of a Liberty file, in um2, pF, ns, nW and pJ whatever the file's units.
struct Library {
    std::string name;
    double voltage = 0;
    std::map<std::string, LibraryCell> cells;
};

/// Reads a Liberty file, packed (.gz) or not. Throws InputError.
Library readLibrary(const std::filesystem::path& file);
Library libraryOf(const LibertyGroup& group, const std::string& file);

/// The text of a file, unpacked when it starts like gzip. Throws InputError.
std::string readMaybePacked(const std::filesystem::path& file);

/// The text without the cells whose name matches a pattern (`*` and `?`): Yosys 0.23 has no other way not to use them.
std::string withoutCells(const std::string& text, const LibertyGroup& library, const std::vector<std::string>& patterns);

/// `*` matches any characters, `?` one.
bool matchesPattern(const std::string& text, const std::string& pattern);

}  // namespace dna::flows
