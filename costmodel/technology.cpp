#include "costmodel/technology.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace dna::costmodel {

/// Generated: the files of costmodel/technology.
const std::map<std::string, std::string_view>& resources();

namespace {

constexpr double kMax = 1e12;

/// Key and field of every logic price: reading and writing are loops over this table.
constexpr std::array<std::pair<const char*, double LogicPrices::*>, 43> kLogicFields{{
    {"pe_area_um2", &LogicPrices::pe_area_um2},
    {"pe_area_per_accumulator_bit_um2", &LogicPrices::pe_area_per_accumulator_bit_um2},
    {"mac_energy_pj", &LogicPrices::mac_energy_pj},
    {"mac_energy_per_accumulator_bit_pj", &LogicPrices::mac_energy_per_accumulator_bit_pj},
    {"pe_idle_energy_pj", &LogicPrices::pe_idle_energy_pj},
    {"dot_area_um2", &LogicPrices::dot_area_um2},
    {"dot_mac_energy_pj", &LogicPrices::dot_mac_energy_pj},
    {"dot_idle_energy_pj", &LogicPrices::dot_idle_energy_pj},
    {"systolic_area_um2", &LogicPrices::systolic_area_um2},
    {"systolic_mac_energy_pj", &LogicPrices::systolic_mac_energy_pj},
    {"systolic_idle_energy_pj", &LogicPrices::systolic_idle_energy_pj},
    {"psum_area_um2", &LogicPrices::psum_area_um2},
    {"psum_energy_pj", &LogicPrices::psum_energy_pj},
    {"row_area_um2", &LogicPrices::row_area_um2},
    {"row_area_per_word_um2", &LogicPrices::row_area_per_word_um2},
    {"row_area_per_sum_bit_um2", &LogicPrices::row_area_per_sum_bit_um2},
    {"row_mac_energy_pj", &LogicPrices::row_mac_energy_pj},
    {"row_mac_energy_per_word_pj", &LogicPrices::row_mac_energy_per_word_pj},
    {"row_mac_energy_per_sum_bit_pj", &LogicPrices::row_mac_energy_per_sum_bit_pj},
    {"row_idle_energy_pj", &LogicPrices::row_idle_energy_pj},
    {"row_idle_energy_per_word_pj", &LogicPrices::row_idle_energy_per_word_pj},
    {"pick_area_per_bit_um2", &LogicPrices::pick_area_per_bit_um2},
    {"pick_energy_per_bit_pj", &LogicPrices::pick_energy_per_bit_pj},
    {"lane_area_um2", &LogicPrices::lane_area_um2},
    {"lane_area_per_multiplier_bit_um2", &LogicPrices::lane_area_per_multiplier_bit_um2},
    {"lane_energy_pj", &LogicPrices::lane_energy_pj},
    {"lane_idle_energy_pj", &LogicPrices::lane_idle_energy_pj},
    {"shared_lane_area_um2", &LogicPrices::shared_lane_area_um2},
    {"shared_lane_area_per_column_um2", &LogicPrices::shared_lane_area_per_column_um2},
    {"shared_lane_energy_pj", &LogicPrices::shared_lane_energy_pj},
    {"shared_lane_energy_per_column_pj", &LogicPrices::shared_lane_energy_per_column_pj},
    {"shared_lane_idle_energy_pj", &LogicPrices::shared_lane_idle_energy_pj},
    {"shared_lane_idle_energy_per_column_pj", &LogicPrices::shared_lane_idle_energy_per_column_pj},
    {"align_area_per_bit_stage_um2", &LogicPrices::align_area_per_bit_stage_um2},
    {"noc_energy_per_word_pj", &LogicPrices::noc_energy_per_word_pj},
    {"noc_area_per_byte_um2", &LogicPrices::noc_area_per_byte_um2},
    {"noc_clock_energy_per_byte_pj", &LogicPrices::noc_clock_energy_per_byte_pj},
    {"control_area_um2", &LogicPrices::control_area_um2},
    {"control_energy_per_cycle_pj", &LogicPrices::control_energy_per_cycle_pj},
    {"dma_energy_per_word_pj", &LogicPrices::dma_energy_per_word_pj},
    {"register_area_per_bit_um2", &LogicPrices::register_area_per_bit_um2},
    {"register_energy_per_bit_pj", &LogicPrices::register_energy_per_bit_pj},
    {"leakage_mw_per_mm2", &LogicPrices::leakage_mw_per_mm2},
}};

LogicPrices readLogic(base::JsonObject object) {
    LogicPrices prices;
    for (const auto& [key, field] : kLogicFields) prices.*field = object.number(key, 0, kMax, 0.0);
    object.close();
    return prices;
}

std::map<std::string, DramPart> readDrams(base::JsonObject object) {
    std::map<std::string, DramPart> drams;
    for (const std::string& name : object.keys()) {
        base::JsonObject entry = object.object(name);
        drams[name] = {entry.text("part"), entry.number("read_pj_per_bit", 0, kMax),
                       entry.number("write_pj_per_bit", 0, kMax)};
        entry.close();
    }
    if (drams.empty()) object.problem("", "names no DRAM");
    return drams;
}

Technology read(base::JsonDocument document) {
    base::JsonObject& root = document.root();
    Technology technology;
    technology.name = root.text("name");
    technology.node_nm = root.number("node_nm", 1, 10000);
    technology.voltage = root.number("voltage", 0.1, 10);
    technology.clock_mhz = root.number("clock_mhz", 0.001, 100000);
    base::JsonObject sources = root.object("sources");
    for (const std::string& key : sources.keys()) technology.sources[key] = sources.text(key);
    technology.logic = readLogic(root.object("logic"));
    base::JsonObject memory = root.object("memory");
    technology.memory = readMemorySource(memory);
    technology.drams = readDrams(root.object("dram"));
    document.finish();
    return technology;
}

}  // namespace

Technology readTechnology(const std::filesystem::path& file) {
    return read(base::JsonDocument::read(file, "technology"));
}

std::vector<std::string> technologyNames() {
    std::vector<std::string> names;
    for (const auto& [file, text] : resources()) names.push_back(file.substr(0, file.rfind(".json")));
    return names;
}

std::string technologyProblem(const std::string& name) {
    if (resources().contains(name + ".json")) return {};
    const std::vector<std::string> names = technologyNames();
    const std::string near = base::nearest(name, names);
    return fmt::format("there is no built-in technology \"{}\"{}; built in: {}", name,
                       near.empty() ? "" : ", did you mean \"" + near + "\"", fmt::join(names, ", "));
}

Technology builtinTechnology(const std::string& name) {
    if (const std::string problem = technologyProblem(name); !problem.empty()) throw base::InputError("technology", "", problem);
    return read(base::JsonDocument::parse(resources().at(name + ".json"), "technology " + name, "technology"));
}

base::Json toJson(const Technology& technology) {
    base::Json json = base::makeDocument("technology");
    json["name"] = technology.name;
    json["node_nm"] = technology.node_nm;
    json["voltage"] = technology.voltage;
    json["clock_mhz"] = technology.clock_mhz;
    json["sources"] = base::Json::object();
    for (const auto& [key, text] : technology.sources) json["sources"][key] = text;
    for (const auto& [key, field] : kLogicFields) json["logic"][key] = technology.logic.*field;
    json["memory"] = toJson(technology.memory);
    for (const auto& [name, dram] : technology.drams)
        json["dram"][name] = {{"part", dram.part},
                              {"read_pj_per_bit", dram.read_pj_per_bit},
                              {"write_pj_per_bit", dram.write_pj_per_bit}};
    return json;
}

std::string dramProblem(const Technology& technology, const std::string& name) {
    if (technology.drams.contains(name)) return {};
    std::vector<std::string> names;
    for (const auto& [key, part] : technology.drams) names.push_back(key);
    return fmt::format("technology {} has no DRAM \"{}\"; known: {}", technology.name, name, fmt::join(names, ", "));
}

const DramPart& dramPart(const Technology& technology, const std::string& name) {
    if (const std::string problem = dramProblem(technology, name); !problem.empty())
        throw base::InputError("technology " + technology.name, "/dram", problem);
    return technology.drams.at(name);
}

}  // namespace dna::costmodel
