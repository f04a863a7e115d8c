#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace dna::flows {

/// The folder given, or a temporary one that goes with the object unless `keep` was called.
class ScratchFolder {
public:
    ScratchFolder(const std::string& name, const std::optional<std::filesystem::path>& wanted);
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& folder() const { return folder_; }
    void keep() { keep_ = true; }

private:
    std::filesystem::path folder_;
    bool temporary_, keep_ = false;
};

}  // namespace dna::flows
