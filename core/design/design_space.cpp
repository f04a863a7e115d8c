#include "core/design/design_space.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"

namespace dna::design {

namespace {

/// Every value the hardware has, by parameter; the built-in space is the first list. Parameters with one choice there are
/// searched only where a target asks for it.
struct ParameterRule {
    const char* name;
    int Chunk::*field;  ///< null: the template
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
        {"template", nullptr, {int(Template::OutputArray)}, {1, 2, 3, 4}},
        {"psum_words", &Chunk::psum_words, {64}, {8, 16, 32, 64, 128, 256, 512, 1024}},
        {"rf_words", &Chunk::rf_words, {16}, {8, 16, 32, 64}},
        {"columns_per_lane", &Chunk::columns_per_lane, {1}, {1, 2, 4}},
        {"input_slots", &Chunk::input_slots, {2}, {1, 2}},
        {"weight_slots", &Chunk::weight_slots, {2}, {1, 2}},
        {"output_slots", &Chunk::output_slots, {2}, {1, 2}},
        {"input_banks", &Chunk::input_banks, {1}, {1, 2, 4, 8}},
        {"weight_banks", &Chunk::weight_banks, {1}, {1, 2, 4, 8}},
        {"output_banks", &Chunk::output_banks, {1}, {1, 2, 4, 8}},
    };
    return table;
}

/// A legal value as a target writes it.
base::Json written(const ParameterRule& rule, int value) {
    return rule.field == nullptr ? base::Json(templateName(Template(value))) : base::Json(value);
}

/// The legal value that a target wrote, if it is one.
std::optional<int> read(const ParameterRule& rule, const base::Json& json) {
    for (const int value : rule.legal)
        if (json == written(rule, value)) return value;
    return std::nullopt;
}

std::string listed(const ParameterRule& rule) {
    std::vector<std::string> texts;
    for (const int value : rule.legal) texts.push_back(rule.field == nullptr ? templateName(Template(value)) : std::to_string(value));
    return fmt::format("{}", fmt::join(texts, ", "));
}

/// The most banks, up to so many, of a memory of so many words.
int fittingBanks(int banks, int words) {
    while (banks > 1 && words < banks * kLeastBankWords) banks /= 2;
    return banks;
}

/// Moves what the chunk's template does not have to the nearest that it has.
Chunk fitted(Chunk chunk) {
    chunk.rows = std::min(chunk.rows, chunk.mostRows());
    chunk.input_words = inputMemoryWords(chunk, chunk.input_words);
    if (chunk.hasPartialSums()) {
        chunk.max_pool = chunk.split_reduction = false;
        chunk.psum_words = std::clamp(chunk.psum_words, chunk.rows, chunk.output_words / 2);
    }
    chunk.input_banks = fittingBanks(chunk.input_banks, chunk.input_words);
    chunk.weight_banks = fittingBanks(chunk.weight_banks, chunk.weight_words);
    chunk.output_banks = fittingBanks(chunk.output_banks, chunk.output_words);
    chunk.columns_per_lane = chunk.rowStationary() ? 1 : std::min(chunk.columns_per_lane, chunk.rawWords());
    return chunk;
}

}  // namespace

Chunk DesignSpace::chunk(const std::vector<int>& choice, const Chunk& base) const {
    DNA_CHECK(choice.size() >= parameters.size(), "a choice for every parameter");
    Chunk chunk = base;
    for (size_t i = 0; i < parameters.size(); ++i)
        for (const ParameterRule& rule : rules()) {
            if (parameters[i].name != rule.name) continue;
            const int value = parameters[i].values[size_t(choice[i])];
            if (rule.field == nullptr)
                chunk.array = Template(value);
            else
                chunk.*(rule.field) = value;
        }
    return fitted(chunk);
}

int inputMemoryWords(const Chunk& chunk, int lane_words) {
    return chunk.weightsStay() ? std::min(lane_words * chunk.rows, kMostInputWords) : lane_words;
}

std::optional<int> nextLegal(const std::string& name, int value) {
    for (const ParameterRule& rule : rules()) {
        if (name != rule.name) continue;
        const auto next = std::upper_bound(rule.legal.begin(), rule.legal.end(), value);
        if (next != rule.legal.end()) return *next;
    }
    return std::nullopt;
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
        const auto isLegal = [&](const base::Json& value) { return read(rule, value).has_value(); };
        if (values.is_array() && !values.empty() && std::all_of(values.begin(), values.end(), isLegal)) return {};
        return fmt::format("expected a list of values out of {}, found {}", listed(rule), values.dump());
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
        if (overrides.contains(rule.name)) {
            ParameterChoices& parameter = space.parameters.emplace_back(ParameterChoices{rule.name, {}});
            for (const base::Json& value : overrides.at(rule.name)) parameter.values.push_back(*read(rule, value));
        } else if (rule.choices.size() > 1) {
            space.parameters.push_back({rule.name, rule.choices});
        }
    }
    return space;
}

}  // namespace dna::design
