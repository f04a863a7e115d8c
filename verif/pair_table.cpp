#include "verif/pair_table.h"

#include <fmt/format.h>

#include <bit>

#include "core/mapping/joined.h"

namespace dna::verif {

namespace {

std::string number(int value) { return std::to_string(value); }

/// Large ranges count by octave.
std::string octave(int value) { return fmt::format("{}..", std::bit_floor(unsigned(std::max(value, 1)))); }

}  // namespace

std::map<std::string, std::string> featuresOf(const design::Chunk& chunk) {
    std::map<std::string, std::string> f{{"template", templateName(chunk.array)},
                                         {"rows", number(chunk.rows)},
                                         {"cols", number(chunk.cols)},
                                         {"operand_bits", number(chunk.operand_bits)},
                                         {"input_words", octave(chunk.input_words)},
                                         {"weight_words", octave(chunk.weight_words)},
                                         {"output_words", octave(chunk.output_words)},
                                         {"accumulator_bits", number(chunk.accumulator_bits)},
                                         {"multiplier_bits", number(chunk.multiplier_bits)},
                                         {"multiplier_cut", number(chunk.multiplier_cut)},
                                         {"pe_cut", chunk.pe_cut ? "yes" : "no"},
                                         {"axi_bits", number(chunk.axi_bits)},
                                         {"input_slots", number(chunk.input_slots)},
                                         {"weight_slots", number(chunk.weight_slots)},
                                         {"output_slots", number(chunk.output_slots)},
                                         {"input_banks", number(chunk.input_banks)},
                                         {"weight_banks", number(chunk.weight_banks)},
                                         {"output_banks", number(chunk.output_banks)},
                                         {"packed_weights", chunk.packed_weights ? "yes" : "no"},
                                         {"descriptor_source", sourceName(chunk.descriptors)}};
    if (!chunk.hasPartialSums()) f["split_reduction"] = chunk.split_reduction ? "yes" : "no";
    if (!chunk.rowStationary()) f["columns_per_lane"] = number(chunk.columns_per_lane);
    if (chunk.hasPartialSums()) f["psum_words"] = number(chunk.psum_words);
    if (chunk.rowStationary()) f["rf_words"] = number(chunk.rf_words);
    if (chunk.array == design::Template::DotLanes) f["tree_cut"] = number(chunk.tree_cut);
    return f;
}

namespace {

std::string operatorOf(const mapping::Layer& layer) {
    if (layer.max_pool) return "max_pool";
    if (layer.pool) return layer.kernel != layer.kernel_width || layer.out_height == 1 ? "global_pool" : "average_pool";
    if (layer.raw_output) return "linear";
    if (layer.mode == mapping::ArrayMode::Depthwise) return "depthwise";
    if (layer.groups > 1) return layer.groups == layer.in_channels ? "multiplied" : "grouped";
    return layer.narrow_input ? "picture" : "dense";
}

/// What a layer has to do with a concat.
std::string concatOf(const network::Network& network, const mapping::Layer& layer) {
    const bool writes = mapping::joinedPlaces(network)[size_t(layer.output_node)].whole != layer.output_node;
    const bool reads = network.nodes[size_t(layer.input.node)].op == network::Op::Concat;
    return writes ? reads ? "both" : "writes" : reads ? "reads" : "no";
}

void addFeatures(std::map<std::string, std::string>& f, const mapping::LayerPlan& plan, const std::string& concat) {
    const mapping::Layer& layer = plan.layer;
    const mapping::SubPlan& sub = plan.subs.front();
    f["operator"] = operatorOf(layer);
    f["kernel"] = layer.kernel > 7 ? "8.." : number(layer.kernel);
    f["stride"] = number(layer.stride);
    f["dilation"] = number(layer.dilation);
    f["pad"] = number(layer.pad);
    f["residual"] = layer.residual_node >= 0 ? "yes" : "no";
    f["concat"] = concat;
    f["shuffle"] = layer.input.shuffle_groups > 1 ? "yes" : "no";
    f["row_tiles"] = octave(sub.row_tiles);
    f["channel_tiles"] = octave(sub.channel_tiles);
    f["tile_order"] = plan.mapping.tile_order == mapping::TileOrder::RowsOuter ? "rows" : "channels";
    f["block_order"] = plan.mapping.block_order == mapping::BlockOrder::ChannelsOuter ? "channels" : "pixels";
    f["x_lanes"] = number(plan.x_lanes());
    f["ragged_channels"] = layer.out_channels % plan.chunk.cols != 0 ? "yes" : "no";
    f["weights"] = plan.packsWeights() ? "packed" : layer.weight_bits < layer.operand_bits ? "narrow" : "whole";
    f["reduction"] = plan.splitsReduction() ? "split" : "whole";
    f["descriptors"] = octave(int(plan.subs.size()));
}

}  // namespace

void PairTable::add(const FuzzCase& fuzz_case) {
    Features common = featuresOf(fuzz_case.design.chunk());
    common["memory"] = fuzz_case.stall_seed != 0 ? "stalls" : "normative";
    common["pictures"] = number(fuzz_case.pictures);
    for (const mapping::LayerPlan& plan : plansOf(fuzz_case)) {
        Features features = common;
        addFeatures(features, plan, concatOf(fuzz_case.network, plan.layer));
        addLayer(features);
    }
}

void PairTable::addLayer(const Features& features) {
    for (auto a = features.begin(); a != features.end(); ++a) {
        values_[a->first].insert(a->second);
        for (auto b = std::next(a); b != features.end(); ++b)
            pairs_[{a->first, b->first}].insert({a->second, b->second});
    }
}

void PairTable::merge(const PairTable& other) {
    for (const auto& [name, values] : other.values_) values_[name].insert(values.begin(), values.end());
    for (const auto& [names, values] : other.pairs_) pairs_[names].insert(values.begin(), values.end());
}

int64_t PairTable::covered() const {
    int64_t sum = 0;
    for (const auto& [names, values] : pairs_) sum += int64_t(values.size());
    return sum;
}

int64_t PairTable::possible() const {
    int64_t sum = 0;
    for (const auto& [names, values] : pairs_)
        sum += int64_t(values_.at(names.first).size() * values_.at(names.second).size());
    return sum;
}

base::Json PairTable::toJson() const {
    base::Json json{{"covered", covered()}, {"possible", possible()}, {"parameters", base::Json::object()}};
    for (const auto& [name, values] : values_) json["parameters"][name] = values;
    json["missing"] = base::Json::array();
    for (const auto& [names, met] : pairs_) {
        base::Json missing = base::Json::array();
        for (const std::string& a : values_.at(names.first))
            for (const std::string& b : values_.at(names.second))
                if (met.count({a, b}) == 0) missing.push_back({a, b});
        if (!missing.empty()) json["missing"].push_back({{"a", names.first}, {"b", names.second}, {"values", missing}});
    }
    return json;
}

std::string PairTable::text() const {
    std::vector<std::string> names;
    for (const auto& [name, values] : values_) names.push_back(name);
    std::string table = fmt::format("{:<16}{:>7} ", "parameter", "values");
    for (size_t i = 0; i < names.size(); ++i) table += fmt::format("{:>4}", i + 1);
    table += "   % of the pairs of values met\n";
    for (size_t i = 0; i < names.size(); ++i) {
        table += fmt::format("{:<16}{:>7} ", names[i], values_.at(names[i]).size());
        for (size_t j = 0; j < i; ++j) {
            const auto met = pairs_.find({names[j], names[i]});
            const size_t all = values_.at(names[i]).size() * values_.at(names[j]).size();
            table +=
                met == pairs_.end() ? fmt::format("{:>4}", "-") : fmt::format("{:>4}", 100 * met->second.size() / all);
        }
        table += "\n";
    }
    return table;
}

}  // namespace dna::verif
