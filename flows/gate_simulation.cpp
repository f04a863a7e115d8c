#include "flows/gate_simulation.h"

#include <algorithm>
#include <bit>

#include "core/base/error.h"

namespace dna::flows {
namespace {

NetBit netOf(const NetlistCell& cell, const std::string& pin) {
    const auto found = cell.connections.find(pin);
    return found == cell.connections.end() || found->second.empty() ? kUnconnected : found->second.front();
}

std::vector<NetBit> netsOf(const NetlistCell& cell, const LogicFunction& function) {
    std::vector<NetBit> nets;
    for (const std::string& operand : function.operands()) {
        const NetBit net = netOf(cell, operand);
        nets.push_back(net == kUnconnected ? kConstantZero : net);
    }
    return nets;
}

}  // namespace

GateSimulation::GateSimulation(const NetlistModule& module, const Library& library) : module_(module) {
    for (const NetlistCell& cell : module.cells) addCell(cell, library);
    sortByLevel();
    values_.assign(static_cast<size_t>(module.nets), 0);
    values_[kConstantOne] = ~uint64_t{0};
    previous_ = values_;
    toggles_.assign(values_.size(), 0);
}

void GateSimulation::addCell(const NetlistCell& cell, const Library& library) {
    const auto found = library.cells.find(cell.type);
    if (found == library.cells.end())
        throw base::InputError(module_.source_name, "", "holds " + cell.type + ", which is no cell of the library");
    const LibraryCell& type = found->second;
    if (type.latch || type.flip_flops.size() > 1)
        throw base::InputError(module_.source_name, "", "holds the latch or register bank " + cell.type + ", which cannot be simulated");
    int state = -1;
    if (!type.flip_flops.empty()) {
        const FlipFlop& flop = type.flip_flops.front();
        registers_.push_back({&flop, netsOf(cell, flop.next_state), netsOf(cell, flop.clear), netsOf(cell, flop.preset)});
        state = static_cast<int>(registers_.size()) - 1;
    }
    for (const LibraryPin& pin : type.pins) {
        const NetBit net = netOf(cell, pin.name);
        if (pin.direction != LibraryPin::Direction::Output || net <= kConstantOne || pin.function.empty()) continue;
        Driver driver{&cell, &type, &pin, net, {}, state};
        const auto& operands = pin.function.operands();
        const bool shows_state = state >= 0 && operands.size() == 1 &&
                                 (operands[0] == type.flip_flops[0].state || operands[0] == type.flip_flops[0].inverse);
        if (shows_state) {
            const uint64_t one = ~uint64_t{0};
            driver.inverted = (pin.function.evaluate(&one) == 0) != (operands[0] == type.flip_flops[0].inverse);
        } else {
            driver.state = -1;
            driver.operands = netsOf(cell, pin.function);
        }
        drivers_.push_back(std::move(driver));
    }
}

void GateSimulation::sortByLevel() {
    std::stable_partition(drivers_.begin(), drivers_.end(), [](const Driver& driver) { return driver.state >= 0; });
    std::vector<int> driver_of(static_cast<size_t>(module_.nets), -1);
    for (size_t i = 0; i < drivers_.size(); ++i) driver_of[static_cast<size_t>(drivers_[i].net)] = static_cast<int>(i);
    // Depth-first with an explicit stack: netlists are deep enough to exhaust the call stack.
    std::vector<Driver> sorted;
    std::vector<char> mark(drivers_.size(), 0);  // 0 new, 1 open, 2 done
    std::vector<std::pair<int, size_t>> stack;
    for (size_t root = 0; root < drivers_.size(); ++root) {
        if (mark[root] == 0) stack.emplace_back(static_cast<int>(root), 0), mark[root] = 1;
        while (!stack.empty()) {
            auto& [index, operand] = stack.back();
            const Driver& driver = drivers_[static_cast<size_t>(index)];
            if (operand == driver.operands.size()) {
                sorted.push_back(driver);
                mark[static_cast<size_t>(index)] = 2;
                stack.pop_back();
                continue;
            }
            const int below = driver_of[static_cast<size_t>(driver.operands[operand++])];
            if (below < 0 || mark[static_cast<size_t>(below)] == 2) continue;
            if (mark[static_cast<size_t>(below)] == 1)
                throw base::InputError(module_.source_name, "", "holds a combinational loop through " + driver.cell->name);
            mark[static_cast<size_t>(below)] = 1;
            stack.emplace_back(below, 0);
        }
    }
    drivers_ = std::move(sorted);
}

void GateSimulation::setInput(const std::string& port, size_t bit, uint64_t streams) {
    const auto found = module_.ports.find(port);
    DNA_CHECK(found != module_.ports.end() && found->second.input && bit < found->second.bits.size(), "no such input: " + port);
    const NetBit net = found->second.bits[bit];
    if (net > kConstantOne) values_[static_cast<size_t>(net)] = streams;
}

void GateSimulation::setInputValue(const std::string& port, int stream, uint64_t value) {
    const auto found = module_.ports.find(port);
    DNA_CHECK(found != module_.ports.end(), "no such input: " + port);
    setInputField(port, 0, found->second.bits.size(), stream, value);
}

void GateSimulation::setInputField(const std::string& port, size_t first, size_t width, int stream, uint64_t value) {
    const auto found = module_.ports.find(port);
    DNA_CHECK(found != module_.ports.end() && found->second.input, "no such input: " + port);
    DNA_CHECK(first + width <= found->second.bits.size(), "no such bits of " + port);
    const uint64_t mask = uint64_t{1} << stream;
    for (size_t bit = 0; bit < width; ++bit) {
        const NetBit net = found->second.bits[first + bit];
        if (net <= kConstantOne) continue;
        uint64_t& word = values_[static_cast<size_t>(net)];
        word = bit < 64 && ((value >> bit) & 1) ? word | mask : word & ~mask;
    }
}

uint64_t GateSimulation::evaluate(const LogicFunction& function, const std::vector<NetBit>& nets) const {
    uint64_t operands[256];
    for (size_t i = 0; i < nets.size(); ++i) operands[i] = values_[static_cast<size_t>(nets[i])];
    return function.evaluate(operands);
}

void GateSimulation::settle() {
    for (const Driver& driver : drivers_) {
        uint64_t& value = values_[static_cast<size_t>(driver.net)];
        if (driver.state >= 0) {
            const uint64_t state = registers_[static_cast<size_t>(driver.state)].value;
            value = driver.inverted ? ~state : state;
        } else {
            value = evaluate(driver.pin->function, driver.operands);
        }
    }
}

void GateSimulation::clock() {
    std::vector<uint64_t> next;
    next.reserve(registers_.size());
    for (const Register& entry : registers_) {
        uint64_t value = evaluate(entry.flop->next_state, entry.next);
        if (!entry.flop->preset.empty()) value |= evaluate(entry.flop->preset, entry.preset);
        if (!entry.flop->clear.empty()) value &= ~evaluate(entry.flop->clear, entry.clear);
        next.push_back(value);
    }
    for (size_t i = 0; i < next.size(); ++i) registers_[i].value = next[i];
}

void GateSimulation::cycle() {
    settle();
    if (!first_)
        for (size_t net = 0; net < values_.size(); ++net)
            toggles_[net] += static_cast<uint64_t>(std::popcount(values_[net] ^ previous_[net]));
    if (!first_) ++cycles_;
    first_ = false;
    previous_ = values_;
    clock();
}

uint64_t GateSimulation::outputValue(const std::string& port, int stream) const {
    const auto found = module_.ports.find(port);
    DNA_CHECK(found != module_.ports.end(), "no such port: " + port);
    uint64_t value = 0;
    for (size_t bit = 0; bit < found->second.bits.size() && bit < 64; ++bit)
        value |= ((previous_[static_cast<size_t>(found->second.bits[bit])] >> stream) & 1) << bit;
    return value;
}

void GateSimulation::resetCounts() {
    std::fill(toggles_.begin(), toggles_.end(), 0);
    cycles_ = 0;
}

}  // namespace dna::flows
