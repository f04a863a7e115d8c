#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "core/base/file.h"
#include "core/network/space.h"
#include "flows/cli/verb.h"

namespace dna::flows {
namespace {

struct Options {
    std::string space;
    std::vector<std::string> operators;
    std::vector<int> bits;
    std::filesystem::path out;
};

std::vector<std::string> namesOf(const network::NetworkSpace& space) {
    std::vector<std::string> names;
    for (const network::Candidate& candidate : space.candidates) names.push_back(candidate.name);
    return names;
}

/// One operator for each block, or one for all.
std::vector<int> choicesOf(const network::NetworkSpace& space, const std::vector<std::string>& operators) {
    const std::vector<std::string> names = namesOf(space);
    std::vector<base::Problem> problems;
    if (operators.size() != 1 && operators.size() != space.blocks.size())
        problems.push_back(
            {"--operators", "",
             fmt::format("expected one operator for all blocks or one for each of the {} of space {}, found {}",
                         space.blocks.size(), space.name, operators.size())});
    std::vector<int> choices;
    for (const std::string& name : operators) {
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end())
            problems.push_back({"--operators", name,
                                fmt::format("space {} has {}; the nearest is \"{}\"", space.name,
                                            fmt::join(names, ", "), base::nearest(name, names))});
        choices.push_back(static_cast<int>(found - names.begin()));
    }
    if (!problems.empty()) throw base::InputError(std::move(problems));
    if (choices.size() == 1) choices.resize(space.blocks.size(), choices.front());
    return choices;
}

/// One width for each block, or one for all; none given: the widest of each.
std::vector<int> bitsOf(const network::NetworkSpace& space, std::vector<int> bits) {
    if (bits.size() == 1) bits.resize(space.blocks.size(), bits.front());
    if (!bits.empty() && bits.size() != space.blocks.size())
        throw base::InputError("--bits", "", fmt::format("expected one width for all blocks or one for each of the {} of space {}, found {}",
                                                         space.blocks.size(), space.name, bits.size()));
    std::vector<base::Problem> problems;
    for (size_t b = 0; b < bits.size(); ++b) {
        const std::vector<int>& widths = space.blocks[b].bits;
        if (std::find(widths.begin(), widths.end(), bits[b]) == widths.end())
            problems.push_back({"--bits", space.blocks[b].name,
                                widths.empty() ? fmt::format("space {} states no widths", space.name)
                                               : fmt::format("the block has {} bits to choose from, not {}", fmt::join(widths, " and "), bits[b])});
    }
    if (!problems.empty()) throw base::InputError(std::move(problems));
    return bits;
}

base::Json makeNetworkFile(const Options& options) {
    const network::NetworkSpace space = network::readSpace(options.space);
    const std::vector<int> choices = choicesOf(space, options.operators);
    const network::Network graph =
        network::buildNetwork(space, choices, fmt::format("{}-{}", space.name, fmt::join(options.operators, "-")),
                              bitsOf(space, options.bits));
    base::writeJson(options.out, network::toJson(graph));
    base::Json result = base::makeDocument("network_made");
    result["space"] = space.name;
    for (int choice : choices) result["operators"].push_back(space.candidates[static_cast<size_t>(choice)].name);
    result["macs"] = network::macs(graph);
    return result;
}

}  // namespace

void register_network(VerbRegistry& verbs) {
    verbs.add(
        {"network", "operators of a network space -> the layer graph that they make",
         "dna network --space mini --operators k3_e6 --out n.json\n"
         "  dna network --space micro_bits --operators k3_e3 --bits 4,8,4 --out n.json", [](CLI::App& app) {
             auto options = std::make_shared<Options>();
             app.add_option("--space", options->space, "built-in space or a file (dna.network_space)")->required();
             app.add_option("--operators", options->operators, "one for each block, or one for all")
                 ->delimiter(',')
                 ->required();
             app.add_option("--bits", options->bits,
                            "of the weights of each block, or of all, where the space has them (the widest)")
                 ->delimiter(',');
             app.add_option("--out", options->out, "network file to write")->required();
             return [options](VerbContext& context) {
                 const base::Json json = makeNetworkFile(*options);
                 context.print(json, fmt::format("{:.2f} MMAC a picture; the network is in {}\n",
                                                 1e-6 * json.at("macs").get<double>(), options->out.string()));
                 return int(kDone);
             };
         }});
}

}  // namespace dna::flows
