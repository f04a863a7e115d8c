#include "verif/scratch_files.h"

#include <fstream>

#include "core/base/error.h"
#include "core/base/file.h"

namespace dna::verif {

namespace fs = std::filesystem;

void writeScratch(const fs::path& file, const std::string& text) {
    std::ofstream out(file, std::ios::binary);
    out << text;
    if (!out.flush()) throw base::ToolError("can't write " + file.string());
}

void addFiles(const rtlgen::Chip& chip, const fs::path& folder, std::vector<std::string>& command) {
    base::makeFolder(folder / "rtl");
    for (const std::string& file : chip.order) {
        writeScratch(folder / file, chip.files.at(file));
        command.push_back(file);
    }
}

}  // namespace dna::verif
