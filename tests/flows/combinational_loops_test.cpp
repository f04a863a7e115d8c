#include "flows/combinational_loops.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "core/base/rng.h"
#include "flows/yosys.h"
#include "tests/flows/osu018.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
using namespace dna::flows;
namespace fs = std::filesystem;

namespace {

LibraryPin input(const char* name) { return {.name = name, .capacitance_pf = 1, .function = {}, .energies = {}}; }
LibraryPin output(const char* name, const char* function) {
    return {.name = name, .direction = LibraryPin::Direction::Output, .function = LogicFunction(function, "t"), .energies = {}};
}

/// A gate of two inputs, a flip-flop with a clear, a latch.
Library smallLibrary() {
    Library library{"l", 1.0, {}};
    library.cells["AND"] = {.name = "AND", .pins = {input("A"), input("B"), output("Y", "A B")}, .flip_flops = {}};
    LibraryCell flop{.name = "DFF", .pins = {input("D"), input("C"), input("R"), output("Q", "IQ")}, .flip_flops = {}};
    flop.flip_flops.push_back({"IQ", "IQN", LogicFunction("D", "t"), LogicFunction("C", "t"), LogicFunction("!R", "t"), {}});
    library.cells["DFF"] = flop;
    library.cells["LATCH"] = {.name = "LATCH", .pins = {input("D"), input("G"), output("Q", "IQ")}, .flip_flops = {}, .latch = true};
    return library;
}

NetlistModule emptyModule(const std::string& name, int nets) {
    return {.name = name, .source_name = name, .parameters = {}, .ports = {}, .cells = {}, .net_names = {}, .nets = nets};
}

std::vector<std::string> loopsOf(const NetlistModule& top, const NetlistModule& leaf = emptyModule("leaf", 2)) {
    Netlist netlist{.top = top.name, .modules = {}};
    netlist.modules[top.name] = top;
    netlist.modules[leaf.name] = leaf;
    return combinationalLoops(netlist, smallLibrary(), {{"RAM", 1.0}});
}

/// g0 drives net 3, `back` drives net 4 from it, and g0 reads net 4.
NetlistModule ring(const NetlistCell& back) {
    NetlistModule top = emptyModule("top", 5);
    top.ports["a"] = {true, {2}};
    top.net_names[3] = "there";
    top.cells.push_back({"g0", "AND", {{"A", {2}}, {"B", {4}}, {"Y", {3}}}});
    top.cells.push_back(back);
    return top;
}

}  // namespace

TEST_CASE("loops: gates in a ring are named with their nets; registers and memories cut") {
    using Loops = std::vector<std::string>;
    CHECK(loopsOf(ring({"g1", "AND", {{"A", {3}}, {"B", {2}}, {"Y", {4}}}})) == Loops{"top: g0 (there) -> g1 (net 4) -> back"});
    CHECK(loopsOf(ring({"g1", "AND", {{"A", {2}}, {"B", {2}}, {"Y", {4}}}})).empty());
    CHECK(loopsOf(ring({"r", "DFF", {{"D", {3}}, {"C", {2}}, {"R", {2}}, {"Q", {4}}}})).empty());
    CHECK(loopsOf(ring({"r", "DFF", {{"D", {3}}, {"C", {3}}, {"R", {2}}, {"Q", {4}}}})).empty());
    // Clear acts without a clock, and an open latch lets everything through.
    CHECK(loopsOf(ring({"r", "DFF", {{"D", {2}}, {"C", {2}}, {"R", {3}}, {"Q", {4}}}})) == Loops{"top: g0 (there) -> r (net 4) -> back"});
    CHECK(loopsOf(ring({"l", "LATCH", {{"D", {3}}, {"G", {2}}, {"Q", {4}}}})).size() == 1);
    CHECK(loopsOf(ring({"m", "RAM", {{"addr", {3}}, {"data", {4}}}})).empty());
    CHECK_THROWS_AS(loopsOf(ring({"m", "OTHER", {{"addr", {3}}, {"data", {4}}}})), base::InputError);
    // A gate that drives itself.
    NetlistModule self = emptyModule("top", 4);
    self.cells.push_back({"g", "AND", {{"A", {3}}, {"B", {2}}, {"Y", {3}}}});
    CHECK(loopsOf(self) == Loops{"top: g (net 3) -> back"});
}

TEST_CASE("loops: across the hierarchy, bit by bit") {
    // leaf: y[0] = a[0] & a[1]; y[1] = register of a[1]; y[2] = a[2] straight through.
    NetlistModule leaf = emptyModule("leaf", 8);
    leaf.ports["a"] = {true, {2, 3, 4}};
    leaf.ports["y"] = {false, {5, 6, 4}};
    leaf.cells.push_back({"g", "AND", {{"A", {2}}, {"B", {3}}, {"Y", {5}}}});
    leaf.cells.push_back({"r", "DFF", {{"D", {3}}, {"C", {0}}, {"R", {0}}, {"Q", {6}}}});
    const auto looped = [&](NetBit a0, NetBit a1, NetBit a2, NetBit y0, NetBit y1, NetBit y2) {
        NetlistModule top = emptyModule("top", 8);
        top.cells.push_back({"u", "leaf", {{"a", {a0, a1, a2}}, {"y", {y0, y1, y2}}}});
        return loopsOf(top, leaf);
    };
    CHECK(looped(2, 3, 4, 5, 6, 7).empty());
    CHECK(looped(2, 5, 4, 5, 6, 7) == std::vector<std::string>{"top: u (net 5) -> back"});  // y0 to a1
    CHECK(looped(2, 6, 4, 5, 6, 7).empty());                                                // y1 to a1: a register between
    CHECK(looped(2, 3, 5, 5, 6, 7).empty());                                                // y0 to a2
    CHECK(looped(7, 3, 5, 5, 6, 7).size() == 1);                                            // y0 to a2, through, to a0
    CHECK(looped(2, 3, 7, 5, 6, 7).size() == 1);                                            // a wire in a ring
}

TEST_CASE("loops: a search for a way back finds the same, on random netlists") {
    base::Rng rng(1, "loops");
    int with = 0, without = 0;
    for (int i = 0; i < 300; ++i) {
        const size_t gates = 2 + rng.below(6);
        NetlistModule top = emptyModule("top", 3 + int(gates));
        std::vector<std::vector<bool>> reaches(gates, std::vector<bool>(gates));
        for (int g = 0; g < int(gates); ++g) {
            const int source[] = {int(rng.below(gates + 2)) - 2, int(rng.below(gates + 2)) - 2};
            const bool flop = rng.below(3) == 0;
            const auto net = [&](int from) { return from < 0 ? 2 : 3 + from; };
            if (flop) top.cells.push_back({"c", "DFF", {{"D", {net(source[0])}}, {"C", {2}}, {"R", {2}}, {"Q", {3 + g}}}});
            else top.cells.push_back({"c", "AND", {{"A", {net(source[0])}}, {"B", {net(source[1])}}, {"Y", {3 + g}}}});
            for (const int from : source)
                if (!flop && from >= 0) reaches[size_t(from)][size_t(g)] = true;
        }
        for (size_t k = 0; k < reaches.size(); ++k)  // Warshall's closure
            for (size_t a = 0; a < reaches.size(); ++a)
                for (size_t b = 0; b < reaches.size(); ++b) reaches[a][b] = reaches[a][b] || (reaches[a][k] && reaches[k][b]);
        bool expected = false;
        for (size_t g = 0; g < reaches.size(); ++g) expected = expected || reaches[g][g];
        CHECK(loopsOf(top).empty() == !expected);
        ++(expected ? with : without);
    }
    CHECK(with > 50);
    CHECK(without > 50);
}

TEST_CASE("loops: Verilog with a loop through two modules is refused after mapping") {
    if (!haveOsu018()) DNA_SKIP("yosys or qflow-tech-osu018 is not installed");
    const TemporaryFolder folder;
    const auto mapped = [&](const std::string& back) {
        base::writeFileAtomic(folder.path / "top.v",
                              "(* keep_hierarchy *) module part (input wire clk, a, b, output wire y, output reg q);\n"
                              "    assign y = a && b;\n    always @(posedge clk) q <= a && b;\nendmodule\n"
                              "module top (input wire clk, a, output wire y);\n    wire y0, q0, q1;\n"
                              "    part u0 (.clk(clk), .a(a), .b(" + back + "), .y(y0), .q(q0));\n"
                              "    part u1 (.clk(clk), .a(y0), .b(a), .y(y), .q(q1));\nendmodule\n");
        const Platform platform = builtinPlatform("osu018");
        const PreparedPlatform prepared = preparePlatform(platform, platformFolder(platform, std::nullopt));
        base::SilentLog log;
        return synthesise({.sources = {folder.path / "top.v"}, .top = "top", .clock_mhz = 100, .folder = folder.path}, platform,
                          prepared, log);
    };
    CHECK(mapped("q1").netlist.top == "top");
    std::string refusal;
    try {
        mapped("y");
    } catch (const base::InputError& error) {
        refusal = error.what();
    }
    CAPTURE(refusal);
    for (const char* part : {"combinational loop in top: ", "u0 (y0) -> ", "u1 (y) -> ", "-> back"})
        CHECK(refusal.find(part) != std::string::npos);
}
