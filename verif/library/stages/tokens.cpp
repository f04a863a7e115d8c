// V0: the engines of a chunk can't wait for each other for ever. The token graph of every template is read from the text.
#include "core/base/error.h"
#include "rtlgen/token_graph.h"
#include "verif/library/stage.h"

namespace dna::verif {

namespace {

void tokens(StageContext& context) {
    std::vector<rtlgen::TokenGraph> graphs;
    try {
        graphs = rtlgen::readTokenGraphs(context.options.files);
    } catch (const base::InputError& error) {
        context.report({.name = "token graph", .checks = 1, .failed = 1, .note = error.what()});
    }
    for (const rtlgen::TokenGraph& graph : graphs) {
        const std::vector<std::string> problems = rtlgen::problemsOf(graph);
        Check check{.name = graph.variant, .checks = int64_t(graph.edges.size()), .failed = int64_t(problems.size())};
        check.note = problems.empty() ? "every cycle holds a token" : problems.front();
        context.report(check);
    }
}

}  // namespace

void register_tokens(StageRegistry& stages) {
    stages.add({"tokens", 0, "tokens between engines: no deadlock", {}, tokens});
}

}  // namespace dna::verif
