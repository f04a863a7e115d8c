#include "verif/library/chip.h"

#include <fmt/format.h>

#include <regex>

#include "core/base/file.h"
#include "core/base/process.h"
#include "verif/scratch_files.h"

namespace dna::verif {

rtlgen::Chip chipWith(const design::Design& design, const Library& library, const std::vector<mapping::Descriptor>& rom) {
    rtlgen::Chip chip = rtlgen::emitChip(design, rom);
    for (const auto& [file, text] : library) chip.files[file] = text;
    return chip;
}

std::set<std::string> modulesOf(const rtlgen::Chip& chip, const std::filesystem::path& folder) {
    std::vector<std::string> command{"verilator", "--xml-only", "--xml-output", "chip.xml", "-Wno-fatal", "--top-module", chip.top};
    addFiles(chip, folder, command);
    base::runTool({.command = command, .folder = folder});
    const std::string xml = base::readFile(folder / "chip.xml");
    static const std::regex module("<module [^>]*origName=\"([^\"]+)\"");
    std::set<std::string> names;
    for (auto it = std::sregex_iterator(xml.begin(), xml.end(), module); it != std::sregex_iterator(); ++it) names.insert((*it)[1]);
    return names;
}

std::string describe(const design::Design& design) {
    const design::Chunk& chunk = design.chunk();
    return fmt::format("{} {}x{}", design::templateName(chunk.array), chunk.rows, chunk.cols);
}

}  // namespace dna::verif
