#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace dna::flows {

/// The folder given, as an absolute path, or a temporary one that goes with the object unless `keep` was called.
class WorkFolder {
public:
    WorkFolder(const std::string& name, const std::optional<std::filesystem::path>& wanted);
    ~WorkFolder();
    WorkFolder(const WorkFolder&) = delete;
    WorkFolder& operator=(const WorkFolder&) = delete;
    const std::filesystem::path& folder() const { return folder_; }
    void keep() { keep_ = true; }

private:
    std::filesystem::path folder_;
    bool temporary_, keep_ = false;
};

}  // namespace dna::flows
