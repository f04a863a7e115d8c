#include "flows/onnx/window.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "flows/onnx/weights.h"

namespace dna::flows::onnx {
namespace {

constexpr int64_t kMaxMap = 65536, kMaxStride = 16, kMaxDilation = 16;

/// Attribute of two equal numbers in [least, most]; `fallback` when it is absent.
std::optional<int> square(GraphReader& reader, const Node& node, const char* name, int64_t least, int64_t most,
                          int fallback) {
    const std::vector<int64_t> found = reader.integers(node, name);
    if (found.empty()) return fallback;
    if (found.size() == 2 && found[0] == found[1] && found[0] >= least && found[0] <= most)
        return static_cast<int>(found[0]);
    reader.problem(node, fmt::format("{}: expected two equal numbers in [{}, {}], found [{}]", name, least, most,
                                     fmt::join(found, ", ")));
    return {};
}

/// Zeros on all sides together that keep ceil(size / stride) positions.
int64_t samePad(int64_t size, int64_t kernel, const Window& window) {
    const int64_t outputs = (size + window.stride - 1) / window.stride;
    return std::max<int64_t>((outputs - 1) * window.stride + window.dilation * (kernel - 1) + 1 - size, 0);
}

std::optional<int> readPad(GraphReader& reader, const Node& node, const MapValue& map, const Window& window) {
    const std::string mode = reader.text(node, "auto_pad", "NOTSET");
    std::vector<int64_t> pads = reader.integers(node, "pads");
    if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
        pads.clear();
        for (const auto& [size, kernel] :
             {std::pair{map.dims[2], window.kernel_height}, {map.dims[3], window.kernel_width}}) {
            const int64_t both = samePad(size, kernel, window), more = both - both / 2;
            pads.push_back(mode == "SAME_UPPER" ? both / 2 : more);
            pads.push_back(both - pads.back());
        }
    } else if (mode == "VALID") {
        pads = {};
    } else if (mode != "NOTSET") {
        reader.problem(
            node, fmt::format("auto_pad: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, found \"{}\"", shown(mode)));
        return {};
    }
    if (pads.empty()) return 0;
    const bool equal = pads.size() == 4 && pads[1] == pads[0] && pads[2] == pads[0] && pads[3] == pads[0];
    if (equal && pads[0] >= 0 && pads[0] <= kMaxPad) return static_cast<int>(pads[0]);
    reader.problem(node, fmt::format("pads: expected the same number in [0, {}] on all four sides, found [{}]{}",
                                     kMaxPad, fmt::join(pads, ", "), mode == "NOTSET" ? "" : " from auto_pad " + mode));
    return {};
}

}  // namespace

std::optional<Window> readWindow(GraphReader& reader, const Node& node, const MapValue& map,
                                 const std::vector<int64_t>& kernel) {
    if (map.dims.size() != 4) {
        reader.problem(node, fmt::format("expected a map [N, C, H, W], found [{}]", fmt::join(map.dims, ", ")));
        return {};
    }
    const std::vector<int64_t> given = reader.integers(node, "kernel_shape");
    if (kernel.empty() && given.size() != 2) {
        reader.problem(node, fmt::format("kernel_shape: expected two numbers, found [{}]", fmt::join(given, ", ")));
        return {};
    }
    const std::vector<int64_t>& size = kernel.empty() ? given : kernel;
    if ((!given.empty() && given != size) || size[0] < 1 || size[1] < 1 || size[0] > kMaxMap || size[1] > kMaxMap) {
        reader.problem(node, fmt::format("kernel_shape: expected [{}], found [{}]", fmt::join(size, ", "),
                                         fmt::join(given, ", ")));
        return {};
    }
    Window window;
    window.kernel_height = static_cast<int>(size[0]), window.kernel_width = static_cast<int>(size[1]);
    const std::optional<int> stride = square(reader, node, "strides", 1, kMaxStride, 1);
    const std::optional<int> dilation = square(reader, node, "dilations", 1, kMaxDilation, 1);
    if (!stride || !dilation) return {};
    window.stride = *stride, window.dilation = *dilation;
    const std::optional<int> pad = readPad(reader, node, map, window);
    if (!pad) return {};
    window.pad = *pad;
    return window;
}

}  // namespace dna::flows::onnx
