#include "flows/bench/nests.h"

#include <cctype>
#include <sstream>

#include "core/base/error.h"

namespace dna::flows {
namespace {

using namespace costmodel::loopnest;

/// "P8 | P7 Q14 C16y M16x | Q4 S3 R3": loops of the levels outer to inner; x and y are spatial. The layer's bounds are
/// the products.
BenchNest nest(const std::string& name, const std::string& text, int64_t stride = 1) {
    BenchNest out;
    out.problem.name = name;
    out.problem.stride_p = out.problem.stride_q = stride;
    out.mapping.levels.emplace_back();
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (word == "|") {
            out.mapping.levels.emplace_back();
            continue;
        }
        Loop loop;
        loop.dim = static_cast<Dim>(kDimNames.find(word[0]));
        if (word.back() == 'x') loop.kind = LoopKind::SpatialX;
        if (word.back() == 'y') loop.kind = LoopKind::SpatialY;
        loop.bound = std::stoll(word.substr(1));
        out.problem.bounds[index(loop.dim)] *= loop.bound;
        out.mapping.levels.back().loops.push_back(loop);
    }
    DNA_CHECK(defects(out.problem, benchArchitecture(), out.mapping).empty(), name);
    return out;
}

}  // namespace

Architecture benchArchitecture() {
    Architecture out;
    out.name = "bench";
    MemoryLevel dram{
        .name = "DRAM", .kind = "dram", .read_bandwidth = 8, .write_bandwidth = 8, .energy = {128, 128, 128}};
    MemoryLevel buffer{.name = "GLB", .kind = "global_buffer", .capacity_words = 65536, .energy = {4.5, 3.5, 3.5}};
    buffer.read_bandwidth = buffer.write_bandwidth = 32;
    MemoryLevel registers{.name = "RF", .capacity_words = 128, .mesh_x = 16, .mesh_y = 16, .energy = {1.2, 1.1, 1.1}};
    registers.read_bandwidth = registers.write_bandwidth = 4;
    out.levels = {dram, buffer, registers};
    out.constraints.resize(3);
    for (const int l : {0, 2}) out.constraints[l].spatial_x.fill(false), out.constraints[l].spatial_y.fill(false);
    out.mac_mesh_x = out.mac_mesh_y = 16;
    out.mac_energy_pj = 0.56;
    return out;
}

std::vector<BenchNest> benchNests() {
    return {nest("pointwise", "P4 M4 | P7 Q7 C16y M8x | M4 C4 Q4"),
            nest("conv3x3", "P7 M2 | C8 Q28 S3 C4y P4y M16x | M2 C2 R3"),
            nest("conv3x3_stride2", "P8 | P7 Q14 C16y M16x | Q4 S3 R3", 2),
            nest("conv3x3_rows_spread", "M2 | M8 C16 R3y P14x | Q14 S3"),
            nest("conv3x3_forwarding", "M8 C4 | C4 R3 P7x M2x Q4y | Q4 S3 M2"),
            nest("conv7x7_stride2", "P16 M2 | P7 M2 Q28 S7 C3y M16x | Q4 R7", 2),
            nest("depthwise", "G16 | P28 Q4 G16x | Q7 S3 R3"),
            nest("fully_connected", "M8 C4 | M8 C16y M16x | C8")};
}

}  // namespace dna::flows
