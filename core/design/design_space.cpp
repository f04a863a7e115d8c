#include "core/design/design_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"

namespace dna::design {

namespace {

/// Every value the hardware has, by parameter; the built-in space is the first list. Parameters with one choice there are
/// searched only where a target asks for it.
struct ParameterRule {
    const char* name;
    int Chunk::*field;
    std::vector<int> choices;
    std::vector<int> legal;
};

const std::vector<ParameterRule>& rules() {
    static const std::vector<ParameterRule> table{
        {"rows", &Chunk::rows, {4, 8, 16, 32}, {4, 8, 16, 32}},
        {"cols", &Chunk::cols, {8, 16}, {8, 16}},
        {"input_words", &Chunk::input_words, {32, 64, 128, 512}, {16, 32, 64, 128, 256, 512, 1024, 2048, 4096}},
        {"weight_words",
         &Chunk::weight_words,
         {256, 512, 1024, 2048},
         {64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384}},
        {"output_words", &Chunk::output_words, {128, 256, 512, 1024}, {128, 256, 512, 1024, 2048, 4096, 8192}},
        {"columns_per_lane", &Chunk::columns_per_lane, {1}, {1, 2}},
        {"input_slots", &Chunk::input_slots, {2}, {1, 2}},
        {"weight_slots", &Chunk::weight_slots, {2}, {1, 2}},
        {"output_slots", &Chunk::output_slots, {2}, {1, 2}},
    };
    return table;
}

std::string listed(const std::vector<int>& values) { return fmt::format("{}", fmt::join(values, ", ")); }

}  // namespace

Chunk DesignSpace::chunk(const std::vector<int>& choice, const Chunk& base) const {
    DNA_CHECK(choice.size() >= parameters.size(), "a choice for every parameter");
    Chunk chunk = base;
    for (size_t i = 0; i < parameters.size(); ++i)
        for (const ParameterRule& rule : rules())
            if (parameters[i].name == rule.name) chunk.*(rule.field) = parameters[i].values[size_t(choice[i])];
    return chunk;
}

std::vector<int> DesignSpace::choiceOf(const Chunk& chunk) const {
    std::vector<int> choice(parameters.size(), 0);
    for (size_t i = 0; i < parameters.size(); ++i)
        for (const ParameterRule& rule : rules()) {
            if (parameters[i].name != rule.name) continue;
            const std::vector<int>& values = parameters[i].values;
            const auto place = std::find(values.begin(), values.end(), chunk.*(rule.field));
            if (place != values.end()) choice[i] = int(place - values.begin());
        }
    return choice;
}

double DesignSpace::size() const {
    double product = 1;
    for (const ParameterChoices& p : parameters) product *= double(p.values.size());
    return product;
}

std::string overrideProblem(const std::string& name, const base::Json& values) {
    std::vector<std::string> names;
    for (const ParameterRule& rule : rules()) {
        names.emplace_back(rule.name);
        if (name != rule.name) continue;
        const auto isLegal = [&](const base::Json& v) {
            return v.is_number_integer() &&
                   std::find(rule.legal.begin(), rule.legal.end(), v.get<int64_t>()) != rule.legal.end();
        };
        if (values.is_array() && !values.empty() && std::all_of(values.begin(), values.end(), isLegal)) return {};
        return fmt::format("expected a list of values out of {}, found {}", listed(rule.legal), values.dump());
    }
    const std::string near = base::nearest(name, names);
    return near.empty() ? fmt::format("unknown parameter; there are {}", fmt::join(names, ", "))
                        : "unknown parameter; did you mean \"" + near + "\"?";
}

DesignSpace designSpace(const base::Json& overrides, const std::string& file) {
    if (!overrides.is_null() && !overrides.is_object())
        throw base::InputError(file, "/target/design_space", "expected an object of parameter lists");
    std::vector<base::Problem> problems;
    for (const auto& [key, values] : overrides.items())
        if (const std::string problem = overrideProblem(key, values); !problem.empty())
            problems.push_back({file, "/target/design_space/" + key, problem});
    if (!problems.empty()) throw base::InputError(std::move(problems));
    DesignSpace space;
    for (const ParameterRule& rule : rules()) {
        if (overrides.contains(rule.name))
            space.parameters.push_back({rule.name, overrides.at(rule.name).get<std::vector<int>>()});
        else if (rule.choices.size() > 1)
            space.parameters.push_back({rule.name, rule.choices});
    }
    return space;
}

}  // namespace dna::design
