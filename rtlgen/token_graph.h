#pragma once

#include <map>
#include <string>
#include <vector>

namespace dna::rtlgen {

/// `to` waits for `from`: so often it may go on before `from` has done anything.
struct TokenEdge {
    int from = 0, to = 0;  ///< indices of engines
    int tokens = 0;        ///< after reset
    std::string token;     ///< instance of dna_token
};

/// The engines of a chunk and what they wait for. An engine is a section "... engine" of dna_chunk.v, or the part of one
/// whose own logic drives or reads a token: "compute engine (u_compute)".
struct TokenGraph {
    std::string variant;  ///< label of the generate block that was taken, e.g. one template's
    std::vector<std::string> engines;
    std::vector<TokenEdge> edges;
};

/// Reads the graph out of the Verilog text, one a template: every dna_token of dna_chunk is an edge from the engines whose
/// signals give it to those whose signals take it. Waiting until there is none of a token (`!available_o`) is an edge from
/// its taker back to who waits, which starts with one token when the token starts with none.
/// Throws InputError for what it doesn't understand, for tokens that nobody gives or takes, and for waits it can't see.
std::vector<TokenGraph> readTokenGraphs(const std::map<std::string, std::string>& library);

/// Problems of a marked graph; empty when it is live and its tokens are limited.
/// Deadlock: a marked graph is live exactly when every cycle holds a token (Commoner, Holt, Even, Pnueli, "Marked directed
/// graphs", 1971, theorem 1). Limits: the tokens on an edge are bounded exactly when it is part of a cycle (theorem 2); of
/// several givers of a token, which all have to agree, one such is enough.
/// Jobs that leave a token out (weights that stay) wait for less than the graph says, never for more.
std::vector<std::string> problemsOf(const TokenGraph& graph);

/// "rtl/dna_chunk.v: gen_output_array: load engine -> compute engine (u_compute) [u_jobs 0]", one line an edge.
std::string describe(const TokenGraph& graph);

}  // namespace dna::rtlgen
