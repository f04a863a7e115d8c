#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/process.h"
#include "core/base/rng.h"
#include "flows/pe_activity.h"
#include "flows/sta.h"
#include "flows/stages.h"
#include "flows/yosys.h"
#include "tests/flows/emitted_chip.h"
#include "tests/flows/osu018.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
using namespace dna::flows;
namespace fs = std::filesystem;

namespace {

/// The mapped dna_pe of the library for a platform, its sources copied into the folder.
YosysResult mappedPe(const Platform& platform, const PreparedPlatform& prepared, const fs::path& folder) {
    base::SilentLog log;
    YosysOptions options{.sources = {}, .top = "dna_pe", .clock_mhz = 100, .folder = folder};
    for (const char* source : {"dna_pe.v", "dna_product.v"}) {
        fs::copy_file(fs::path(DNA_SOURCE_DIR) / "rtlgen/rtl" / source, folder / source, fs::copy_options::overwrite_existing);
        options.sources.push_back(folder / source);
    }
    return synthesise(options, platform, prepared, log);
}

}  // namespace

TEST_CASE("gate simulation: a mapped PE computes what the PE is specified to compute") {
    if (!haveOsu018()) DNA_SKIP("yosys or qflow-tech-osu018 is not installed");
    const TemporaryFolder folder;
    const Platform platform = builtinPlatform("osu018");
    const PreparedPlatform prepared = preparePlatform(platform, platformFolder(platform, std::nullopt));
    const YosysResult mapped = mappedPe(platform, prepared, folder.path);
    GateSimulation simulation(*mapped.netlist.find("dna_pe"), prepared.library);
    // The oracle: registers of dna_pe.v written down by hand (28-bit accumulator), independent operands in two streams.
    struct Pe {
        int x = 0, w = 0, product = 0;
        uint32_t sum = 0, drain = 0;
    } pe[2];
    base::Rng rng(1, "pe test");
    const uint32_t mask = (1u << 28) - 1;
    int differences = 0;
    for (int cycle = 0; cycle < 300; ++cycle) {
        int x[2], w[2];
        bool first[2], transfer[2];
        uint32_t chain[2];
        for (int s = 0; s < 2; ++s) {
            const int stream = s == 0 ? 0 : 63;
            x[s] = static_cast<int>(rng.below(256)) - 128, w[s] = static_cast<int>(rng.below(256)) - 128;
            first[s] = rng.below(5) == 0, transfer[s] = rng.below(5) == 0, chain[s] = rng.next() & mask;
            simulation.setInputValue("x_i", stream, static_cast<uint8_t>(x[s]));
            simulation.setInputValue("w_i", stream, static_cast<uint8_t>(w[s]));
            simulation.setInputValue("first_i", stream, first[s]);
            simulation.setInputValue("transfer_i", stream, transfer[s]);
            simulation.setInputValue("chain_i", stream, chain[s]);
        }
        simulation.cycle();
        for (int s = 0; s < 2; ++s) {
            // Registers start at 0 here and in the simulation; outputs are seen before the edge.
            differences += simulation.outputValue("chain_o", s == 0 ? 0 : 63) != pe[s].drain;
            const Pe old = pe[s];
            pe[s].drain = ~(transfer[s] ? old.sum : chain[s]) & mask;  // takes the inverse
            pe[s].sum = ((first[s] ? 0u : old.sum) + static_cast<uint32_t>(old.product)) & mask;
            pe[s].product = old.x * old.w;
            pe[s].x = x[s], pe[s].w = w[s];
        }
    }
    CHECK(differences == 0);
    // Area by our own sum equals the area that Yosys prints, buffers apart.
    double area = 0;
    for (const ModuleArea& module : moduleAreas(mapped.netlist, mapped.areas, prepared.library)) area += module.own_um2;
    const double buffers = static_cast<double>(mapped.buffers) * mapped.areas.at(platform.buffer.cell);
    CHECK(area - buffers == doctest::Approx(mapped.yosys_area_um2).epsilon(1e-6));
    const TemporaryFolder again;
    CHECK(base::readFile(mappedPe(platform, prepared, again.path).netlist_verilog) == base::readFile(mapped.netlist_verilog));
    const PeEnergy energy = peEnergy(*mapped.netlist.find("dna_pe"), prepared.library, 0.18, syntheticPeTrace(64 * 100, 1), "synthetic");
    CHECK(energy.busy.total() > 2 * energy.busy.clock_pj);
    CHECK(energy.idle.total() < energy.busy.total());
    CHECK(energy.busy.clock_pj == doctest::Approx(energy.idle.clock_pj));
}

TEST_CASE("power: energy of a hand-made netlist by hand") {
    Library library{"l", 2.0, {}};
    LibraryCell inverter{.name = "INV", .area_um2 = 1, .leakage_nw = 3, .pins = {}, .flip_flops = {}};
    inverter.pins.push_back({.name = "A", .capacitance_pf = 0.5, .function = {}, .energies = {}});
    LibraryPin output{.name = "Y", .direction = LibraryPin::Direction::Output, .function = LogicFunction("!A", "t"), .energies = {}};
    output.energies.push_back({"A", {{}, {}, {4.0}}, {{}, {}, {2.0}}});
    inverter.pins.push_back(output);
    library.cells["INV"] = inverter;
    NetlistModule module{.name = "m", .source_name = "m", .parameters = {}, .ports = {}, .cells = {}, .net_names = {}, .nets = 5};
    module.ports["a"] = {true, {2}};
    module.ports["y"] = {false, {4}};
    module.cells.push_back({"i1", "INV", {{"A", {2}}, {"Y", {3}}}});
    module.cells.push_back({"i2", "INV", {{"A", {3}}, {"Y", {4}}}});
    GateSimulation simulation(module, library);
    for (int cycle = 0; cycle < 11; ++cycle) {
        simulation.setInput("a", 0, cycle % 2 ? ~uint64_t{0} : 0);
        simulation.cycle();
    }
    // Every net toggles once a cycle. Internal: 2 cells x (4 + 2) / 2; switching: only net 3 has a load: 0.5 x 0.5 x 4.
    const LogicEnergy energy = simulatedEnergy(simulation, library, 0.1);
    CHECK(energy.internal_pj == doctest::Approx(6.0));
    CHECK(energy.switching_pj == doctest::Approx(1.0));
    CHECK(energy.clock_pj == 0);
    CHECK(energy.leakage_nw == 6);
    const LogicEnergy assumed = assumedEnergy(module, library, 0.1, 0.5);
    CHECK(assumed.internal_pj == doctest::Approx(3.0));
    // A loop is refused.
    module.cells[0].connections["A"] = {4};
    CHECK_THROWS_AS(GateSimulation(module, library), base::InputError);
}

TEST_CASE("buffering: no driver is left with more than it may drive, and the function stays") {
    Library library{"l", 1.0, {}};
    LibraryCell buffer{.name = "BUF", .area_um2 = 1, .pins = {}, .flip_flops = {}};
    buffer.pins.push_back({.name = "A", .capacitance_pf = 1, .function = {}, .energies = {}});
    buffer.pins.push_back({.name = "Y", .direction = LibraryPin::Direction::Output, .function = LogicFunction("A", "t"), .energies = {}});
    library.cells["BUF"] = buffer;
    // A module with 50 sinks on its input, 3 of it in the top on one net.
    Netlist netlist{.top = "top", .modules = {}};
    NetlistModule leaf{.name = "leaf", .source_name = "leaf", .parameters = {}, .ports = {}, .cells = {}, .net_names = {}, .nets = 60};
    leaf.ports["a"] = {true, {2}};
    for (int i = 0; i < 50; ++i) leaf.cells.push_back({"b" + std::to_string(i), "BUF", {{"A", {2}}, {"Y", {3 + i}}}});
    leaf.ports["y"] = {false, {52}};
    NetlistModule top{.name = "top", .source_name = "top", .parameters = {}, .ports = {}, .cells = {}, .net_names = {}, .nets = 6};
    top.ports["a"] = {true, {2}};
    for (int i = 0; i < 3; ++i) top.cells.push_back({"l" + std::to_string(i), "leaf", {{"a", {2}}, {"y", {3 + i}}}});
    netlist.modules["leaf"] = leaf;
    netlist.modules["top"] = top;
    const BufferCell cell{"BUF", "A", "Y", 8, 2};
    CHECK(bufferNets(netlist, library, cell) > 3 * 50 / 8);
    for (const auto& [net, load] : netLoads(netlist.modules.at("leaf"), library)) {
        CHECK(load <= 8.5);
        if (net == 2) CHECK(load <= 2);
    }
    GateSimulation simulation(netlist.modules.at("leaf"), library);
    for (int cycle = 0; cycle < 4; ++cycle) {
        simulation.setInput("a", 0, static_cast<uint64_t>(cycle) * 77);
        simulation.cycle();
        CHECK((simulation.outputValue("y", 0) & 1) == ((static_cast<uint64_t>(cycle) * 77) & 1));
    }
}

TEST_CASE("sta: paths are read from reports, met and violated") {
    TimingPath path;
    CHECK(parseTimingPath("Startpoint: a/b (rising edge)\nEndpoint: c (x)\n ...\n  -1.2500   slack (VIOLATED)\n", path));
    CHECK(path.slack_ns == -1.25);
    CHECK(path.startpoint == "a/b");
    CHECK(path.endpoint == "c");
    CHECK(parseTimingPath("   8.1172   slack (MET)\n", path));
    CHECK(path.slack_ns == doctest::Approx(8.1172));
    CHECK_FALSE(parseTimingPath("No paths found.\n", path));
}

TEST_CASE("synth: a small chip on osu018") {
    if (!haveOsu018() || base::findProgram("sta").empty()) DNA_SKIP("yosys, opensta or qflow-tech-osu018 is not installed");
    const TemporaryFolder folder;
    design::Design design;
    design.chunks[0].rows = 4;
    design.chunks[0].cols = 8;
    design.chunks[0].input_words = 64;
    writeChip(design, folder.path);
    base::SilentLog log;
    const base::Json ppa = synthStage({.folder = folder.path, .platform = "osu018", .pdk_root = {}}, log);
    CHECK(ppa.at("area_per_mac").at("macs") == 32);
    CHECK(ppa.at("timing").at("fmax_mhz").get<double>() > 20);
    CHECK(ppa.at("power_mw").at("total").get<double>() > 1);
    CHECK(ppa.at("memory_source") == "estimated");
    CHECK(ppa.at("energy_mj").at("measured").is_null());
    int memories = 0;
    for (const auto& memory : ppa.at("memories")) memories += memory.at("count").get<int>();
    CHECK(memories == 2 * 4 + 2 + 2 + 2);
    CHECK_FALSE(fs::exists(folder.path / "synth/osu018/work"));
}
