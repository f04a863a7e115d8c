#include "core/network/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace dna::network {

const std::map<std::string, std::string_view>& resources();

namespace {

/// Collects nodes in execution order; `last` is the name of the map the next node reads.
class Builder {
public:
    Builder(const Shape& input) {
        Node node{.name = "input", .op = Op::Input};
        node.shape = input;
        add(std::move(node), {});
    }

    void conv(const std::string& name, int out_channels, int kernel, int stride, int groups, bool relu) {
        add({.name = name,
             .op = Op::Conv2d,
             .out_channels = out_channels,
             .kernel = kernel,
             .stride = stride,
             .pad = kernel / 2,
             .groups = groups,
             .batch_norm = true,
             .relu = relu,
             .weight_bits = bits_},
            {last_});
    }
    void shuffle(const std::string& name, int groups) {
        add({.name = name, .op = Op::ChannelShuffle, .groups = groups}, {last_});
    }
    void addTo(const std::string& name, const std::string& other) {
        add({.name = name, .op = Op::Add}, {last_, other});
    }
    void pool(const std::string& name) { add({.name = name, .op = Op::GlobalAveragePool}, {last_}); }
    void linear(const std::string& name, int classes) {
        add({.name = name, .op = Op::Linear, .out_channels = classes, .weight_bits = bits_}, {last_});
    }
    const std::string& last() const { return last_; }
    /// Width of the weights of what is appended from here on (0: not stated).
    void setBits(int bits) { bits_ = bits; }
    Network build(const std::string& name) { return makeNetwork(name, std::move(nodes_), inputs_, name); }

private:
    void add(Node node, std::vector<std::string> inputs) {
        last_ = node.name;
        nodes_.push_back(std::move(node));
        inputs_.push_back(std::move(inputs));
    }

    std::string last_;
    int bits_ = 0;
    std::vector<Node> nodes_;
    std::vector<std::vector<std::string>> inputs_;
};

bool keepsShape(const BlockSite& site) { return site.stride == 1 && site.in_channels == site.out_channels; }

/// FBNet block: grouped 1x1 expand, shuffle, depthwise with the stride, grouped 1x1 project, residual where it fits.
void appendBlock(Builder& builder, const BlockSite& site, const Candidate& candidate) {
    if (candidate.skip) {
        if (!keepsShape(site)) builder.conv(site.name + ".skip", site.out_channels, 1, site.stride, 1, true);
        return;
    }
    const std::string source = builder.last();
    const int middle = site.in_channels * candidate.expansion;
    builder.conv(site.name + ".expand", middle, 1, 1, candidate.groups, true);
    if (candidate.groups > 1) builder.shuffle(site.name + ".shuffle", candidate.groups);
    builder.conv(site.name + ".depthwise", middle, candidate.kernel, site.stride, middle, true);
    builder.conv(site.name + ".project", site.out_channels, 1, 1, candidate.groups, false);
    if (keepsShape(site)) builder.addTo(site.name + ".add", source);
}

/// Width of the weights outside the blocks: 8 in a space that states widths.
int fixedBits(const NetworkSpace& space) {
    const auto states = [](const BlockSite& site) { return !site.bits.empty(); };
    return std::any_of(space.blocks.begin(), space.blocks.end(), states) ? 8 : 0;
}

void appendStem(Builder& builder, const NetworkSpace& space) {
    builder.setBits(fixedBits(space));
    builder.conv("stem", space.stem_channels, 3, space.stem_stride, 1, true);
}

void appendHead(Builder& builder, const NetworkSpace& space) {
    builder.setBits(fixedBits(space));
    builder.conv("head", space.head_channels, 1, 1, 1, true);
    builder.pool("pool");
    builder.linear("classifier", space.classes);
}

Candidate readCandidate(base::JsonObject& object) {
    Candidate candidate;
    candidate.name = object.text("name");
    candidate.skip = object.flag("skip", false);
    if (!candidate.skip) {
        candidate.kernel = static_cast<int>(object.integer("kernel", 1, 11));
        candidate.expansion = static_cast<int>(object.integer("expansion", 1, 16));
        candidate.groups = static_cast<int>(object.integer("groups", 1, 2, 1));
        if (candidate.kernel % 2 == 0) object.problem("kernel", "expected an odd kernel");
    }
    object.close();
    return candidate;
}

void checkGroups(const NetworkSpace& space, base::JsonObject& stage, int in_channels, int out_channels) {
    for (const Candidate& c : space.candidates)
        if (c.groups > 1 && (in_channels % 4 != 0 || out_channels % c.groups != 0))
            stage.problem("channels", fmt::format("{} needs channels divisible by 4, found {} to {}", c.name,
                                                  in_channels, out_channels));
}

Shape strided(const Shape& in, int channels, int stride) {
    return {channels, (in.height - 1) / stride + 1, (in.width - 1) / stride + 1};
}

/// The widths that `"bits"` lists, ascending; `inherited` where there is no such key.
std::vector<int> readWidths(base::JsonObject& object, const std::vector<int>& inherited) {
    if (!object.has("bits")) return inherited;
    const std::vector<int64_t> listed = object.integers("bits", 2, 16);
    std::vector<int> bits;
    for (const int64_t width : listed) {
        if (width != 4 && width != 8)
            object.problem("bits", fmt::format("a block's weights have 4 or 8 bits, found {}", width));
        if (std::find(bits.begin(), bits.end(), width) != bits.end())
            object.problem("bits", fmt::format("{} is listed twice", width));
        bits.push_back(static_cast<int>(width));
    }
    if (bits.empty()) object.problem("bits", "expected at least one width; leave the key out to state none");
    std::sort(bits.begin(), bits.end());
    return bits;
}

void readStages(base::JsonObject& root, NetworkSpace& space) {
    const std::vector<int> of_all = readWidths(root, {});
    Shape shape = strided(space.input, space.stem_channels, space.stem_stride);
    for (base::JsonObject& stage : root.objects("stages")) {
        const int blocks = static_cast<int>(stage.integer("blocks", 1, 64));
        const int channels = static_cast<int>(stage.integer("channels", 1, 4096));
        const int first_stride = static_cast<int>(stage.integer("stride", 1, 4));
        checkGroups(space, stage, shape.channels, channels);
        checkGroups(space, stage, channels, channels);
        const std::vector<int> bits = readWidths(stage, of_all);
        stage.close();
        for (int i = 0; i < blocks; ++i) {
            const int stride = i == 0 ? first_stride : 1;
            space.blocks.push_back(
                {fmt::format("b{}", space.blocks.size()), shape.channels, channels, stride, shape, bits});
            shape = strided(shape, channels, stride);
        }
    }
    if (space.blocks.empty()) root.problem("stages", "expected at least one stage");
}

NetworkSpace parseSpace(base::JsonDocument document) {
    base::JsonObject& root = document.root();
    NetworkSpace space;
    space.name = root.text("name");
    const std::vector<int64_t> input = root.integers("input", 1, 1024);
    if (input.size() == 3)
        space.input = {static_cast<int>(input[0]), static_cast<int>(input[1]), static_cast<int>(input[2])};
    else
        root.problem("input", "expected [channels, height, width]");
    space.classes = static_cast<int>(root.integer("classes", 2, 100000));
    base::JsonObject stem = root.object("stem");
    space.stem_channels = static_cast<int>(stem.integer("channels", 1, 4096));
    space.stem_stride = static_cast<int>(stem.integer("stride", 1, 4));
    stem.close();
    base::JsonObject head = root.object("head");
    space.head_channels = static_cast<int>(head.integer("channels", 1, 65536));
    head.close();
    for (base::JsonObject& object : root.objects("candidates")) space.candidates.push_back(readCandidate(object));
    if (space.candidates.empty()) root.problem("candidates", "expected at least one candidate");
    readStages(root, space);
    document.finish();
    return space;
}

}  // namespace

NetworkSpace readSpace(const std::string& name_or_file) {
    if (const auto found = resources().find(name_or_file + ".json"); found != resources().end())
        return parseSpace(base::JsonDocument::parse(found->second, name_or_file + " (built in)", "network_space"));
    if (!std::filesystem::exists(name_or_file)) {
        const std::string near = base::nearest(name_or_file, builtinSpaces());
        throw base::InputError(
            name_or_file, "",
            fmt::format("neither a file nor a built-in network space ({}){}", fmt::join(builtinSpaces(), ", "),
                        near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    }
    return parseSpace(base::JsonDocument::read(name_or_file, "network_space"));
}

void fitSpace(NetworkSpace& space, const Shape& input, int classes) {
    space.input = input;
    space.classes = classes;
    Shape shape = strided(input, space.stem_channels, space.stem_stride);
    for (BlockSite& block : space.blocks) {
        block.input = shape;
        shape = strided(shape, block.out_channels, block.stride);
    }
}

std::vector<std::string> builtinSpaces() {
    std::vector<std::string> names;
    for (const auto& [key, text] : resources())
        names.push_back(key.substr(0, key.size() - std::string(".json").size()));
    return names;
}

std::vector<int> widths(const BlockSite& site) { return site.bits.empty() ? std::vector<int>{0} : site.bits; }

std::vector<BlockOption> blockOptions(const NetworkSpace& space, int block) {
    std::vector<BlockOption> options;
    for (size_t k = 0; k < space.candidates.size(); ++k)
        for (const int bits : widths(space.blocks.at(block))) options.push_back({static_cast<int>(k), bits});
    return options;
}

Network buildNetwork(const NetworkSpace& space, const std::vector<int>& choices, const std::string& name,
                     const std::vector<int>& bits) {
    DNA_CHECK(choices.size() == space.blocks.size(), "one choice per block");
    DNA_CHECK(bits.empty() || bits.size() == space.blocks.size(), "one width per block");
    Builder builder(space.input);
    appendStem(builder, space);
    for (size_t i = 0; i < choices.size(); ++i) {
        builder.setBits(bits.empty() ? widths(space.blocks[i]).back() : bits[i]);
        appendBlock(builder, space.blocks[i], space.candidates.at(choices[i]));
    }
    appendHead(builder, space);
    return builder.build(name);
}

Network buildOperator(const NetworkSpace& space, int block, const BlockOption& option) {
    const BlockSite& site = space.blocks.at(block);
    Builder builder(site.input);
    builder.setBits(option.bits);
    appendBlock(builder, site, space.candidates.at(option.candidate));
    return builder.build(site.name + "." + space.candidates[option.candidate].name);
}

Network buildOperator(const NetworkSpace& space, int block, int candidate) {
    return buildOperator(space, block, BlockOption{candidate, widths(space.blocks.at(block)).back()});
}

std::vector<Network> buildFixedParts(const NetworkSpace& space) {
    Builder stem(space.input);
    appendStem(stem, space);
    const BlockSite& last = space.blocks.back();
    Builder head(strided(last.input, last.out_channels, last.stride));
    appendHead(head, space);
    return {stem.build("stem"), head.build("head")};
}

}  // namespace dna::network
