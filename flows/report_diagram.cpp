#include "flows/report_diagram.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "flows/report_html.h"

namespace dna::flows::report {
namespace {

constexpr const char* kInk = "#1c2430";
constexpr const char* kSoft = "#5b6675";

struct Box {
    double x, y, width, height;
    double midX() const { return x + width / 2; }
    double midY() const { return y + height / 2; }
    double right() const { return x + width; }
    double bottom() const { return y + height; }
};

std::string label(double x, double y, const std::string& text, double size = 12, const char* colour = kInk, const char* extra = "") {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" font-size=\"{}\" fill=\"{}\"{}>{}</text>\n", x, y, size, colour, extra,
                       escaped(text));
}

std::string box(const Box& b, const char* fill, const std::string& title, const std::vector<std::string>& lines) {
    std::string svg = fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{}\" stroke=\"{}\"/>\n", b.x, b.y, b.width, b.height,
                                  fill, kInk);
    double y = b.midY() - 7.5 * static_cast<double>(lines.size()) + 5;
    svg += label(b.midX(), y, title, 13, kInk, " font-weight=\"600\"");
    for (const std::string& line : lines) svg += label(b.midX(), y += 15.5, line, 11.5, kSoft);
    return svg;
}

std::string arrow(double x1, double y1, double x2, double y2, const std::string& note = "", double note_x = 0, double note_y = 0) {
    std::string svg = fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"1.6\" marker-end=\"url(#head)\"/>\n",
                                  x1, y1, x2, y2, kInk);
    return note.empty() ? svg : svg + label(note_x, note_y, note, 11, kSoft);
}

/// The PEs, drawn one by one up to 16 x 16.
std::string array(const Box& b, const design::Chunk& chunk) {
    const int rows = std::min(chunk.rows, 16), cols = std::min(chunk.cols, 16);
    const double top = b.y + 44, pitch = std::min((b.width - 28) / cols, (b.height - 58) / rows);
    const double left = b.midX() - pitch * cols / 2, begin = top + (b.height - 58 - pitch * rows) / 2;
    std::string svg = fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"#eef4fb\" stroke=\"{}\"/>\n", b.x, b.y, b.width, b.height, kInk);
    svg += label(b.midX(), b.y + 20, fmt::format("PE array {} x {}", chunk.rows, chunk.cols), 13, kInk, " font-weight=\"600\"");
    svg += label(b.midX(), b.y + 36, fmt::format("{} INT{} MACs, sums of {} bits", chunk.rows * chunk.cols, chunk.operand_bits, chunk.accumulator_bits), 11.5, kSoft);
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < cols; ++c)
            svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"1.5\" fill=\"#1f5fa8\"/>\n", left + pitch * c + 1,
                               begin + pitch * r + 1, pitch - 2, pitch - 2);
    return svg;
}

std::string kibibytes(double words) { return fmt::format("{:g} KiB", words * design::kWordBytes / 1024.0); }

std::string bankText(int banks) { return banks == 1 ? "" : fmt::format(", {} banks", banks); }

std::vector<std::string> slots(int count, int words, int banks) {
    return {fmt::format("{} x {} words, {}{}", count, words, kibibytes(double(count) * words), bankText(banks))};
}

/// What the load engine does; descriptors stand in the chip or are bursts too.
std::vector<std::string> loads(const design::Chunk& chunk) {
    if (!chunk.localDescriptors()) return {"descriptors, bursts"};
    return {fmt::format("descriptors: {}", design::sourceName(chunk.descriptors)), "bursts"};
}

}  // namespace

std::string blockDiagram(const design::Design& design) {
    const design::Chunk& chunk = design.chunk();
    const Box dram{10, 60, 92, 330}, load{160, 60, 120, 64}, store{160, 326, 120, 64}, input{340, 60, 190, 84}, weight{340, 168, 190, 74},
        pes{610, 60, 250, 240}, ppu{610, 326, 250, 64}, output{340, 326, 190, 64}, residual{340, 262, 190, 50}, control{160, 168, 120, 74};
    std::string svg = "<svg viewBox=\"0 0 880 420\" width=\"880\" height=\"420\" role=\"img\" aria-label=\"Block diagram\" xmlns=\"http://www.w3.org/2000/svg\">\n"
                      "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
                      "<path d=\"M0 0L8 4L0 8z\" fill=\"#1c2430\"/></marker></defs>\n";
    svg += "<rect x=\"136\" y=\"30\" width=\"738\" height=\"380\" rx=\"10\" fill=\"none\" stroke=\"#9aa5b1\" stroke-dasharray=\"6 4\"/>\n";
    svg += label(505, 22, fmt::format("chip: dna_top, one chunk of template T{} ({})", int(chunk.array), design::templateName(chunk.array)), 12, kSoft);
    svg += box(dram, "#f6f8fa", "DRAM", {"AXI4", fmt::format("{} bits", chunk.axi_bits)});
    svg += box(load, "#fdf3e4", "Load engine", loads(chunk));
    svg += box(store, "#fdf3e4", "Store engine", {"bursts"});
    svg += box(control, "#f1edf8", "Control", {"jobs, slots,", "AXI4-Lite CSR"});
    svg += box(input, "#eaf5ee", "Input buffer", {fmt::format("{} lanes x {} x {} words", chunk.lanes(), chunk.input_slots, chunk.input_words), kibibytes(double(chunk.input_slots) * chunk.lanes() * chunk.input_words) + bankText(chunk.input_banks)});
    svg += box(weight, "#eaf5ee", "Weight buffer", slots(chunk.weight_slots, chunk.weight_words, chunk.weight_banks));
    svg += box(residual, "#eaf5ee", "Residual buffer", slots(chunk.output_slots, chunk.output_words, chunk.output_banks));
    svg += box(output, "#eaf5ee", "Output buffer", slots(chunk.output_slots, chunk.output_words, chunk.output_banks));
    svg += array(pes, chunk);
    svg += box(ppu, "#fbeceb", "Requantisation", {fmt::format("{} lanes, multipliers of {} bits", chunk.postLanes(), chunk.multiplier_bits)});
    svg += arrow(dram.right(), load.midY(), load.x, load.midY(), "read", 131, load.midY() - 6);
    svg += arrow(store.x, store.midY(), dram.right(), store.midY(), "write", 131, store.midY() - 6);
    svg += arrow(load.right(), load.midY(), input.x, load.midY());
    svg += fmt::format("<path d=\"M310 {0} V{1} M310 {1} V{2}\" fill=\"none\" stroke=\"{3}\" stroke-width=\"1.6\"/>\n", load.midY(), weight.midY(), residual.midY(), kInk);
    svg += arrow(310, weight.midY(), weight.x, weight.midY()) + arrow(310, residual.midY(), residual.x, residual.midY());
    svg += arrow(input.right(), input.midY(), pes.x, input.midY(), "align", 570, input.midY() - 6);
    svg += arrow(weight.right(), weight.midY(), pes.x, weight.midY(), "broadcast", 570, weight.midY() - 6);
    svg += arrow(pes.midX(), pes.bottom(), pes.midX(), ppu.y, chunk.columns_per_lane == 1 ? "one row a cycle" : fmt::format("one row in {} cycles", chunk.columns_per_lane), pes.midX() + 52, 317);
    svg += fmt::format("<path d=\"M{} {} H570 V{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>\n", residual.right(), residual.midY(), ppu.y + 18, kInk);
    svg += arrow(570, ppu.y + 18, ppu.x, ppu.y + 18) + arrow(ppu.x, output.bottom() - 16, output.right(), output.bottom() - 16);
    svg += arrow(output.x, store.midY(), store.right(), store.midY());
    svg += arrow(control.midX(), control.y, control.midX(), load.bottom()) + arrow(control.midX(), control.bottom(), control.midX(), store.y);
    return svg + "</svg>\n";
}

}  // namespace dna::flows::report
