#include "core/mapping/mapping_file.h"

#include <algorithm>

#include "core/base/error.h"

namespace dna::mapping {

using base::Json;
using base::JsonObject;

namespace {

LayerMapping readLayer(JsonObject& object) {
    LayerMapping m;
    m.tile_rows = int(object.integer("tile_rows", 1, 65536));
    m.tile_channels = int(object.integer("tile_channels", 8, 65536));
    m.log2_x_lanes = int(object.integer("log2_x_lanes", 0, 5));
    m.tile_reduction = int(object.integer("tile_reduction", 0, 65536, 0));
    m.tile_order = object.choice("tile_order", {"rows_outer", "channels_outer"}) == "rows_outer"
                       ? TileOrder::RowsOuter
                       : TileOrder::ChannelsOuter;
    m.block_order =
        object.choice("block_order", {"channels_outer", "pixels_outer"}, "channels_outer") == "channels_outer"
            ? BlockOrder::ChannelsOuter
            : BlockOrder::PixelsOuter;
    return m;
}

/// What array rows and columns work on at a time.
std::string spatialText(const LayerPlan& plan) {
    const std::string columns =
        (plan.layer.mode == ArrayMode::Dense ? " x M" : " x G") + std::to_string(plan.chunk.cols);
    if (plan.chunk.rowStationary()) {
        const Fold& fold = plan.subs.front().fold;
        return "P" + std::to_string(fold.groups) + " C" + std::to_string(fold.slices) + " R" +
               std::to_string(fold.filter_rows) + columns;
    }
    return (plan.chunk.weightsStay() ? "C" + std::to_string(plan.chunk.rows) + " x " : std::string()) + "P" +
           std::to_string(plan.y_lanes()) + " Q" + std::to_string(plan.x_lanes()) + columns;
}

/// The loop nest as people write it: outer to inner, one line.
std::string nestText(const LayerPlan& plan) {
    const SubPlan& sub = plan.subs.front();
    const bool rows_outer = plan.mapping.tile_order == TileOrder::RowsOuter;
    const std::string p = "P" + std::to_string(sub.row_tiles), m = "M" + std::to_string(sub.channel_tiles);
    const std::string pixels = "P" + std::to_string(sub.y_blocks_full) + " Q" + std::to_string(sub.x_blocks);
    const std::string units = "M" + std::to_string(sub.units_full);
    const bool channels_outer = plan.mapping.block_order == BlockOrder::ChannelsOuter;
    const int channels = plan.layer.mode == ArrayMode::Dense ? sub.sub.runs * sub.sub.in_channels : 1;
    const auto passes = std::count_if(plan.subs.begin(), plan.subs.end(), [&](const SubPlan& s) { return s.sub.out_begin == sub.sub.out_begin; });
    const std::string split = passes > 1 ? "C" + std::to_string(passes) + " " : std::string();
    return "dram: " + split + (rows_outer ? p + " " + m : m + " " + p) +
           " | buffer: " + (channels_outer ? units + " " + pixels : pixels + " " + units) + " R" +
           std::to_string(plan.layer.kernel) + " S" + std::to_string(plan.layer.kernel_width) + " C" +
           std::to_string(channels) + " | spatial: " + spatialText(plan);
}

}  // namespace

NetworkMapping readMapping(const std::filesystem::path& file) {
    return readMapping(base::JsonDocument::read(file, "mapping"));
}

NetworkMapping readMapping(base::JsonDocument document) {
    JsonObject& root = document.root();
    root.text("network", "");
    NetworkMapping mapping;
    for (JsonObject& layer : root.objects("layers")) {
        const std::string name = layer.text("name");
        layer.text("loop_nest", "");
        if (!mapping.emplace(name, readLayer(layer)).second)
            layer.problem("name", "the layer \"" + name + "\" stands twice");
        layer.close();
    }
    document.finish();
    return mapping;
}

Json toJson(const LayerPlan& plan) {
    const LayerMapping& m = plan.mapping;
    return Json{{"tile_rows", m.tile_rows},
                {"tile_channels", m.tile_channels},
                {"log2_x_lanes", m.log2_x_lanes},
                {"tile_reduction", m.tile_reduction},
                {"tile_order", m.tile_order == TileOrder::RowsOuter ? "rows_outer" : "channels_outer"},
                {"block_order", m.block_order == BlockOrder::ChannelsOuter ? "channels_outer" : "pixels_outer"},
                {"loop_nest", nestText(plan)}};
}

Json toJson(const std::vector<LayerPlan>& plans) {
    Json json = base::makeDocument("mapping");
    json["layers"] = Json::array();
    for (const LayerPlan& plan : plans) {
        Json layer{{"name", plan.layer.name}};
        layer.update(toJson(plan));
        json["layers"].push_back(std::move(layer));
    }
    return json;
}

std::vector<LayerPlan> lowerAll(const std::vector<Layer>& layers, const design::Chunk& chunk,
                                const NetworkMapping& mappings, const std::string& file) {
    std::vector<base::Problem> problems;
    std::vector<LayerPlan> plans;
    std::map<std::string, bool> used;
    for (const Layer& layer : layers) {
        used[layer.name] = true;
        const auto place = mappings.find(layer.name);
        if (place == mappings.end()) {
            problems.push_back({file, "/layers", "no mapping for layer \"" + layer.name + "\""});
            continue;
        }
        auto lowered = lower(layer, chunk, place->second);
        if (const auto* refusal = std::get_if<Refusal>(&lowered))
            problems.push_back({file, "/layers/" + layer.name, refusal->reason});
        else
            plans.push_back(std::move(std::get<LayerPlan>(lowered)));
    }
    for (const auto& [name, m] : mappings)
        if (used.count(name) == 0) problems.push_back({file, "/layers/" + name, "the network has no such layer"});
    if (!problems.empty()) throw base::InputError(std::move(problems));
    return plans;
}

}  // namespace dna::mapping
