#include "core/design/design.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/design/design_space.h"

namespace dna::design {

using base::Json;
using base::JsonObject;

namespace {

/// One of a few integers; the fallback when the key is missing or its value was a problem.
int choiceOf(JsonObject& object, const char* key, const std::vector<int>& choices, int fallback) {
    const int value = int(object.integer(key, choices.front(), choices.back(), fallback));
    if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
    object.problem(key, fmt::format("expected one of {}, found {}", fmt::join(choices, ", "), value));
    return fallback;
}

/// Banks of a memory of so many words.
int banksOf(JsonObject& object, const char* key, int words) {
    const int banks = choiceOf(object, key, {1, 2, 4, 8}, 1);
    if (banks == 1 || words >= banks * kLeastBankWords) return banks;
    object.problem(key, fmt::format("expected at most {}: banks of {} words at least of a memory of {}, found {}",
                                    std::max(1, words / kLeastBankWords), kLeastBankWords, words, banks));
    return 1;
}

void readDescriptorSource(JsonObject& object, Chunk& chunk) {
    const std::string source = object.choice("descriptors", {"dram", "ram", "rom"}, "dram");
    for (const DescriptorSource s : {DescriptorSource::Ram, DescriptorSource::Rom})
        if (source == sourceName(s)) chunk.descriptors = s;
    if (!object.has("descriptor_slots")) return;
    const int slots = int(object.integer("descriptor_slots", 1, 256));
    if (chunk.descriptors == DescriptorSource::Ram) {
        chunk.descriptor_slots = slots;
        return;
    }
    object.problem("descriptor_slots",
                   fmt::format("expected only where \"descriptors\" is \"ram\", found with \"{}\": there is no RAM to size",
                               source));
}

Chunk readChunk(JsonObject& object) {
    Chunk chunk;
    const std::string array =
        object.choice("template", {"dot_lanes", "weight_stationary", "output_array", "row_stationary"}, "output_array");
    for (const Template t : {Template::DotLanes, Template::WeightStationary, Template::RowStationary})
        if (array == templateName(t)) chunk.array = t;
    chunk.operand_bits = choiceOf(object, "operand_bits", {4, 8, 16}, chunk.operand_bits);
    chunk.rows = int(object.integer("rows", 4, 32));
    if (!std::has_single_bit(unsigned(chunk.rows)))
        object.problem("rows", fmt::format("expected a power of two in [4, 32], found {}", chunk.rows));
    if (chunk.rows > chunk.mostRows())
        object.problem("rows", fmt::format("expected at most {} where weights stay (16, and the {} channels of a word), found {}",
                                           chunk.mostRows(), chunk.block(), chunk.rows));
    chunk.cols = int(object.integer("cols", 4, 32));
    if (object.has("cols") && chunk.cols != chunk.block() && chunk.cols != chunk.block() / 2)
        object.problem("cols", fmt::format("expected {} or {}: the {}-bit channels of a word of 128 bits, or half of them; found {}",
                                           chunk.block() / 2, chunk.block(), chunk.operand_bits, chunk.cols));
    chunk.input_words = int(object.integer("input_words", 16, kMostInputWords));
    chunk.weight_words = int(object.integer("weight_words", 64, 32768));
    chunk.output_words = int(object.integer("output_words", 128, 32768));
    chunk.input_slots = choiceOf(object, "input_slots", {1, 2}, chunk.input_slots);
    chunk.weight_slots = choiceOf(object, "weight_slots", {1, 2}, chunk.weight_slots);
    chunk.output_slots = choiceOf(object, "output_slots", {1, 2}, chunk.output_slots);
    chunk.input_banks = banksOf(object, "input_banks", chunk.input_words);
    chunk.weight_banks = banksOf(object, "weight_banks", chunk.weight_words);
    chunk.output_banks = banksOf(object, "output_banks", chunk.output_words);
    chunk.accumulator_bits =
        int(object.integer("accumulator_bits", chunk.leastAccumulatorBits(), chunk.mostAccumulatorBits(),
                           chunk.operand_bits == 8 ? chunk.accumulator_bits : 3 * chunk.operand_bits));
    chunk.multiplier_bits = choiceOf(object, "multiplier_bits", {16, 32}, chunk.multiplier_bits);
    chunk.multiplier_cut = choiceOf(object, "multiplier_cut", {4, 8, 16}, chunk.multiplier_cut);
    chunk.columns_per_lane = choiceOf(object, "columns_per_lane", {1, 2, 4, 8}, chunk.columns_per_lane);
    if (chunk.columns_per_lane > 1 && chunk.rowStationary())
        object.problem("columns_per_lane", "rows of sums of a row_stationary array can't stand still for lanes of several columns");
    if (chunk.columns_per_lane > chunk.rawWords())
        object.problem("columns_per_lane", fmt::format("expected at most {}: a lane for every sum of a word of {}-bit sums, found {}",
                                                       chunk.rawWords(), chunk.rawBits(), chunk.columns_per_lane));
    chunk.pe_cut = object.flag("pe_cut", chunk.pe_cut);
    chunk.axi_bits = choiceOf(object, "axi_bits", {32, 64, 128}, chunk.axi_bits);
    readDescriptorSource(object, chunk);
    chunk.max_pool = object.flag("max_pool", chunk.max_pool);
    if (chunk.max_pool && chunk.array != Template::OutputArray)
        object.problem("max_pool", "only the PEs of an output_array can take maxima");
    chunk.split_reduction = object.flag("split_reduction", chunk.split_reduction);
    if (chunk.split_reduction && chunk.array != Template::OutputArray)
        object.problem("split_reduction", "only an output_array can spill partial sums to DRAM");
    chunk.packed_weights = object.flag("packed_weights", chunk.packed_weights);
    if (chunk.packed_weights && chunk.operand_bits == 4)
        object.problem("packed_weights", "weights of 4-bit operands are as narrow as they get: set it to false, or operand_bits to 8 or 16");
    if (chunk.hasPartialSums()) {
        chunk.psum_words = int(object.integer("psum_words", 8, 1024, chunk.psum_words));
        if (!std::has_single_bit(unsigned(chunk.psum_words)))
            object.problem("psum_words", fmt::format("expected a power of two, found {}", chunk.psum_words));
        if (chunk.psum_words < chunk.rows)
            object.problem("psum_words",
                           fmt::format("expected at least the {} rows, found {}", chunk.rows, chunk.psum_words));
        if (2 * chunk.psum_words > chunk.output_words)
            object.problem("psum_words", fmt::format("expected at most half of the {} output words, found {}",
                                                     chunk.output_words, chunk.psum_words));
    }
    if (chunk.array == Template::DotLanes) chunk.tree_cut = int(object.integer("tree_cut", 1, 4, chunk.tree_cut));
    if (chunk.rowStationary()) {
        chunk.rf_words = int(object.integer("rf_words", 8, 64, chunk.rf_words));
        if (!std::has_single_bit(unsigned(chunk.rf_words)))
            object.problem("rf_words", fmt::format("expected a power of two, found {}", chunk.rf_words));
    }
    object.close();
    return chunk;
}

Json toJson(const Chunk& chunk) {
    Json json;
    json["template"] = templateName(chunk.array);
    json["rows"] = chunk.rows;
    json["cols"] = chunk.cols;
    json["input_words"] = chunk.input_words;
    json["weight_words"] = chunk.weight_words;
    json["output_words"] = chunk.output_words;
    json["accumulator_bits"] = chunk.accumulator_bits;
    json["multiplier_bits"] = chunk.multiplier_bits;
    json["multiplier_cut"] = chunk.multiplier_cut;
    json["pe_cut"] = chunk.pe_cut;
    json["operand_bits"] = chunk.operand_bits;
    json["axi_bits"] = chunk.axi_bits;
    json["max_pool"] = chunk.max_pool;
    json["split_reduction"] = chunk.split_reduction;
    // Absent: designs of before keep their hash.
    if (chunk.packed_weights) json["packed_weights"] = true;
    if (chunk.columns_per_lane != 1) json["columns_per_lane"] = chunk.columns_per_lane;
    if (chunk.input_slots != 2) json["input_slots"] = chunk.input_slots;
    if (chunk.weight_slots != 2) json["weight_slots"] = chunk.weight_slots;
    if (chunk.output_slots != 2) json["output_slots"] = chunk.output_slots;
    if (chunk.input_banks != 1) json["input_banks"] = chunk.input_banks;
    if (chunk.weight_banks != 1) json["weight_banks"] = chunk.weight_banks;
    if (chunk.output_banks != 1) json["output_banks"] = chunk.output_banks;
    if (chunk.localDescriptors()) json["descriptors"] = sourceName(chunk.descriptors);
    if (chunk.descriptors == DescriptorSource::Ram) json["descriptor_slots"] = chunk.descriptor_slots;
    if (chunk.hasPartialSums()) json["psum_words"] = chunk.psum_words;
    if (chunk.array == Template::DotLanes) json["tree_cut"] = chunk.tree_cut;
    if (chunk.rowStationary()) json["rf_words"] = chunk.rf_words;
    return json;
}

std::optional<double> limit(JsonObject& object, const char* key) {
    if (!object.has(key)) return std::nullopt;
    return object.number(key, 1e-12, 1e18);
}

}  // namespace

const char* templateName(Template array) {
    switch (array) {
        case Template::DotLanes:
            return "dot_lanes";
        case Template::WeightStationary:
            return "weight_stationary";
        case Template::RowStationary:
            return "row_stationary";
        default:
            return "output_array";
    }
}

const char* sourceName(DescriptorSource source) {
    switch (source) {
        case DescriptorSource::Ram:
            return "ram";
        case DescriptorSource::Rom:
            return "rom";
        default:
            return "dram";
    }
}

Design readDesign(const std::filesystem::path& file) { return readDesign(base::JsonDocument::read(file, "design")); }

Design readDesign(base::JsonDocument document) {
    JsonObject& root = document.root();
    Design design;
    design.name = root.text("name", "design");
    design.counters = root.flag("counters", true);
    design.chunks.clear();
    std::vector<JsonObject> chunks = root.objects("chunks");
    if (chunks.size() != 1)
        root.problem("chunks", fmt::format("expected one chunk in this version, found {}", chunks.size()));
    for (JsonObject& chunk : chunks) design.chunks.push_back(readChunk(chunk));
    document.finish();
    return design;
}

Json toJson(const Design& design) {
    Json json = base::makeDocument("design");
    json["name"] = design.name;
    json["counters"] = design.counters;
    json["chunks"] = Json::array();
    for (const Chunk& chunk : design.chunks) json["chunks"].push_back(toJson(chunk));
    return json;
}

std::string designHash(const Design& design) {
    // nlohmann::json keeps keys sorted: the canonical form.
    return base::sha256(nlohmann::json::parse(toJson(design).dump()).dump());
}

std::string Violation::text() const {
    return fmt::format("{} is {:.6g}, the value is {:.6g} ({:.1f} % beyond)", limit, bound, value, excess * 100);
}

Target readTarget(JsonObject& object) {
    Target target;
    target.technology = object.text("technology", target.technology);
    target.clock_mhz = object.number("clock_mhz", 1, 5000, target.clock_mhz);
    target.objective = object.choice("objective", {"edp", "energy", "latency"}, target.objective);
    target.dram = object.text("dram", target.dram);
    if (object.has("limits")) {
        JsonObject limits = object.object("limits");
        target.limits.max_area_um2 = limit(limits, "max_area_um2");
        target.limits.max_energy_mj = limit(limits, "max_energy_mj");
        target.limits.max_latency_ms = limit(limits, "max_latency_ms");
        target.limits.min_fps = limit(limits, "min_fps");
        target.limits.max_sram_bytes = limit(limits, "max_sram_bytes");
        limits.close();
    }
    if (object.has("design_space")) {
        target.design_space = object.raw("design_space");
        JsonObject lists = object.object("design_space");
        for (const std::string& name : lists.keys())
            if (const std::string problem = overrideProblem(name, lists.raw(name)); !problem.empty())
                lists.problem(name, problem);
    }
    return target;
}

Json toJson(const Target& target) {
    Json json;
    json["technology"] = target.technology;
    json["clock_mhz"] = target.clock_mhz;
    json["objective"] = target.objective;
    json["dram"] = target.dram;
    Json limits = Json::object();
    auto add = [&](const char* key, const std::optional<double>& value) {
        if (value) limits[key] = *value;
    };
    add("max_area_um2", target.limits.max_area_um2);
    add("max_energy_mj", target.limits.max_energy_mj);
    add("max_latency_ms", target.limits.max_latency_ms);
    add("min_fps", target.limits.min_fps);
    add("max_sram_bytes", target.limits.max_sram_bytes);
    if (!limits.empty()) json["limits"] = limits;
    if (!target.design_space.is_null()) json["design_space"] = target.design_space;
    return json;
}

}  // namespace dna::design
