#include "flows/platform.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/base/error.h"

namespace dna::flows {

/// Generated: the files of flows/platforms and flows/report.
const std::map<std::string, std::string_view>& resources();

namespace {

const std::string kFolder = "platforms/";

std::optional<CellPin> readCellPin(base::JsonObject& root, const char* key) {
    if (!root.has(key)) return std::nullopt;
    base::JsonObject object = root.object(key);
    CellPin out{object.text("cell"), object.text("pin")};
    object.close();
    return out;
}

BufferCell readBuffer(base::JsonObject object) {
    BufferCell buffer;
    buffer.cell = object.text("cell");
    buffer.input = object.text("input");
    buffer.output = object.text("output");
    buffer.max_load_pf = object.number("max_load_pf", 1e-6, 1000);
    buffer.max_port_load_pf = object.number("max_port_load_pf", 1e-6, 1000);
    object.close();
    return buffer;
}

PlatformMacros readMacros(base::JsonObject object) {
    PlatformMacros macros;
    macros.folder = object.text("folder");
    macros.names = object.texts("names");
    macros.clock = object.text("clock");
    macros.enable = object.text("enable");
    macros.write = object.text("write");
    macros.mask = object.text("mask");
    macros.address = object.text("address");
    macros.data_in = object.text("data_in");
    macros.data_out = object.text("data_out");
    object.close();
    return macros;
}

OrfsSettings readOrfs(base::JsonObject object) {
    OrfsSettings orfs;
    orfs.platform = object.text("platform");
    orfs.core_utilization = object.number("core_utilization", 1, 100);
    orfs.place_density_addon = object.number("place_density_addon", 0, 1);
    orfs.macro_lef_folder = object.text("macro_lef_folder", "");
    object.close();
    return orfs;
}

void readMemory(base::JsonObject& root, Platform& platform) {
    if (root.has("memory")) {
        base::JsonObject memory = root.object("memory");
        platform.memory_law = costmodel::readMemorySource(memory);
        base::JsonObject timing = root.object("memory_timing");
        platform.memory_clock_to_output_ns = timing.number("clock_to_output_ns", 0, 1000);
        platform.memory_setup_ns = timing.number("setup_ns", 0, 1000);
        timing.close();
    }
    if (root.has("macros")) platform.macros = readMacros(root.object("macros"));
    if (!root.has("memory") && !root.has("macros")) root.problem("memory", "is missing, and so is \"macros\"");
    platform.memory_note = root.text("memory_note");
}

Platform readPlatform(base::JsonDocument document) {
    base::JsonObject& root = document.root();
    Platform platform;
    platform.name = root.text("name");
    platform.title = root.text("title");
    platform.corner = root.text("corner");
    platform.node_nm = root.number("node_nm", 1, 10000);
    platform.voltage = root.number("voltage", 0.1, 10);
    platform.folder = root.text("folder", "");
    platform.package = root.text("package", "");
    platform.pdk_folder = root.text("pdk_folder", "");
    platform.liberty = root.text("liberty");
    platform.dont_use = root.texts("dont_use");
    platform.tie_high = readCellPin(root, "tie_high");
    platform.tie_low = readCellPin(root, "tie_low");
    platform.buffer = readBuffer(root.object("buffer"));
    platform.input_slew_ns = root.number("input_slew_ns", 0, 100);
    platform.clock_mhz = root.number("clock_mhz", 0.001, 100000);
    platform.dram = root.text("dram");
    readMemory(root, platform);
    if (root.has("orfs")) platform.orfs = readOrfs(root.object("orfs"));
    document.finish();
    return platform;
}

/// ../shared/pdk beside a folder or one of its parents; empty when there is none.
std::filesystem::path sharedPdkBeside(std::filesystem::path folder) {
    std::error_code ignored;
    for (; folder.has_relative_path(); folder = folder.parent_path()) {
        const std::filesystem::path candidate = folder.parent_path() / "shared" / "pdk";
        if (std::filesystem::is_directory(candidate, ignored)) return candidate;
    }
    return {};
}

/// Size, energies and leakage of one macro from its Liberty file.
costmodel::MemoryMacro macroOf(const std::string& name, const LibertyGroup& group, const Library& library,
                               const PlatformMacros& pins) {
    const auto found = library.cells.find(name);
    if (found == library.cells.end()) throw base::InputError(name + ".lib", "", "holds no cell " + name);
    costmodel::MemoryMacro macro{.name = name};
    for (const LibertyGroup& cell : group.groups) {
        if (cell.name != "cell") continue;
        for (const LibertyGroup& child : cell.groups) {
            if (child.name != "memory") continue;
            macro.bits = std::atoi(child.value("word_width").c_str());
            macro.words = 1 << std::min(std::atoi(child.value("address_width").c_str()), 24);
        }
    }
    // fakeram45_WORDSxBITS: the name is exact where the number of words is no power of two.
    const size_t x = name.rfind('x'), underscore = name.rfind('_');
    if (x != std::string::npos && underscore != std::string::npos && underscore < x)
        macro.words = std::max(std::atoi(name.c_str() + underscore + 1), 1);
    if (macro.bits < 1) throw base::InputError(name + ".lib", "", "states no memory word width");
    macro.area_um2 = found->second.area_um2;
    macro.leakage_mw = found->second.leakage_nw * 1e-6;
    const LibraryPin* clock = found->second.pin(pins.clock);
    if (!clock || clock->energies.empty())
        throw base::InputError(name + ".lib", "", "has no energy on its clock pin " + pins.clock);
    // The energy of an access stands on the rising clock edge.
    macro.read_pj = macro.write_pj = clock->energies.front().rise.at(0, 0);
    return macro;
}

}  // namespace

std::vector<std::string> platformNames() {
    std::vector<std::string> names;
    for (const auto& [file, text] : resources())
        if (file.rfind(kFolder, 0) == 0) names.push_back(file.substr(kFolder.size(), file.rfind(".json") - kFolder.size()));
    return names;
}

Platform builtinPlatform(const std::string& name) {
    const auto found = resources().find(kFolder + name + ".json");
    if (found != resources().end())
        return readPlatform(base::JsonDocument::parse(found->second, "platform " + name, "platform"));
    const std::vector<std::string> names = platformNames();
    const std::string near = base::nearest(name, names);
    throw base::InputError("--platform", "", fmt::format("there is no platform \"{}\"{}; known: {}", name,
                                                         near.empty() ? "" : fmt::format(", did you mean \"{}\"", near),
                                                         fmt::join(names, ", ")));
}

std::filesystem::path findPdkRoot(const std::optional<std::filesystem::path>& option) {
    if (option) return *option;
    if (const char* variable = std::getenv("DNA_PDK_ROOT"); variable && *variable) return variable;
    std::error_code ignored;
    const std::filesystem::path here = sharedPdkBeside(std::filesystem::current_path(ignored));
    return here.empty() ? sharedPdkBeside(std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path()) : here;
}

std::filesystem::path platformFolder(const Platform& platform, const std::optional<std::filesystem::path>& pdk_root) {
    std::error_code ignored;
    if (!platform.folder.empty()) {
        if (std::filesystem::is_directory(platform.folder, ignored)) return platform.folder;
        throw base::ToolError(fmt::format("platform {} is not installed ({} is not there); install it with: apt-get install {}",
                                          platform.name, platform.folder, platform.package));
    }
    const std::filesystem::path root = findPdkRoot(pdk_root);
    if (root.empty())
        throw base::InputError("--pdk-root", "",
                               fmt::format("platform {} needs open PDK data: give the folder that holds \"{}\" by --pdk-root "
                                           "or the environment variable DNA_PDK_ROOT",
                                           platform.name, platform.pdk_folder));
    const std::filesystem::path folder = root / platform.pdk_folder;
    if (!std::filesystem::is_directory(folder, ignored))
        throw base::InputError("--pdk-root", "", fmt::format("{} holds no folder \"{}\"", root.string(), platform.pdk_folder));
    return folder;
}

PreparedPlatform preparePlatform(const Platform& platform, const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / platform.liberty;
    PreparedPlatform out;
    out.complete_liberty = readMaybePacked(file);
    const LibertyGroup group = parseLiberty(out.complete_liberty, file.string());
    out.library = libraryOf(group, file.string());
    out.synthesis_liberty = withoutCells(out.complete_liberty, group, platform.dont_use);
    if (!platform.macros) {
        out.memory = *platform.memory_law;
        return out;
    }
    out.memory.kind = "macros";
    for (const std::string& name : platform.macros->names) {
        const std::filesystem::path macro_file = folder / platform.macros->folder / (name + ".lib");
        const std::string& text = out.macro_liberty[name] = readMaybePacked(macro_file);
        const LibertyGroup macro = parseLiberty(text, macro_file.string());
        out.memory.macros.push_back(macroOf(name, macro, libraryOf(macro, macro_file.string()), *platform.macros));
    }
    return out;
}

}  // namespace dna::flows
