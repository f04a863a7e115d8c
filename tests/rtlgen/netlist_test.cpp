#include "rtlgen/netlist.h"

#include <doctest/doctest.h>

using namespace dna::rtlgen;

namespace {

using enum Direction;

const KnownPorts kKnown{{"leaf", {{"a_i", Input}, {"b_i", Input}, {"y_o", Output}}}};

/// in -> u0 -> middle -> u1 -> out; nothing is wrong.
Module chain() {
    Module module;
    module.name = "chain";
    module.port(Input, 1, "in");
    module.port(Output, 1, "out");
    module.net(1, "middle");
    module.instantiate("leaf", "u0").connect("a_i", "in").connect("b_i", "1'b0").connect("y_o", "middle");
    module.instantiate("leaf", "u1").connect("a_i", "middle").connect("b_i", "in").connect("y_o", "out");
    return module;
}

using Problems = std::vector<std::string>;

}  // namespace

TEST_CASE("netlist: every net has one driver") {
    CHECK(check(chain(), kKnown).empty());
    Module module = chain();
    module.instances[0].connections[2].second = "";
    CHECK(check(module, kKnown) == Problems{"chain: nothing drives \"middle\", which u1.a_i reads"});
    module = chain();
    module.instances[1].connections[2].second = "middle";
    CHECK(check(module, kKnown) == Problems{"chain: nothing drives \"out\", which port out reads",
                                            "chain: \"middle\" is driven by u0.y_o and u1.y_o"});
    module = chain();
    module.assigns.emplace_back("out", "1'b1");
    CHECK(check(module, kKnown) == Problems{"chain: \"out\" is driven by assign out = 1'b1 and u1.y_o"});
    module = chain();
    module.instances[0].connections[2].second = "in";
    CHECK(check(module, kKnown).size() == 2);  // in: a port and an instance; middle: nothing
    // Slices of one net are one driver; a slice and the whole are two.
    module = chain();
    module.instances[0].connections[2].second = "middle[0]";
    module.instantiate("leaf", "u2").connect("a_i", "in").connect("b_i", "in").connect("y_o", "middle[1]");
    CHECK(check(module, kKnown).empty());
    module.instances[2].connections[2].second = "middle";
    CHECK(check(module, kKnown).size() == 1);
}

TEST_CASE("netlist: instances fit the modules they are of") {
    Module module = chain();
    module.instances[0].connect("c_i", "in");
    module.instances[1].connections.erase(module.instances[1].connections.begin() + 1);
    CHECK(check(module, kKnown) == Problems{"chain: u0.c_i: leaf has no such port", "chain: input u1.b_i is left open"});
    CHECK(check(chain(), {}).front() == "chain: u0 is of unknown module leaf");
}
