#include "verif/shrink.h"

#include <algorithm>

#include "core/base/error.h"

namespace dna::verif {

using network::Node;
using network::Op;

namespace {

/// A case taken apart: nodes with the names of their inputs, so that nodes can go and change.
struct Draft {
    FuzzCase base;
    std::vector<Node> nodes;
    std::vector<std::vector<std::string>> inputs;

    explicit Draft(const FuzzCase& fuzz_case) : base(fuzz_case), nodes(fuzz_case.network.nodes) {
        for (const Node& node : nodes) {
            inputs.emplace_back();
            for (int input : node.inputs) inputs.back().push_back(nodes[size_t(input)].name);
        }
    }

    /// Whoever read node `i` reads its first input instead.
    void remove(size_t i) {
        const std::string gone = nodes[i].name, from = inputs[i][0];
        for (auto& names : inputs) std::replace(names.begin(), names.end(), gone, from);
        nodes.erase(nodes.begin() + long(i));
        inputs.erase(inputs.begin() + long(i));
    }

    /// The case again, mappings made legal; nothing when there is no such network or no mapping of it.
    std::optional<FuzzCase> build() const {
        FuzzCase result = base;
        result.mapping.clear();
        try {
            std::vector<Node> parts = nodes;
            for (Node& node : parts) node.inputs.clear();
            result.network = network::makeNetwork(base.network.name, parts, inputs, "shrunk case");
            for (const mapping::Layer& layer : mapping::extractLayers(result.network, base.design.chunk().operand_bits)) {
                const auto old = base.mapping.find(layer.name);
                const auto legal = mapping::legalize(layer, base.design.chunk(),
                                                     old == base.mapping.end() ? mapping::LayerMapping{} : old->second);
                if (!std::holds_alternative<mapping::LayerMapping>(legal)) return std::nullopt;
                result.mapping[layer.name] = std::get<mapping::LayerMapping>(legal);
            }
            plansOf(result);  // throws where the design can't hold it
        } catch (const base::InputError&) {
            return std::nullopt;
        }
        return result;
    }
};

class Shrinker {
public:
    Shrinker(FuzzCase failing, const std::function<bool(const FuzzCase&)>& fails, int attempts)
        : best_(std::move(failing)), fails_(fails), left_(attempts) {}

    FuzzCase run() {
        while (left_ > 0 && (fewerRuns() || fewerNodes() || smallerNodes() || plainerMapping())) {
        }
        return best_;
    }

private:
    /// Takes the candidate when it is another case and fails too.
    bool accept(const std::optional<FuzzCase>& candidate) {
        if (!candidate || left_ <= 0 || toJson(*candidate) == toJson(best_)) return false;
        --left_;
        if (!fails_(*candidate)) return false;
        best_ = *candidate;
        return true;
    }

    template <class Change>
    bool tryCase(Change&& change) {
        FuzzCase candidate = best_;
        change(candidate);
        return accept(candidate);
    }

    bool fewerRuns() {
        return tryCase([](FuzzCase& c) { c.pictures = 1; }) || tryCase([](FuzzCase& c) { c.stall_seed = 0; });
    }

    bool fewerNodes() {
        for (size_t i = best_.network.nodes.size() - 1; i-- > 1;) {
            Draft draft(best_);
            draft.remove(i);
            if (accept(draft.build())) return true;
        }
        return false;
    }

    template <class Change>
    bool tryNode(size_t i, Change&& change) {
        Draft draft(best_);
        change(draft.nodes[i]);
        return accept(draft.build());
    }

    bool smallerInput() {
        return tryNode(0, [](Node& n) { n.shape.height = (n.shape.height + 1) / 2; }) ||
               tryNode(0, [](Node& n) { n.shape.width = (n.shape.width + 1) / 2; }) ||
               tryNode(0, [](Node& n) { n.shape.height = std::max(1, n.shape.height - 1); }) ||
               tryNode(0, [](Node& n) { n.shape.width = std::max(1, n.shape.width - 1); });
    }

    /// Channels of a depthwise or grouped node follow from its groups: both shrink together.
    static void fewerChannels(Node& n, int channels) {
        if (n.groups > 1 && n.groups == n.out_channels) n.groups = std::max(1, channels);
        n.out_channels = std::max(1, channels);
    }

    bool smallerNodes() {
        if (smallerInput()) return true;
        for (size_t i = 1; i < best_.network.nodes.size(); ++i) {
            const Op op = best_.network.nodes[i].op;
            if (op != Op::Conv2d && op != Op::Linear && op != Op::MaxPool && op != Op::AveragePool) continue;
            if (tryNode(i, [](Node& n) { n.groups = 1; }) || tryNode(i, [](Node& n) { n.dilation = 1; }) ||
                tryNode(i, [](Node& n) { n.kernel = 1, n.pad = 0; }) || tryNode(i, [](Node& n) { n.stride = 1; }) ||
                tryNode(i, [](Node& n) { n.weight_bits = 0; }) || tryNode(i, [](Node& n) { n.pad = 0; }) || tryNode(i, [](Node& n) { n.relu = n.relu6 = false; }) ||
                tryNode(i, [](Node& n) { n.kernel = std::max(1, n.kernel - 1); }) ||
                tryNode(i, [](Node& n) { fewerChannels(n, n.out_channels / 2); }) ||
                tryNode(i, [](Node& n) { fewerChannels(n, n.out_channels - 1); }))
                return true;
        }
        return false;
    }

    bool plainerMapping() {
        const std::vector<mapping::Layer> layers = mapping::extractLayers(best_.network, best_.design.chunk().operand_bits);
        const design::Chunk chunk = best_.design.chunk();
        for (const mapping::Layer& layer : layers) {
            const auto change = [&](auto&& edit) {
                Draft draft(best_);
                edit(draft.base.mapping[layer.name]);
                return accept(draft.build());
            };
            if (change([&](auto& m) { m.tile_rows = layer.out_height; }) ||
                change([&](auto& m) { m.tile_channels = layer.out_channels; }) ||
                change([&](auto& m) { m.tile_order = mapping::TileOrder::RowsOuter; }) ||
                change([&](auto& m) { m.block_order = mapping::BlockOrder::ChannelsOuter; }) ||
                change([&](auto& m) { m.log2_x_lanes = mapping::bestLog2XLanes(layer, chunk); }))
                return true;
        }
        return false;
    }

    FuzzCase best_;
    const std::function<bool(const FuzzCase&)>& fails_;
    int left_;
};

}  // namespace

FuzzCase shrink(FuzzCase failing, const std::function<bool(const FuzzCase&)>& fails, int attempts) {
    return Shrinker(std::move(failing), fails, attempts).run();
}

}  // namespace dna::verif
