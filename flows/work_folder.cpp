#include "flows/work_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include "core/base/file.h"

namespace dna::flows {

namespace fs = std::filesystem;

WorkFolder::WorkFolder(const std::string& name, const std::optional<fs::path>& wanted)
    : folder_(fs::absolute(wanted.value_or(fs::temp_directory_path() / fmt::format("{}-{}", name, ::getpid())))),
      temporary_(!wanted) {
    base::makeFolder(folder_);
}

WorkFolder::~WorkFolder() {
    std::error_code ignored;
    if (temporary_ && !keep_) fs::remove_all(folder_, ignored);
}

}  // namespace dna::flows
