#include "rtlgen/token_graph.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/rng.h"
#include "rtlgen/chip.h"

using namespace dna;
using rtlgen::TokenGraph;

namespace {

using Library = std::map<std::string, std::string>;

/// The library with one piece of text of a file changed, which must be there.
Library changed(const std::string& file, const std::string& from, const std::string& to) {
    Library library = rtlgen::libraryFiles();
    std::string& text = library.at(file);
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
    return library;
}

Library chunkWith(const std::string& from, const std::string& to) { return changed("rtl/dna_chunk.v", from, to); }

/// Problems of all variants, a line each.
std::string problems(const Library& library) {
    std::string out;
    for (const TokenGraph& graph : rtlgen::readTokenGraphs(library))
        for (const std::string& problem : rtlgen::problemsOf(graph)) out += problem + "\n";
    return out;
}

/// Why the library's text is refused; empty when it is read.
std::string refusal(const Library& library) {
    try {
        rtlgen::readTokenGraphs(library);
    } catch (const base::InputError& error) {
        return error.what();
    }
    return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Plays the token game: can every engine act once? Then the marking of reset comes back and all of it can be repeated.
bool allCanAct(const TokenGraph& graph) {
    std::vector<int> tokens;
    for (const rtlgen::TokenEdge& edge : graph.edges) tokens.push_back(edge.tokens);
    std::vector<bool> acted(graph.engines.size());
    for (bool progress = true; progress;) {
        progress = false;
        for (size_t engine = 0; engine < acted.size(); ++engine) {
            bool ready = !acted[engine];
            for (size_t e = 0; e < tokens.size(); ++e) ready = ready && (graph.edges[e].to != int(engine) || tokens[e] > 0);
            if (!ready) continue;
            for (size_t e = 0; e < tokens.size(); ++e) {
                tokens[e] -= graph.edges[e].to == int(engine);
                tokens[e] += graph.edges[e].from == int(engine);
            }
            acted[engine] = progress = true;
        }
    }
    return std::all_of(acted.begin(), acted.end(), [](bool a) { return a; });
}

}  // namespace

TEST_CASE("token graph: the engines of every template, read from the Verilog, as they are meant") {
    const std::vector<TokenGraph> graphs = rtlgen::readTokenGraphs(rtlgen::libraryFiles());
    REQUIRE(graphs.size() == 3);
    // A buffer has one slot at least; a job is loaded, issued, drained, stored; a layer starts when nothing is being drained.
    // The residual is given back by the end of a tile (datapath) of a layer that has one (settings).
    for (const TokenGraph& graph : graphs) {
        const std::string v = graph.variant + ": ";
        CHECK(rtlgen::describe(graph) ==
              v + "compute engine (u_compute) -> load engine [u_weight_slots 1]\n" +
              v + "compute engine (u_compute) -> load engine [u_input_slots 1]\n" +
              v + "compute engine (u_config) -> load engine [u_residual_slots 1]\n" +
              v + "compute engine (u_datapath) -> load engine [u_residual_slots 1]\n" +
              v + "store engine -> compute engine (u_compute) [u_output_slots 1]\n" +
              v + "load engine -> compute engine (u_compute) [u_jobs 0]\n" +
              v + "compute engine (u_datapath) -> store engine [u_tiles 0]\n" +
              v + "compute engine (u_compute) -> compute engine (u_datapath) [u_draining 0]\n" +
              v + "compute engine (u_datapath) -> compute engine (u_compute) [no u_draining 1]\n");
        CHECK(rtlgen::problemsOf(graph).empty());
    }
    CHECK(graphs[0].variant == "gen_output_array");
    CHECK(graphs[1].variant == "gen_row_stationary");
    CHECK(graphs[2].variant == "gen_weight_stationary");
}

TEST_CASE("token graph: a cycle without a token is a deadlock, named with its engines") {
    const std::string slots = problems(chunkWith(".INITIAL(OUTPUT_SLOTS)) u_output_slots", ".INITIAL(0)) u_output_slots"));
    CHECK(contains(slots, "gen_row_stationary: deadlock, a cycle without a token: store engine -> compute engine (u_compute) "
                          "[u_output_slots 0], compute engine (u_datapath) -> store engine [u_tiles 0], "
                          "compute engine (u_compute) -> compute engine (u_datapath) [u_draining 0]"));
    CHECK(contains(problems(chunkWith(".INITIAL(WEIGHT_SLOTS)) u_weight_slots", ".INITIAL(0)) u_weight_slots")), "u_weight_slots 0"));
    CHECK(contains(problems(chunkWith(".INITIAL(OUTPUT_SLOTS)) u_residual_slots", ".INITIAL(0)) u_residual_slots")), "u_residual_slots 0"));
    // Loading that waits for a finished tile.
    CHECK(contains(problems(chunkWith(".stored_i(pending_q == 3'd1)", ".stored_i(tile_ready)")),
                   "compute engine (u_datapath) -> load engine [u_tiles 0]"));
}

TEST_CASE("token graph: tokens that nobody gives or takes, and engines that do not look, are refused") {
    CHECK(contains(refusal(chunkWith(".give_i(loaded)", ".give_i(nobody)")), "u_jobs: no engine drives nobody"));
    CHECK(contains(refusal(chunkWith(".take_i(tile_take)", ".take_i(nobody)")), "u_tiles: no engine drives nobody"));
    CHECK(contains(refusal(chunkWith(".give_i(loaded)", ".give_i(1'b0)")), "u_jobs.give_i"));
    CHECK(contains(refusal(chunkWith(".give_i(loaded)", ".give_i(start_i)")), "u_jobs: no engine drives start_i"));
    CHECK(contains(refusal(chunkWith(".slot_release_o(slot_release),", "")), "u_output_slots: no engine drives slot_release"));
    CHECK(contains(refusal(chunkWith(".tile_i(tile_ready)", ".tile_i(1'b1)")), "u_tiles: no engine looks at tile_ready"));
    CHECK(contains(refusal(chunkWith(".drained_i(!undrained)", ".drained_i(1'b1)")), "u_draining: no engine looks at undrained"));
    CHECK(contains(refusal(changed("rtl/dna_store.v", "assign slot_release_o = part_done;", "")),
                   "rtl/dna_store.v: nothing drives the output slot_release_o"));
    CHECK(contains(refusal(changed("rtl/dna_engine_os.v", ".loaded_i(loaded_i)", ".loaded_i(1'b1)")),
                   "rtl/dna_engine_os.v: nothing reads the input loaded_i"));
}

TEST_CASE("token graph: what the reader does not understand is refused") {
    CHECK(contains(refusal(chunkWith(".give_i(loaded)", ".give_i(loaded || item)")), "only names, bits of them and &&"));
    CHECK(contains(refusal(chunkWith(".tile_i(tile_ready)", ".tile_i(tile_ready && running_q)")), "only tile_ready and !tile_ready"));
    Library hidden = chunkWith(".tile_i(tile_ready)", ".tile_i(tile_ready), .unused_i(late)");
    CHECK(contains(refusal(hidden), "u_store has no port unused_i"));
    hidden = chunkWith(".stored_i(pending_q == 3'd1)", ".stored_i(late)");
    std::string& chunk = hidden.at("rtl/dna_chunk.v");
    chunk.insert(chunk.find("    // ---- Load engine."), "    wire late = pending_q == 3'd1 && !undrained;\n");
    CHECK(contains(refusal(hidden), "u_load.stored_i sees undrained through logic"));
    CHECK(contains(refusal(chunkWith(".INITIAL(WEIGHT_SLOTS)) u_weight_slots", ".INITIAL(2 * WEIGHT_SLOTS)) u_weight_slots")), "INITIAL must be a number"));
    CHECK(contains(refusal(chunkWith(".INITIAL(WEIGHT_SLOTS)) u_weight_slots", ".INITIAL(4)) u_weight_slots")), "4 tokens do not fit 2 bits"));
    CHECK(contains(refusal(chunkWith("// ---- Store engine.", "// ---- Counters.")), "slot_release comes from u_store, which is no engine"));
    CHECK(contains(refusal(chunkWith("dna_perf #(", "perf #(")), "outside of an instance"));
    CHECK(contains(refusal(changed("rtl/dna_rstsync.v", "endmodule", "cell u_cell (clk);\nendmodule")), "`cell u_cell`"));
    CHECK(contains(refusal(changed("rtl/dna_rstsync.v", "endmodule", "dna_token u_token (clk);\nendmodule")), "expected `.`"));
    CHECK(contains(refusal(changed("rtl/dna_rstsync.v", "endmodule", "dna_token u_token (.clk(clk));\nendmodule")),
                   "u_token: tokens are read in dna_chunk"));
}

TEST_CASE("token graph: strong components find what the token game finds, on random graphs") {
    base::Rng rng(1, "token graphs");
    int live = 0, dead = 0;
    for (int i = 0; i < 500; ++i) {
        TokenGraph graph;
        graph.engines.resize(2 + rng.below(5));
        const size_t edges = 1 + rng.below(2 * graph.engines.size());
        for (size_t e = 0; e < edges; ++e)
            graph.edges.push_back({int(rng.below(graph.engines.size())), int(rng.below(graph.engines.size())),
                                   int(rng.below(2)), "t" + std::to_string(e)});
        const bool expected = allCanAct(graph);
        const std::vector<std::string> found = rtlgen::problemsOf(graph);
        const bool deadlock = std::any_of(found.begin(), found.end(), [](const std::string& p) { return contains(p, "deadlock"); });
        CHECK(deadlock == !expected);
        ++(expected ? live : dead);
    }
    CHECK(live > 50);
    CHECK(dead > 50);
    // Load never waits for store: nothing stops it from loading more than fits.
    const TokenGraph open{"v", {"load", "store"}, {{0, 1, 0, "u_jobs"}}};
    CHECK(rtlgen::problemsOf(open) == std::vector<std::string>{"v: u_jobs has no limit: its giver never waits for its taker"});
}
