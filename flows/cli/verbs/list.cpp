#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>

#include "core/data/source.h"
#include "core/network/space.h"
#include "core/search/das.h"
#include "costmodel/technology.h"
#include "flows/cli/verb.h"
#include "flows/platform.h"

namespace dna::flows {
namespace {

/// Name and one line about it.
using Entries = std::vector<std::pair<std::string, std::string>>;

Entries spaces() {
    Entries out;
    for (const std::string& name : network::builtinSpaces()) {
        const network::NetworkSpace space = network::readSpace(name);
        out.emplace_back(name, fmt::format("{} searchable blocks, {} candidates each", space.blocks.size(), space.candidates.size()));
    }
    return out;
}

Entries platforms() {
    Entries out;
    for (const std::string& name : platformNames()) out.emplace_back(name, builtinPlatform(name).title);
    return out;
}

Entries technologies() {
    Entries out;
    for (const std::string& name : costmodel::technologyNames()) {
        const costmodel::Technology t = costmodel::builtinTechnology(name);
        out.emplace_back(name, fmt::format("{} nm, {} V, characterised at {} MHz; memories: {}", t.node_nm, t.voltage, t.clock_mhz, t.memory.kind));
    }
    return out;
}

Entries algorithms() {
    Entries out;
    const search::AlgorithmRegistry registry = search::builtinAlgorithms();
    for (const search::AlgorithmInfo& info : registry.algorithms()) out.emplace_back(info.name, info.summary);
    return out;
}

const std::map<std::string, std::function<Entries()>>& kinds() {
    static const std::map<std::string, std::function<Entries()>> table{
        {"spaces", spaces}, {"platforms", platforms}, {"technologies", technologies}, {"algorithms", algorithms}, {"datasets", data::dataSetSummaries}};
    return table;
}

int run(const std::string& kind, VerbContext& context) {
    base::Json json = base::makeDocument("list");
    std::string text;
    for (const auto& [name, entries] : kinds()) {
        if (!kind.empty() && kind != name) continue;
        if (kind.empty()) text += name + "\n";
        json[name] = base::Json::array();
        for (const auto& [entry, about] : entries()) {
            json[name].push_back({{"name", entry}, {"about", about}});
            text += fmt::format("{}{:<16} {}\n", kind.empty() ? "  " : "", entry, about);
        }
    }
    context.print(json, text);
    return kDone;
}

}  // namespace

void register_list(VerbRegistry& verbs) {
    verbs.add({"list", "what is built in: spaces, platforms, technologies, algorithms, data sets", "dna list platforms", [](CLI::App& app) {
                   auto kind = std::make_shared<std::string>();
                   std::vector<std::string> names;
                   for (const auto& [name, entries] : kinds()) names.push_back(name);
                   app.add_option("kind", *kind, "what to list; default: everything")->check(CLI::IsMember(names));
                   return [kind](VerbContext& context) { return run(*kind, context); };
               }});
}

}  // namespace dna::flows
